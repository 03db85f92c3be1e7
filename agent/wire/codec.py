"""Messages to frames and back: JSON text with a size limit, unknown fields ignored, types checked."""

from __future__ import annotations

import hashlib
import json
import struct
import types
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from agent.wire.messages import MESSAGE_NAMES, SERVICE_MESSAGES, STREAMS, Incarnation, OutputFrame

MAX_FRAME = 1 << 20
"""Largest frame that the service takes, in bytes."""
MAX_FRAME_TO_AGENT = 4 << 20
"""Largest frame that an agent takes: a script of 512 KiB may grow sixfold when it is written as JSON."""
MAX_OUTPUT_DATA = 256 << 10

_OUTPUT_HEADER = struct.Struct(">BBIQB")
_OUTPUT_VERSION = 1

T = TypeVar("T")


class WireError(ValueError):
    """A frame that cannot be understood; its text says what is wrong and never quotes the content."""


def encode(message: object) -> str:
    """The text frame of a message. Raises WireError when it would be too large for its receiver."""
    name = MESSAGE_NAMES[type(message)]
    text = json.dumps({"type": name, "body": to_plain(message)}, separators=(",", ":"), ensure_ascii=False)
    limit = MAX_FRAME_TO_AGENT if name in SERVICE_MESSAGES else MAX_FRAME
    if len(text.encode("utf-8", "surrogatepass")) > limit:
        raise WireError(f"a {name} message is larger than {limit} bytes")
    return text


def decode(frame: str | bytes, known: dict[str, type[T]]) -> T:
    """The message in a text frame; `known` is SERVICE_MESSAGES or AGENT_MESSAGES. Raises WireError."""
    limit = MAX_FRAME_TO_AGENT if known is SERVICE_MESSAGES else MAX_FRAME
    if len(frame) > limit:
        raise WireError(f"a frame is larger than {limit} bytes")
    try:
        plain = json.loads(frame)
    except (ValueError, RecursionError):
        raise WireError("a frame is not JSON") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("type"), str):
        raise WireError("a frame has no type")
    kind = known.get(plain["type"])
    if kind is None:
        raise WireError(f"unknown message type {plain['type'][:40]!r}")
    return from_plain(plain.get("body"), kind, plain["type"])


def to_plain(value: object) -> Any:
    """Dataclasses to dicts, tuples to lists; everything else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return value


def from_plain(value: object, kind: type[T], where: str) -> T:
    """A dataclass from parsed JSON: fields without a default must be there, unknown ones are ignored."""
    if not isinstance(value, dict):
        raise WireError(f"{where} is not an object")
    given: dict[str, Any] = {}
    for name, hint, required in _shape(kind):  # type: ignore[arg-type]
        if name in value:
            given[name] = _convert(value[name], hint, f"{where}.{name}")
        elif required:
            raise WireError(f"{where}.{name} is missing")
    return kind(**given)


@cache
def _shape(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (f.name, hints[f.name], f.default is MISSING and f.default_factory is MISSING) for f in fields(kind)
    )


def _convert(value: object, hint: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(value, get_args(hint), where)
    if origin is tuple:
        if not isinstance(value, list):
            raise WireError(f"{where} is not a list")
        return tuple(_convert(item, get_args(hint)[0], where) for item in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise WireError(f"{where} is not an object")
        return {key: _convert(item, get_args(hint)[1], where) for key, item in value.items()}
    if is_dataclass(hint):
        return from_plain(value, hint, where)  # type: ignore[arg-type]
    return _convert_scalar(value, hint, where)


def _convert_union(value: object, hints: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in hints:
        return None
    for hint in hints:
        if type(value) is hint:
            return value
        if is_dataclass(hint) and isinstance(value, dict):
            return from_plain(value, hint, where)  # type: ignore[arg-type]
    if isinstance(value, int) and not isinstance(value, bool) and float in hints:
        return _as_float(value, where)
    raise WireError(f"{where} has the wrong type")


def _convert_scalar(value: object, hint: Any, where: str) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(value, where)
    if type(value) is not hint:
        raise WireError(f"{where} is not {hint.__name__}")
    return value


def _as_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise WireError(f"{where} is too large") from None


def encode_output(frame: OutputFrame) -> bytes:
    """The binary frame: version, stream, elapsed ms, offset, length of the name, name, raw bytes."""
    name = frame.attempt.encode("ascii")
    header = _OUTPUT_HEADER.pack(
        _OUTPUT_VERSION, frame.stream, min(frame.elapsed_ms, 0xFFFFFFFF), frame.offset, len(name)
    )
    return header + name + frame.data


def decode_output(frame: bytes) -> OutputFrame:
    """The reverse of `encode_output`. Raises WireError."""
    if len(frame) < _OUTPUT_HEADER.size:
        raise WireError("an output frame is too short")
    version, stream, elapsed_ms, offset, length = _OUTPUT_HEADER.unpack_from(frame)
    end = _OUTPUT_HEADER.size + length
    if version != _OUTPUT_VERSION:
        raise WireError(f"unknown output frame version {version}")
    if stream >= len(STREAMS) or len(frame) < end or len(frame) - end > MAX_OUTPUT_DATA:
        raise WireError("an output frame is malformed")
    try:
        attempt = frame[_OUTPUT_HEADER.size : end].decode("ascii")
    except UnicodeDecodeError:
        raise WireError("an output frame is malformed") from None
    return OutputFrame(attempt, stream, offset, elapsed_ms, frame[end:])


def hello_signing_bytes(nonce: str, leaf_sha256: bytes, incarnation: Incarnation) -> bytes:
    """What the hello's signature covers: this challenge, this TLS leaf (SHA-256 of its DER), this life."""
    return _signing_bytes(
        "deployflow-hello-1",
        nonce,
        leaf_sha256.hex(),
        incarnation.journal_epoch,
        incarnation.journal_file,
        incarnation.boot_id,
    )


def enroll_signing_bytes(token: str, public_key: str) -> bytes:
    """What the enrolment's signature covers: the token's hash and the key."""
    return _signing_bytes("deployflow-enroll-1", hashlib.sha256(token.encode()).hexdigest(), public_key)


def _signing_bytes(*parts: str) -> bytes:
    # Length-prefixed, so that no two different lists of parts give the same bytes.
    return b"".join(struct.pack(">I", len(raw)) + raw for raw in (part.encode() for part in parts))


def attempt_name(service_epoch: str, step_id: int, n: int) -> str:
    return f"{service_epoch}-{step_id}-{n}"


def parse_attempt_name(name: str) -> tuple[str, int, int]:
    """(service_epoch, step id, n). Raises WireError."""
    epoch, _, rest = name.partition("-")
    step, _, n = rest.partition("-")
    if not (
        epoch.isascii()
        and epoch.isalnum()
        and step.isascii()
        and step.isdigit()
        and n.isascii()
        and n.isdigit()
    ):
        raise WireError("not the name of an attempt")
    try:
        return epoch, int(step), int(n)
    except ValueError:
        # Python converts only so many digits.
        raise WireError("not the name of an attempt") from None
