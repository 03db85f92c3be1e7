"""The commands of batch files: cmd.exe has no grammar, only lines."""

from __future__ import annotations

import re
from itertools import islice

from backend_lite.features.library.finding_words import Command, program, unquoted

_WORD = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_JOINT = re.compile(r'("[^"]*"?)|(\|\||&&|[&|()])')
_COMMENT = re.compile(r"rem\b|:", re.IGNORECASE)
_MOST_WORDS = 50
_LONGEST = 2000
_MOST_BEFORE = 8
_LEADING = frozenset({"if", "for", "else", "call", "start", "cmd", "do"})


def cmd_commands(content: str) -> list[Command]:
    found: list[Command] = []
    for line, text in _lines(content):
        before: tuple[str, ...] = ()
        for part, joint in _parts(text):
            commands = _commands(part, line, before)
            found.extend(commands)
            names = (*before, *(command.name for command in commands))
            before = names[-_MOST_BEFORE:] if joint == "|" else ()
    return found


def _lines(content: str) -> list[tuple[int, str]]:
    """(number, text) of the lines that are no comments; a `^` at the end joins the next one."""
    found: list[tuple[int, str]] = []
    begun: tuple[int, str] | None = None
    for number, raw in enumerate(content.splitlines(), 1):
        start, text = begun or (number, "")
        text += raw
        if text.endswith("^"):
            begun = (start, text[:-1])
            continue
        begun = None
        if not _COMMENT.match(text.lstrip(" \t@")):
            found.append((start, text))
    return [*found, begun] if begun else found


def _parts(text: str) -> list[tuple[str, str]]:
    """(command, what joins it to the next one)."""
    parts: list[tuple[str, str]] = []
    start = 0
    for joint in _JOINT.finditer(text):
        if joint[2]:
            parts.append((text[start : joint.start()], joint[2]))
            start = joint.end()
    return [*parts, (text[start:], "")]


def _commands(part: str, line: int, before: tuple[str, ...]) -> list[Command]:
    words = [word[0] for word in islice(_WORD.finditer(part.strip().lstrip("@")), _MOST_WORDS)]
    if not words:
        return []
    found = [_command(words, part, line, before)]
    if found[0].name in _LEADING:
        # Where the command behind `if exist x` or `for ... do` begins is anybody's guess.
        found += [_command(words[at:], part, line, before) for at in range(1, len(words))]
    return found


def _command(words: list[str], part: str, line: int, before: tuple[str, ...]) -> Command:
    return Command(program(words[0]), tuple(map(unquoted, words[1:])), part.strip()[:_LONGEST], line, before)
