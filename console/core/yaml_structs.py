"""YAML files as the structs that they stand for; what does not fit is said with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec.inspect import ListType, StructType, Type, UnionType, type_info

from console.core.texts import tr
from console.core.yaml_files import Document, YamlError, parse

S = TypeVar("S", bound=msgspec.Struct)

_KINDS = {
    "str": "a text, in quotes where it looks like something else",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "names with values",
    "null": "nothing",
}
_PLACE = re.compile(r" - at `(?P<path>[^`]*)`$")
_EXPECTED = re.compile(r"Expected `(?P<kinds>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")
_NO_CHOICE = re.compile(r"Invalid enum value '?(?P<value>[^']*)'?")


class StructError(Exception):
    """Everything that is wrong with a file: lines from 1, with a sentence for each."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__(" ".join(text for _, text in problems))
        self.problems = list(problems)


def read_struct(text: str, kind: type[S]) -> tuple[S, Document]:
    """The file as `kind`, and where each part of it stands. Raises StructError."""
    try:
        document = parse(text)
    except YamlError as error:
        raise StructError([(error.line, error.text)]) from None
    if document.value is None:
        document.value = {}
    if unknown := list(_unknown(document, document.value, type_info(kind), "$")):
        raise StructError(unknown)
    try:
        return msgspec.convert(document.value, kind), document
    except msgspec.ValidationError as error:
        raise StructError([_said(str(error), document)]) from None


def _unknown(document: Document, value: object, kind: Type, path: str) -> Iterator[tuple[int, str]]:
    if isinstance(kind, UnionType):
        for one in kind.types:
            yield from _unknown(document, value, one, path)
    elif isinstance(kind, ListType) and isinstance(value, list):
        for n, item in enumerate(value):
            yield from _unknown(document, item, kind.item_type, f"{path}[{n}]")
    elif isinstance(kind, StructType) and isinstance(value, dict):
        fields = {one.encode_name: one.type for one in kind.fields}
        for name, item in value.items():
            place = f"{path}.{name}"
            if name in fields:
                yield from _unknown(document, item, fields[name], place)
            else:
                yield document.line(place), _unknown_name(name, list(fields))


def _unknown_name(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return tr("“{name}” is not known here. Did you mean {near}?", name=name[:40], near=near[0])
    return tr("“{name}” is not known here. There are: {names}.", name=name[:40], names=", ".join(known))


def _said(message: str, document: Document) -> tuple[int, str]:
    found = _PLACE.search(message)
    path = found["path"] if found else "$"
    return document.line(path), _sentence(message, path.removeprefix("$").removeprefix("."))


def _sentence(message: str, place: str) -> str:
    if missing := _MISSING.search(message):
        return tr("“{name}” is missing here.", name=missing["name"])
    if no_choice := _NO_CHOICE.search(message):
        return tr("{place} cannot be “{value}”.", place=place, value=no_choice["value"][:40])
    kinds = expected["kinds"].split(" | ") if (expected := _EXPECTED.search(message)) else []
    wanted = tr(" or ").join(tr(_KINDS[kind]) for kind in kinds if kind in _KINDS and kind != "null")
    if not wanted:
        return tr("{place} cannot be this: {why}.", place=place, why=message)
    if not place:
        return tr("The file has to hold names with values, such as “name: ...”.")
    return tr("{place} takes {kind}.", place=place, kind=wanted)
