"""The query language of boxes, saved views, groups, targets and the API: its one parser.

    os:windows status:online seen<5m tag:lab,office cpu>80 "7-Zip" -tag:old (host:web* or host:db*)

Words and "phrases" are searched in all labels. `field:value` compares: a text has to hold the value, a word
or tag to be equal to it; `=` means the whole text. `*` stands for anything, outside of quotes; commas part
several values. Numbers, sizes (`8GB`) and lengths of time (`5m`, `2h`, `3d`) take `<`, `<=`, `>` and `>=`;
`seen<5m` is "seen less than 5 minutes ago". Terms side by side must all be true; `or`, `not` (or `-`) and
parentheses do the rest. What has no value matches nothing, `field:*` whatever has one. Case does not matter.

A query becomes a tree of frozen nodes whose `parse(format_query(node), fields) == node`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from backend_lite.contract.query_complete import Completion, complete
from backend_lite.contract.query_match import matcher, matches
from backend_lite.contract.query_nodes import (
    TEXT_KINDS,
    And,
    Field,
    FieldKind,
    Match,
    NeedsServiceError,
    Node,
    Not,
    Number,
    Or,
    Pattern,
    Search,
    Value,
    ValueOf,
    all_of,
    any_of,
    by_name,
    fields_of,
    format_query,
    needs_service,
    text_test,
)

__all__ = [
    "MAX_QUERY",
    "And",
    "Completion",
    "Field",
    "FieldKind",
    "Match",
    "NeedsServiceError",
    "Node",
    "Not",
    "Number",
    "Or",
    "Pattern",
    "QueryError",
    "Search",
    "Value",
    "ValueOf",
    "all_of",
    "any_of",
    "complete",
    "fields_of",
    "format_query",
    "matcher",
    "matches",
    "needs_service",
    "parse",
]

MAX_QUERY = 4000
MAX_TERMS = 200
_MAX_DEPTH = 40
_MAX_STARS = 8


class QueryError(ValueError):
    """The text cannot be understood; `message` says what would do, about the characters `start` to `end`."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end

    def sentence(self) -> str:
        """For who cannot see the place."""
        return f"{self.message} (At character {self.start + 1} of the query.)"


def parse(text: str, fields: Iterable[Field]) -> Node:
    """Raises QueryError; its positions lie within the text."""
    if len(text) > MAX_QUERY:
        raise QueryError(f"The query is too long: {MAX_QUERY} characters at most.", MAX_QUERY, len(text))
    if unstorable := _UNSTORABLE.search(text):
        raise QueryError("This character cannot be searched for.", *unstorable.span())
    return _Parser(text, by_name(fields)).parse()


class _Token(NamedTuple):
    """`kind` is one of `( ) - word phrase match or and not end`; `stop` is where its text ends."""

    kind: str
    start: int
    stop: int


_SPACE = re.compile(r"\s*")
_BARE = re.compile(r'[^\s()"]+')
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(<=|>=|[:<>=])")
_VALUE = re.compile(r'[^\s()",]+')
_NUMBER = re.compile(r"([+-]?)([0-9]{1,15}(?:\.[0-9]{1,6})?)([A-Za-z%]*)")
_ALONE = re.compile(r"\s|\)|\Z")
_KEYWORDS = frozenset({"or", "and", "not"})
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_ESCAPED = re.compile(r'\\(["\\])')


