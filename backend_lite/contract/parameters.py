"""Typed parameters: what a script declares, and what a run gives.

A value travels as JSON: text and choice as a string, number, boolean; a secret as a string that is sealed to
each device when the rollout is made and never shown again; a file as a `FileValue` object.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

MAX_PARAMETERS = 100
MAX_PARAMETERS_BYTES = 64 << 10
"""Of all plain and secret values of one task together."""
MAX_FILES_BYTES = 512 << 10
"""Of all file parameters of one task together: they travel in the offer."""

MAX_TEXT = 32_000
"""Characters of one value that is not secret: it also becomes a variable of the environment."""
MAX_PARAMETER_NAME = 64

PlainValue = str | int | float | bool


class ParameterType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    FILE = "file"
    SECRET = "secret"  # noqa: S105


class ScriptParameter(Struct):
    """One declared parameter. `name` is an identifier; the script sees it as `DF_<NAME>` and in its file.

    `choices` are for CHOICE; `minimum`, `maximum` bound a NUMBER. Secrets and files have no default.
    """

    name: str
    type: ParameterType = ParameterType.TEXT
    label: str = ""
    description: str = ""
    required: bool = False
    default: PlainValue | None = None
    choices: list[str] = field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None


class FileValue(Struct):
    """A file given as a parameter: a plain name and its content in base64."""

    file_name: str
    content: str


ParameterValue = PlainValue | FileValue

_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{MAX_PARAMETER_NAME - 1}}}")
_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_LARGEST = 2**63 - 1
_LONGEST_FILE_NAME = 200
_LONGEST_TEXTS = {"label": 200, "description": 2000}
_KINDS = {
    ParameterType.TEXT: "a text",
    ParameterType.NUMBER: "a number",
    ParameterType.BOOLEAN: "yes or no (true or false)",
    ParameterType.CHOICE: "one of its choices",
    ParameterType.FILE: "a file",
    ParameterType.SECRET: "a text",
}


def definition_problems(
    definitions: Sequence[ScriptParameter], language: str | None = None
) -> dict[int, str]:
    """What is wrong with declared parameters: place in the list (from 0) -> a sentence.

    `language` is that of the script, where it is known.
    """
    found: dict[int, str] = {}
    seen: dict[str, str] = {}
    for place, one in enumerate(definitions):
        problem = _name_problem(one.name) or _declared_problem(one, language)
        if place >= MAX_PARAMETERS:
            problem = f"A script can have {MAX_PARAMETERS} parameters at most."
        elif one.name.upper() in seen:
            problem = _twin_problem(one.name, seen[one.name.upper()])
        seen.setdefault(one.name.upper(), one.name)
        if problem:
            found[place] = problem
    return found


def problems(definitions: Sequence[ScriptParameter], given: Mapping[str, ParameterValue]) -> dict[str, str]:
    """What is wrong with the values `given` for a run: name -> a sentence. Without definitions every plain
    value with a proper name will do."""
    declared = {one.name: one for one in definitions}
    found: dict[str, str] = {}
    for name, value in given.items():
        if not definitions:
            problem = _undeclared_problem(name, value, given)
        elif name not in declared:
            problem = _unknown_name(name, declared)
        else:
            problem = value_problem(declared[name], value)
        if problem:
            found[name] = problem
    for one in definitions:
        if one.required and one.default is None and given.get(one.name, "") == "":
            found.setdefault(one.name, f"{one.name} is needed: give {_KINDS[one.type]}.")
    return found or _too_large(given)


def value_problem(definition: ScriptParameter, value: ParameterValue) -> str:
    """The sentence why `value` will not do, or nothing."""
    kind, name = definition.type, definition.name
    if kind is ParameterType.FILE:
        return _file_problem(name, value)
    if kind is ParameterType.NUMBER:
        return _number_problem(definition, value)
    wanted = bool if kind is ParameterType.BOOLEAN else str
    if not isinstance(value, wanted):
        return f"{name} takes {_KINDS[kind]}."
    # An empty choice is none, as an empty field of a form is.
    if kind is ParameterType.CHOICE and value and value not in definition.choices:
        return f'"{_short(str(value))}" is not a choice of {name}: use {_one_of(definition.choices)}.'
    return _text_problem(name, value, secret=kind is ParameterType.SECRET) if isinstance(value, str) else ""


def file_name_problem(file_name: str) -> str:
    """The sentence why this cannot be the name of a file on every system, or nothing."""
    shown = _short(file_name)
    if not file_name.strip(". ") or file_name != file_name.strip() or file_name.endswith("."):
        return f'"{shown}" cannot be the name of a file.'
    if len(file_name.encode()) > _LONGEST_FILE_NAME:
        return f'The file name "{shown}" is too long: {_LONGEST_FILE_NAME} bytes at most.'
    if _NOT_IN_FILE_NAMES.search(file_name):
        return f'"{shown}" must be a plain file name, without a folder and without any of : * ? " < > |'
    if _RESERVED.fullmatch(file_name):
        return f'Windows keeps "{shown}" for itself: give the file another name.'
    return ""


def file_bytes(value: FileValue) -> bytes | None:
    """What is in the file; None where the content is no base64."""
    try:
        return base64.b64decode(value.content, validate=True)
    except (binascii.Error, ValueError):
        return None


def _name_problem(name: str) -> str:
    if _NAME.fullmatch(name):
        return ""
    if not name:
        return "A parameter needs a name."
    return (
        f'"{_short(name)}" cannot be the name of a parameter: use up to {MAX_PARAMETER_NAME} letters, digits '
        "and _, not beginning with a digit."
    )


def _twin_problem(name: str, other: str) -> str:
    if name == other:
        return f"There are two parameters {name}: give one of them another name."
    return f"{name} and {other} would be the same variable on Windows: give one of them another name."


def _declared_problem(one: ScriptParameter, language: str | None) -> str:
    if one.type is ParameterType.SECRET and language == "cmd":
        return (
            f"{one.name} cannot be a secret: a cmd script gets its parameters as variables of the "
            "environment, where others could read them. Write this script in PowerShell."
        )
    for what, limit in _LONGEST_TEXTS.items():
        if len(getattr(one, what)) > limit:
            return f"The {what} of {one.name} is too long: {limit} characters at most."
    return _choices_problem(one) or _bounds_problem(one) or _default_problem(one)


def _choices_problem(one: ScriptParameter) -> str:
    if one.type is not ParameterType.CHOICE:
        return f"{one.name} has choices but is no choice: remove them or change its type." * bool(one.choices)
    if not one.choices:
        return f"{one.name} needs at least one choice."
    if len(set(one.choices)) < len(one.choices) or not all(one.choices):
        return f"Each choice of {one.name} must be there once, and not empty."
    return next(filter(None, (_text_problem(one.name, choice, secret=False) for choice in one.choices)), "")


def _bounds_problem(one: ScriptParameter) -> str:
    bounds = [bound for bound in (one.minimum, one.maximum) if bound is not None]
    if bounds and one.type is not ParameterType.NUMBER:
        return f"{one.name} has a smallest or largest value but is no number: remove them or change its type."
    if not all(map(_storable, bounds)):
        return f"The smallest and largest value of {one.name} must be numbers."
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        return f"The smallest value of {one.name} is above its largest."
    return ""


def _default_problem(one: ScriptParameter) -> str:
    if one.default is None:
        return ""
    if one.type in (ParameterType.SECRET, ParameterType.FILE):
        return f"{one.name} cannot have a default: a {one.type.value} is given for each run."
    problem = value_problem(one, one.default)
    return f"The default of {one.name} will not do. {problem}" if problem else ""


def _undeclared_problem(name: str, value: ParameterValue, given: Mapping[str, ParameterValue]) -> str:
    if problem := _name_problem(name):
        return problem
    if len(given) > MAX_PARAMETERS:
        return f"At most {MAX_PARAMETERS} parameters can be given."
    twin = next(other for other in given if other.upper() == name.upper())
    if twin != name:
        return _twin_problem(name, twin)
    if isinstance(value, FileValue):
        return f"{name} cannot be a file: the script does not declare such a parameter."
    if isinstance(value, str):
        return _text_problem(name, value, secret=False)
    return "" if _storable(value) else f"The number of {name} is too large."


def _unknown_name(name: str, declared: Mapping[str, ScriptParameter]) -> str:
    folded = {other.casefold(): other for other in declared}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    meant = f"Did you mean {folded[near[0]]}?" if near else f"It has {', '.join(declared)}."
    return f'The script has no parameter "{_short(name)}". {meant}'


def _number_problem(definition: ScriptParameter, value: ParameterValue) -> str:
    name, low, high = definition.name, definition.minimum, definition.maximum
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} takes a number."
    if not _storable(value):
        return f"The number of {name} is too large."
    if low is not None and value < low:
        return f"{name} must be at least {low:g}; {value:g} is less."
    if high is not None and value > high:
        return f"{name} must be at most {high:g}; {value:g} is more."
    return ""


def _storable(value: float) -> bool:
    return -_LARGEST <= value <= _LARGEST if isinstance(value, int) else math.isfinite(value)


def _text_problem(name: str, text: str, *, secret: bool) -> str:
    if "\0" in text:
        return f"{name} holds a NUL character; type it again."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return f"{name} holds half a character; type it again."
    if not secret and len(text) > MAX_TEXT:
        return f"{name} has {len(text):,} characters; at most {MAX_TEXT:,} are allowed. Give it as a file."
    return ""


def _file_problem(name: str, value: ParameterValue) -> str:
    if not isinstance(value, FileValue):
        return f"{name} takes a file."
    if problem := file_name_problem(value.file_name):
        return problem
    content = file_bytes(value)
    if content is None:
        return f"The content of {name} is no valid base64: choose the file again."
    if len(content) > MAX_FILES_BYTES:
        return f"{value.file_name} has {len(content):,} bytes; at most {MAX_FILES_BYTES:,} are allowed."
    return ""


def _too_large(given: Mapping[str, ParameterValue]) -> dict[str, str]:
    """Said of the largest value, since something has to become smaller."""
    sizes = {name: len(str(v).encode()) for name, v in given.items() if not isinstance(v, FileValue)}
    files = {name: len(file_bytes(v) or b"") for name, v in given.items() if isinstance(v, FileValue)}
    for what, these, limit in (
        ("values", sizes, MAX_PARAMETERS_BYTES),
        ("files", files, MAX_FILES_BYTES),
    ):
        if (total := sum(these.values())) > limit:
            largest = max(these, key=lambda name: these[name])
            return {largest: f"All {what} together have {total:,} bytes; at most {limit:,} are allowed."}
    return {}


def _one_of(words: Sequence[str]) -> str:
    shown = [_short(word) for word in words[:10]]
    if len(words) > 10:
        return f"{', '.join(shown)} or one of {len(words) - 10} more"
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
