"""Typed parameters: what a script declares, and what a run gives.

A value travels as JSON: text and choice as a string, number, boolean; a secret as a string that is sealed to
each device when the rollout is made and never shown again; a file as a `FileValue` object.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

MAX_PARAMETERS = 100
MAX_PARAMETERS_BYTES = 64 << 10
"""Of all plain and secret values of one task together."""
MAX_FILES_BYTES = 512 << 10
"""Of all file parameters of one task together: they travel in the offer."""

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
