"""Messages to frames and back, whatever is in them, and whatever comes instead of them."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire import codec
from agent.wire.codec import MAX_FRAME, MAX_FRAME_TO_AGENT, MAX_OUTPUT_DATA, WireError
from agent.wire.messages import (
    AGENT_MESSAGES,
    SERVICE_MESSAGES,
    Incarnation,
    Offer,
    OutputFrame,
    PermitAnswer,
    Receipt,
)

KNOWN: dict[str, type] = {**SERVICE_MESSAGES, **AGENT_MESSAGES}
MESSAGES = st.one_of([st.from_type(kind) for kind in KNOWN.values()])
ATTEMPTS = st.builds(
    "{}-{}-{}".format, st.text("0123456789abcdef", min_size=1, max_size=32), st.integers(0), st.integers(0)
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def is_finite(value: object) -> bool:
    if is_dataclass(value):
        return all(is_finite(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, float):
        return abs(value) < float("inf")
    return all(is_finite(one) for one in value.values()) if isinstance(value, dict) else True


@given(MESSAGES.filter(is_finite))
def test_a_message_comes_back_as_it_went(message: object) -> None:
    assert codec.decode(codec.encode(message), KNOWN) == message


@given(MESSAGES.filter(is_finite), st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_unknown_fields_are_ignored(message: object, more: dict[str, Any]) -> None:
    plain = json.loads(codec.encode(message))
    plain["body"] = {**{f"new_{name}": value for name, value in more.items()}, **plain["body"]}
    assert codec.decode(json.dumps({"from_the_future": 1, **plain}), KNOWN) == message


@given(st.text() | st.binary())
def test_noise_is_refused_and_never_breaks_anything(frame: str | bytes) -> None:
    with pytest.raises(WireError):
        codec.decode(frame, KNOWN)


@given(st.sampled_from(sorted(KNOWN)) | st.text(), ANYTHING)
def test_a_frame_of_another_shape_is_understood_or_refused(name: str, body: object) -> None:
    try:
        message: object = codec.decode(json.dumps({"type": name, "body": body}), KNOWN)
    except WireError:
        return
    assert type(message) is KNOWN[name]


@given(MESSAGES.filter(is_finite), st.data(), ANYTHING)
def test_a_field_of_another_type_is_understood_or_refused(
    message: object, data: st.DataObject, value: object
) -> None:
    plain = json.loads(codec.encode(message))
    plain["body"][data.draw(st.sampled_from(sorted(plain["body"])))] = value
    try:
        assert type(codec.decode(json.dumps(plain), KNOWN)) is type(message)
    except WireError as error:
        assert str(error)


@pytest.mark.parametrize("missing", ["attempt", "type", "payload", "timeout_s"])
def test_a_field_without_a_default_must_be_there(missing: str) -> None:
    plain = json.loads(codec.encode(Offer("e-1-1", "sh", "true", 60)))
    del plain["body"][missing]
    with pytest.raises(WireError, match=f"offer.{missing} is missing"):
        codec.decode(json.dumps(plain), KNOWN)


def test_what_only_the_other_side_says_is_not_understood() -> None:
    with pytest.raises(WireError, match="unknown message type 'receipt'"):
        codec.decode(codec.encode(Receipt("e-1-1")), AGENT_MESSAGES)


def test_a_frame_has_a_limit_on_both_sides() -> None:
    with pytest.raises(WireError, match="larger than"):
        codec.encode(PermitAnswer("e-1-1", "0", "no", "x" * MAX_FRAME_TO_AGENT))
    with pytest.raises(WireError, match="larger than"):
        codec.decode("x" * (MAX_FRAME + 1), KNOWN)


def test_a_number_beyond_all_numbers_is_refused() -> None:
    plain = json.loads(codec.encode(Offer("e-1-1", "sh", "true", 60)))
    plain["body"]["timeout_s"] = 10**400
    with pytest.raises(WireError, match=r"offer\.timeout_s is too large"):
        codec.decode(json.dumps(plain), KNOWN)
    with pytest.raises(WireError):
        codec.parse_attempt_name(f"e-{'9' * 5000}-1")


def test_what_is_deep_without_end_is_refused() -> None:
    with pytest.raises(WireError):
        codec.decode("[" * 200_000, KNOWN)


@given(
    st.builds(
        OutputFrame,
        ATTEMPTS,
        st.integers(0, 1),
        st.integers(0, 2**64 - 1),
        st.integers(0, 2**32 - 1),
        st.binary(),
    )
)
def test_output_comes_back_as_it_went(frame: OutputFrame) -> None:
    assert codec.decode_output(codec.encode_output(frame)) == frame


@given(st.binary())
def test_noise_is_no_output(frame: bytes) -> None:
    try:
        decoded = codec.decode_output(frame)
    except WireError:
        return
    assert codec.encode_output(decoded) == frame


@given(st.binary(min_size=1), st.data())
def test_a_shortened_output_frame_never_gains_anything(data: bytes, choice: st.DataObject) -> None:
    whole = codec.encode_output(OutputFrame("e1-2-3", 1, 5, 6, data))
    short = whole[: choice.draw(st.integers(0, len(whole) - 1))]
    try:
        assert data.startswith(codec.decode_output(short).data)
    except WireError:
        assert len(short) < len(whole) - len(data)


def test_an_output_frame_has_a_limit() -> None:
    with pytest.raises(WireError):
        codec.decode_output(codec.encode_output(OutputFrame("e-1-1", 0, 0, 0, b"x" * (MAX_OUTPUT_DATA + 1))))


@given(st.text("0123456789abcdefABCXYZ", min_size=1), st.integers(0, 2**63), st.integers(0, 1000))
def test_the_name_of_an_attempt_can_be_taken_apart(epoch: str, step: int, n: int) -> None:
    assert codec.parse_attempt_name(codec.attempt_name(epoch, step, n)) == (epoch, step, n)


@pytest.mark.parametrize(
    "name", ["", "-", "e", "e-1", "e-1-", "-1-1", "../e-1-1", "e/x-1-1", "e-1-1-1", "e-1-x"]
)
def test_what_is_no_name_of_an_attempt_is_refused(name: str) -> None:
    with pytest.raises(WireError):
        codec.parse_attempt_name(name)


def test_a_signature_covers_every_part() -> None:
    """Parts may not be moved into one another."""
    one = codec.hello_signing_bytes("ab", b"x", Incarnation("c", "d", "e"))
    others = {
        codec.hello_signing_bytes("a", b"x", Incarnation("bc", "d", "e")),
        codec.hello_signing_bytes("ab", b"y", Incarnation("c", "d", "e")),
        codec.hello_signing_bytes("ab", b"x", Incarnation("c", "de", "")),
        codec.enroll_signing_bytes("ab", "x"),
    }
    assert one not in others
    assert len(others) == 4
