"""The commands of shell and PowerShell scripts, from their syntax trees: comments and texts are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice

from tree_sitter import Language, Node, Parser

from backend_lite.features.library.finding_words import Command, program, unquoted, without_prefix

Names = tuple[str, ...]
_LONGEST = 2000
_MOST_WORDS = 200
_MOST_BEFORE = 8
_NO_WORDS = frozenset({"variable_assignment", "file_redirect", "herestring_redirect"})


@cache
def parser_of(language: str) -> Parser:
    """For bash, powershell or python."""
    import tree_sitter_bash
    import tree_sitter_powershell
    import tree_sitter_python

    grammars = {"bash": tree_sitter_bash, "powershell": tree_sitter_powershell, "python": tree_sitter_python}
    return Parser(Language(grammars[language].language()))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text; however deep."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(one.children))


class Source:
    """A script and its tree. Texts are cut: what is nested would be copied once for each of its layers."""

    def __init__(self, language: str, content: str) -> None:
        self._raw = content.encode()
        self.root = Parser(parser_of(language).language).parse(self._raw).root_node

    def text(self, node: Node) -> str:
        end = min(node.end_byte, node.start_byte + _LONGEST)
        return self._raw[node.start_byte : end].decode(errors="replace")


def line_of(node: Node) -> int:
    return node.start_point[0] + 1


def shell_commands(content: str) -> list[Command]:
    source = Source("bash", content)
    before: dict[int, Names] = {}
    found: list[Command] = []
    for node in walk(source.root):
        if node.type == "pipeline":
            parts = [_first_command(part) for part in node.named_children]
            before |= _piped(
                [part for part in parts if part is not None], lambda one: _shell_name(source, one)
            )
        elif node.type == "command" and (words := _shell_words(source, node)):
            name, *rest = words
            found.append(
                Command(program(name), tuple(rest), source.text(node), line_of(node), before.get(node.id, ()))
            )
    return found


def _first_command(part: Node) -> Node | None:
    """What a part of a pipeline runs, without its redirections."""
    while part.type == "redirected_statement" and part.named_children:
        part = part.named_children[0]
    return part if part.type == "command" else None


def _shell_words(source: Source, node: Node) -> list[str]:
    children = (child for child in islice(node.named_children, _MOST_WORDS) if child.type not in _NO_WORDS)
    return without_prefix([unquoted(source.text(child)) for child in children])


def _shell_name(source: Source, node: Node) -> str:
    words = _shell_words(source, node)
    return program(words[0]) if words else ""


def _piped(parts: Sequence[Node], name_of: Callable[[Node], str]) -> dict[int, Names]:
    """By node, the names of the parts in front of it."""
    found: dict[int, Names] = {}
    names: Names = ()
    for part in parts:
        found[part.id] = names
        names = (*names, name_of(part))[-_MOST_BEFORE:]
    return found


def powershell_commands(content: str) -> list[Command]:
    """Also calls of methods, by the name of the method: `.downloadstring`."""
    source = Source("powershell", content)
    before: dict[int, Names] = {}
    found: list[Command] = []
    for node in walk(source.root):
        if node.type == "pipeline_chain":
            before |= _piped(node.named_children, lambda one: _powershell_name(source, one))
        elif node.type == "command" and (name := _powershell_name(source, node)):
            words = tuple(unquoted(source.text(one)) for one in _elements(node))
            found.append(Command(name, words, source.text(node), line_of(node), before.get(node.id, ())))
        elif node.type == "invokation_expression":
            found.append(Command(_powershell_name(source, node), (), source.text(node), line_of(node)))
    return found


def _powershell_name(source: Source, part: Node) -> str:
    """The name of a command, or of the method in an expression."""
    for node in islice(walk(part), _MOST_WORDS):
        if node.type == "command":
            name = node.child_by_field_name("command_name")
            return program(source.text(name)) if name is not None else ""
        if node.type == "invokation_expression":
            members = (one for one in node.named_children if one.type == "member_name")
            return "." + "".join(source.text(one).lower() for one in members)
    return ""


def _elements(node: Node) -> list[Node]:
    elements = node.child_by_field_name("command_elements")
    children = elements.named_children if elements is not None else []
    return [child for child in islice(children, _MOST_WORDS) if child.type != "command_argument_sep"]
