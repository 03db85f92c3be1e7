"""Completing a query (`contract.query`) while it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend_lite.contract.query_nodes import TEXT_KINDS, Field, FieldKind, Pattern, by_name, format_pattern

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(<=|>=|[:<>=])")
_PLAIN = re.compile(r'[^\s()",*]+')


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` could stand instead of the characters `start` to `end`; `help` says what it means."""

    start: int
    end: int
    text: str
    help: str = ""


def complete(
    text: str, cursor: int, fields: Iterable[Field], known: Mapping[str, Iterable[str]] | None = None
) -> list[Completion]:
    """What the word at the cursor could become: names of fields, or words of the field in front of it.

    `known` are values that are there now, by field: the tags of the fleet, say.
    """
    start = _word_start(text, cursor)
    typed = text[start:cursor]
    names = by_name(fields)
    found = _FIELD.match(typed)
    if found is None:
        named = dict.fromkeys(f for name, f in names.items() if name.startswith(typed.lower()))
        return [Completion(start, cursor, field.name + _sign(field), field.help) for field in named]
    field = names.get(found[1].lower())
    if field is None or field.kind not in TEXT_KINDS:
        return []
    begun = max(found.end(), typed.rfind(",") + 1)
    prefix = typed[begun:].strip('"').casefold()
    words = dict.fromkeys([*field.words, *(known or {}).get(field.name, ())])
    return [
        Completion(start + begun, cursor, _quoted(word))
        for word in words
        if word.casefold().startswith(prefix) and word.casefold() != prefix
    ]


def _sign(field: Field) -> str:
    if field.kind in TEXT_KINDS or field.kind is FieldKind.NUMBER:
        return ":"
    return "<" if field.kind is FieldKind.AGE else ">"


def _word_start(text: str, cursor: int) -> int:
    """Where the word begins that the cursor is in or behind; spaces in quotes are part of it."""
    start, quoted = 0, False
    for place, character in enumerate(text[:cursor]):
        if character == '"':
            quoted = not quoted
        elif not quoted and (character.isspace() or character in "()" or (character, place) == ("-", start)):
            start = place + 1
    return start


def _quoted(word: str) -> str:
    return word if _PLAIN.fullmatch(word) else format_pattern(Pattern(word, exact=True))
