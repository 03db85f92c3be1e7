"""What a run is given: checked against what the script declares, and parted by how it travels."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend_lite.contract.parameters import (
    FileValue,
    ParameterType,
    ParameterValue,
    PlainValue,
    ScriptParameter,
    problems,
)
from backend_lite.errors import InvalidError


@dataclass(frozen=True, slots=True)
class Prepared:
    """`secrets` are in clear: seal them for each device before anything is stored."""

    plain: dict[str, PlainValue] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    files: dict[str, FileValue] = field(default_factory=dict)


def prepare(definitions: Sequence[ScriptParameter], given: Mapping[str, ParameterValue]) -> Prepared:
    """The values with the declared defaults. What is empty and not needed is left out.

    A script without declared parameters takes any plain values. Raises InvalidError with every problem.
    """
    if found := problems(definitions, given):
        raise InvalidError(" ".join(found.values()), code="bad_parameters")
    if not definitions:
        return Prepared({name: value for name, value in given.items() if not isinstance(value, FileValue)})
    prepared = Prepared()
    for one in definitions:
        value = given.get(one.name, one.default)
        if isinstance(value, FileValue):
            prepared.files[one.name] = value
        elif one.type is ParameterType.SECRET and isinstance(value, str) and value:
            prepared.secrets[one.name] = value
        elif value is not None and not _left_empty(one, value):
            prepared.plain[one.name] = value
    return prepared


def seal(public_key: bytes, value: str) -> str:
    """`value` so that only the holder of the Ed25519 key can read it: a libsodium sealed box, in base64."""
    from nacl.public import SealedBox
    from nacl.signing import VerifyKey

    box = SealedBox(VerifyKey(public_key).to_curve25519_public_key())
    return b64encode(box.encrypt(value.encode())).decode()


def _left_empty(one: ScriptParameter, value: PlainValue) -> bool:
    return value == "" and one.type is not ParameterType.TEXT
