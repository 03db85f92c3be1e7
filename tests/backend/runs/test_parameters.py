"""What a run is given: defaults filled in, parted by how it travels, secrets for one device only."""

import base64

import pytest
from nacl.exceptions import CryptoError
from nacl.public import SealedBox
from nacl.signing import SigningKey

from backend_lite.contract.parameters import FileValue, ParameterType, ParameterValue, ScriptParameter
from backend_lite.errors import InvalidError
from backend_lite.features.runs.parameters import prepare, seal

DECLARED = [
    ScriptParameter("name", required=True),
    ScriptParameter("count", ParameterType.NUMBER, default=3),
    ScriptParameter("color", ParameterType.CHOICE, choices=["red", "blue"]),
    ScriptParameter("force", ParameterType.BOOLEAN, default=False),
    ScriptParameter("key", ParameterType.SECRET),
    ScriptParameter("licence", ParameterType.FILE),
]


def test_values_are_parted_and_defaults_filled_in() -> None:
    licence = FileValue("a.lic", "AAAA")
    prepared = prepare(DECLARED, {"name": "x", "key": "pass", "licence": licence, "force": True})
    assert prepared.plain == {"name": "x", "count": 3, "force": True}
    assert prepared.secrets == {"key": "pass"}
    assert prepared.files == {"licence": licence}
    assert "pass" not in repr(prepared)


def test_what_is_left_empty_is_left_out() -> None:
    prepared = prepare([*DECLARED[1:], ScriptParameter("note")], {"color": "", "key": "", "note": ""})
    assert prepared.plain == {"count": 3, "force": False, "note": ""}
    assert (prepared.secrets, prepared.files) == ({}, {})


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(InvalidError) as caught:
        prepare(DECLARED, {"count": "many", "colour": "red"})
    assert caught.value.code == "bad_parameters"
    for says in ("count takes a number.", "Did you mean color?", "name is needed"):
        assert says in caught.value.detail


def test_without_declared_parameters_any_plain_value_will_do() -> None:
    given: dict[str, ParameterValue] = {"a": "b", "c": 1, "d": 0.5, "e": True}
    assert prepare([], given).plain == given
    with pytest.raises(InvalidError):
        prepare([], {"a": FileValue("x", "")})


def test_only_the_key_of_the_device_opens_a_secret() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    sealed = seal(bytes(key.verify_key), "Gruß\n")
    box = base64.b64decode(sealed, validate=True)
    assert SealedBox(key.to_curve25519_private_key()).decrypt(box).decode() == "Gruß\n"
    with pytest.raises(CryptoError):
        SealedBox(other.to_curve25519_private_key()).decrypt(box)
    assert seal(bytes(key.verify_key), "Gruß\n") != sealed