class _Parser:
    """Recursive descent; `_at` is where the next token begins."""

    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self._text = text
        self._fields = fields
        self._at = 0
        self._terms = 0

    def parse(self) -> Node:
        if self._peek().kind == "end":
            return And()
        node = self._any(0)
        token = self._peek()
        if token.kind == ")":
            raise QueryError("There is no ( for this ).", token.start, token.stop)
        return node

    def _any(self, depth: int) -> Node:
        nodes = [self._all(depth)]
        while self._peek().kind == "or":
            self._take()
            nodes.append(self._all(depth))
        return any_of(nodes)

    def _all(self, depth: int) -> Node:
        nodes = [self._one(depth)]
        while (kind := self._peek().kind) not in ("or", ")", "end"):
            if kind == "and":
                self._take()
            nodes.append(self._one(depth))
        return all_of(nodes)

    def _one(self, depth: int) -> Node:
        token = self._take()
        if depth > _MAX_DEPTH:
            raise QueryError("The query is nested too deeply.", token.start, token.stop)
        if token.kind in ("-", "not"):
            return Not(self._one(depth + 1))
        if token.kind == "(":
            return self._group(token, depth)
        if token.kind in (")", "or", "and", "end"):
            raise self._missing(token)
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise QueryError(f"A query can have {MAX_TERMS} terms at most.", token.start, token.stop)
        if token.kind == "match":
            return self._match(token)
        return Search(self._pattern(token))

    def _group(self, opened: _Token, depth: int) -> Node:
        node = self._any(depth + 1)
        if self._peek().kind != ")":
            raise QueryError("This ( is never closed: put a ) behind its end.", opened.start, opened.stop)
        self._take()
        return node

    def _missing(self, token: _Token) -> QueryError:
        start, stop = token.start, token.stop
        if token.kind == "end":
            return QueryError("Something is missing at the end: add what to look for.", start, stop)
        if token.kind == ")":
            return QueryError("Something is missing in front of this ).", start, stop)
        word = self._text[start:stop]
        return QueryError(f'"{word}" joins two terms: to search for the word, put it in quotes.', start, stop)

    def _match(self, token: _Token) -> Match:
        found = _FIELD.match(self._text, token.start)
        assert found is not None
        field = self._fields.get(found[1].lower())
        if field is None:
            raise self._unknown_field(found[1], token)
        self._refuse_order(field, found[2], token.start, token.stop)
        values = [self._value(field, found[2])]
        while self._text.startswith(",", self._at):
            self._at += 1
            values.append(self._value(field, found[2]))
        if len(values) > 1 and found[2] not in ":=":
            raise QueryError(f"Compare {field.name} with one number only.", token.start, self._at)
        self._terms += len(values) - 1
        if self._terms > MAX_TERMS:
            raise QueryError(f"A query can have {MAX_TERMS} terms at most.", token.start, self._at)
        return Match(field.name, field.kind, found[2], tuple(values))

    def _unknown_field(self, name: str, token: _Token) -> QueryError:
        near = difflib.get_close_matches(name.lower(), self._fields, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"There are {', '.join(_names(self._fields))}."
        quotes = "To search for the text itself, put it in quotes."
        return QueryError(f'There is no field "{_short(name)}". {meant} {quotes}', token.start, token.stop)

    def _refuse_order(self, field: Field, op: str, start: int, stop: int) -> None:
        if field.kind in TEXT_KINDS and op not in ":=":
            raise QueryError(f"{field.name} has no order: write {_example(field)}.", start, stop)

    def _value(self, field: Field, op: str) -> Pattern | Number:
        """The value at the current place. A phrase is a value too; spaces in front are not."""
        start = self._at
        quoted = _PHRASE.match(self._text, start)
        bare = _VALUE.match(self._text, start)
        if quoted:
            self._at = quoted.end()
            pattern = Pattern(_ESCAPED.sub(r"\1", quoted[1]), exact=True)
        elif bare:
            self._at = bare.end()
            pattern = self._with_stars(bare[0], start)
        elif self._text.startswith('"', start):
            raise self._open_phrase(start)
        else:
            message = f"Say what {field.name} should be, such as {_example(field)}."
            raise QueryError(message, *self._here(start))
        if field.kind in TEXT_KINDS:
            self._refuse_unknown_word(field, pattern, start)
        # Any value at all: the only text that something with a number can be compared with.
        elif pattern != Pattern("*") or op not in ":=":
            return self._number(field, op, pattern.text, start)
        return pattern

    def _refuse_unknown_word(self, field: Field, pattern: Pattern, start: int) -> None:
        if field.kind is not FieldKind.WORD:
            return
        fits = text_test(pattern, whole=True)
        if not any(fits(word.casefold()) for word in field.words):
            near = difflib.get_close_matches(pattern.text.lower(), field.words, n=1)
            meant = f"Did you mean {near[0]}?" if near else f"Use {', '.join(field.words)}."
            message = f'{field.name} is never "{_short(pattern.text)}". {meant}'
            raise QueryError(message, start, self._at)

    def _number(self, field: Field, op: str, text: str, start: int) -> Number:
        found = _NUMBER.fullmatch(text)
        factor = _UNITS[field.kind].get(found[3].lower()) if found else None
        if found is None or factor is None:
            wanted = f"{field.name} takes {_TAKES[field.kind]}, such as {_example(field)}"
            raise QueryError(f'"{_short(text)}" will not do: {wanted}.', start, self._at)
        if op in ":=" and field.kind is not FieldKind.NUMBER:
            # It is never equal to the second or the byte.
            raise QueryError(f"Compare {field.name} with < or >: {_example(field)}.", start, self._at)
        return Number(text, float(found[1] + found[2]) * factor)

    def _pattern(self, token: _Token) -> Pattern:
        text = self._text[token.start : token.stop]
        if token.kind == "phrase":
            return Pattern(_ESCAPED.sub(r"\1", text[1:-1]), exact=True)
        return self._with_stars(text, token.start)

    def _with_stars(self, text: str, start: int) -> Pattern:
        if text.count("*") > _MAX_STARS:
            message = f"A word can have {_MAX_STARS} * at most."
            raise QueryError(message, start, start + len(text))
        return Pattern(text)

    def _here(self, start: int) -> tuple[int, int]:
        """Something to point at, also behind the last character."""
        return max(0, min(start, len(self._text) - 1)), min(start + 1, len(self._text))

    def _open_phrase(self, start: int) -> QueryError:
        message = 'This " is never closed: put another " behind the phrase.'
        return QueryError(message, start, len(self._text))

    def _take(self) -> _Token:
        token = self._peek()
        self._at = token.stop
        return token

    def _peek(self) -> _Token:
        space = _SPACE.match(self._text, self._at)
        start = space.end() if space else self._at
        if start >= len(self._text):
            return _Token("end", *self._here(start))
        first = self._text[start]
        if first in "()":
            return _Token(first, start, start + 1)
        if first == "-" and not _ALONE.match(self._text, start + 1):
            return _Token("-", start, start + 1)
        if first == '"':
            phrase = _PHRASE.match(self._text, start)
            if phrase is None:
                raise self._open_phrase(start)
            return _Token("phrase", start, phrase.end())
        return self._bare(start)

    def _bare(self, start: int) -> _Token:
        field = _FIELD.match(self._text, start)
        if field:
            return _Token("match", start, field.end())
        word = _BARE.match(self._text, start)
        assert word is not None
        kind = word[0].lower() if word[0].lower() in _KEYWORDS else "word"
        return _Token(kind, start, word.end())


_TIMES = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZES = {"": 1.0, "b": 1.0, "kb": 2.0**10, "mb": 2.0**20, "gb": 2.0**30, "tb": 2.0**40}
_UNITS: dict[FieldKind, dict[str, float]] = {
    FieldKind.NUMBER: {"": 1.0},
    FieldKind.PERCENT: {"": 1.0, "%": 1.0},
    FieldKind.SIZE: _SIZES,
    FieldKind.DURATION: _TIMES,
    FieldKind.AGE: _TIMES,
}
_TAKES = {
    FieldKind.NUMBER: "a number",
    FieldKind.PERCENT: "a share in percent",
    FieldKind.SIZE: "a size in KB, MB, GB or TB",
    FieldKind.DURATION: "a length of time in s, m, h, d or w",
    FieldKind.AGE: "how long ago it was, in s, m, h, d or w",
}
_EXAMPLES = {
    FieldKind.NUMBER: ":3",
    FieldKind.PERCENT: ">80",
    FieldKind.SIZE: "<8GB",
    FieldKind.DURATION: ">2h",
    FieldKind.AGE: "<5m",
}


def _example(field: Field) -> str:
    if field.kind in TEXT_KINDS:
        return f"{field.name}:{field.words[0] if field.words else '...'}"
    return f"{field.name}{_EXAMPLES[field.kind]}"


def _names(fields: Mapping[str, Field]) -> list[str]:
    return list(dict.fromkeys(field.name for field in fields.values()))


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
