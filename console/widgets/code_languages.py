"""What the editor knows about each script language: its grammar, what is highlighted, how it comments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from backend_lite.contract.library import Language

if TYPE_CHECKING:
    import tree_sitter

Span = tuple[int, int, str]
"""(start, end, style) in UTF-16 units of one line."""


@dataclass(frozen=True)
class CodeLanguage:
    """`patterns` is a tree-sitter query whose captures are styles; `keywords` are anonymous nodes of the
    grammar. A language without a grammar is highlighted line by line."""

    comment: str
    grammar: Callable[[], object] | None = None
    patterns: str = ""
    keywords: tuple[str, ...] = ()


def _powershell() -> object:
    import tree_sitter_powershell

    return tree_sitter_powershell.language()


def _bash() -> object:
    import tree_sitter_bash

    return tree_sitter_bash.language()


def _python() -> object:
    import tree_sitter_python

    return tree_sitter_python.language()


_POWERSHELL = CodeLanguage(
    "#",
    _powershell,
    """
    (comment) @comment
    (string_literal) @string
    (integer_literal) @number
    (real_literal) @number
    (variable) @variable
    (command_name) @command
    (function_name) @command
    (command_parameter) @parameter
    (type_literal) @type
    (attribute) @type
    """,
    (
        *("param", "function", "filter", "class", "enum", "begin", "process", "end", "return", "exit"),
        *("if", "else", "elseif", "switch", "foreach", "for", "while", "do", "until", "in", "break"),
        *("continue", "try", "catch", "finally", "throw", "trap", "data", "using", "workflow"),
    ),
)

_BASH = CodeLanguage(
    "#",
    _bash,
    """
    (comment) @comment
    [(string) (raw_string) (ansi_c_string) (heredoc_body) (heredoc_start) (heredoc_end)] @string
    (number) @number
    (command_name) @command
    (function_definition name: (word) @command)
    (variable_name) @variable
    (simple_expansion) @variable
    (special_variable_name) @variable
    """,
    (
        *("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in"),
        *("function", "select", "local", "declare", "export", "readonly", "typeset", "unset"),
    ),
)

_PYTHON = CodeLanguage(
    "#",
    _python,
    """
    (comment) @comment
    (string) @string
    (interpolation) @plain
    [(integer) (float)] @number
    [(true) (false) (none)] @number
    (decorator) @type
    (type) @type
    (function_definition name: (identifier) @command)
    (class_definition name: (identifier) @type)
    (call function: (identifier) @command)
    (call function: (attribute attribute: (identifier) @command))
    """,
    (
        *("def", "class", "return", "if", "elif", "else", "for", "while", "in", "not", "and", "or", "is"),
        *("import", "from", "as", "try", "except", "finally", "raise", "with", "lambda", "yield", "async"),
        *("await", "pass", "break", "continue", "global", "nonlocal", "assert", "del", "match", "case"),
    ),
)

LANGUAGES: dict[str, CodeLanguage] = {
    Language.POWERSHELL: _POWERSHELL,
    Language.BASH: _BASH,
    Language.SH: _BASH,
    Language.CMD: CodeLanguage("rem"),
    Language.PYTHON: _PYTHON,
}


@cache
def parser_and_query(name: str) -> tuple[tree_sitter.Parser, tree_sitter.Query] | None:
    """Made when a script of that language is first opened; None for a language without a grammar."""
    import tree_sitter

    language = LANGUAGES[name]
    if language.grammar is None:
        return None
    grammar = tree_sitter.Language(language.grammar())
    known = [word for word in language.keywords if grammar.id_for_node_kind(word, False)]
    keywords = " ".join(f'"{word}"' for word in known)
    query = tree_sitter.Query(grammar, f"{language.patterns}\n[{keywords}] @keyword")
    return tree_sitter.Parser(grammar), query


_CMD = re.compile(
    r"""
    (?P<comment>^\s*@?(?:rem\b|::).*)
    |(?P<string>"[^"\n]*"?)
    |(?P<type>^\s*:[^\s:]\S*)
    |(?P<variable>%%~?\w+|%~?\w*\d|%\*|%[^%\s]+%|![^!\s]+!)
    |(?P<keyword>\b(?:if|else|not|exist|defined|errorlevel|for|in|do|goto|call|set|setlocal|endlocal|exit
        |shift|pause|equ|neq|lss|leq|gtr|geq)\b)
    |(?P<number>\b\d+\b)
    |(?P<command>(?:^|[&|(]|(?<=\bdo)\s)\s*@?(?P<name>(?!(?:if|for|goto|call|set|exit|rem)\b)[a-z][\w.-]*))
    """,
    re.IGNORECASE | re.VERBOSE,
)


def cmd_spans(line: str) -> list[Span]:
    """The spans of one line of a cmd script: its grammar is a matter of single lines."""
    spans: list[Span] = []
    for match in _CMD.finditer(line):
        style = match.lastgroup or ""
        group = "name" if style in ("command", "name") else style
        spans.append((match.start(group), match.end(group), "command" if group == "name" else style))
    return spans
