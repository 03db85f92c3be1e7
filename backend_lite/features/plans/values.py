"""The values that a task keeps for its script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from backend_lite.contract.parameters import (
    FileValue,
    ParameterType,
    ParameterValue,
    PlainValue,
    ScriptParameter,
    problems,
)
from backend_lite.errors import InvalidError

_ASKED_FOR = "it is asked for when the profile is applied"


def checked_values(
    definitions: Sequence[ScriptParameter], given: Mapping[str, ParameterValue]
) -> dict[str, PlainValue]:
    """What may be kept of a script with these `definitions`; what is needed may be given later.

    Raises InvalidError (`bad_parameters`) with everything that is wrong.
    """
    found = [_not_kept(one) for one in definitions if one.name in given]
    optional = [msgspec.structs.replace(one, required=False) for one in definitions]
    sentences = [*filter(None, found)] or list(problems(optional, given).values())
    if sentences:
        raise InvalidError(" ".join(sentences), code="bad_parameters")
    return {name: value for name, value in given.items() if not isinstance(value, FileValue)}


def _not_kept(one: ScriptParameter) -> str:
    match one.type:
        case ParameterType.SECRET:
            return f"{one.name} is a secret, which a task does not keep: leave it out, {_ASKED_FOR}."
        case ParameterType.FILE:
            return f"{one.name} is a file, which a task does not keep: leave it out, {_ASKED_FOR}."
        case _:
            return ""
