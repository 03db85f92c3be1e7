"""What queries of expected devices and of enrollment tokens can compare, and its values in memory."""

from __future__ import annotations

from backend_lite.contract.common import parse_time
from backend_lite.contract.query_fields import Plain, Read, plain
from backend_lite.contract.query_nodes import Field, FieldKind, ValueOf

EXPECTED_FIELDS = (
    Field("name", FieldKind.TEXT, "Host name", aliases=("host", "hostname")),
    Field("serial", FieldKind.TEXT, "Serial number"),
    Field("state", FieldKind.WORD, "Whether it has come", ("waiting", "arrived")),
    Field("tag", FieldKind.LABEL, "One of the tags that it gets", aliases=("tags",)),
    Field("note", FieldKind.TEXT, "Note"),
    Field("by", FieldKind.TEXT, "Who expects it"),
    Field("added", FieldKind.AGE, "When it was added: added<1d is less than a day ago"),
    Field("arrived", FieldKind.AGE, "When it came"),
    Field("id", FieldKind.NUMBER, "Number of the entry"),
)


TOKEN_FIELDS = (
    Field("name", FieldKind.TEXT, "Name"),
    Field("state", FieldKind.WORD, "Whether devices can come in by it", ("usable", "ended")),
    Field("by", FieldKind.TEXT, "Who made it"),
    Field("uses", FieldKind.NUMBER, "How often it can be used"),
    Field("used", FieldKind.NUMBER, "How often it was used"),
    Field("created", FieldKind.AGE, "When it was made: created<1d is less than a day ago"),
    Field("last", FieldKind.AGE, "When it was last used"),
    Field("id", FieldKind.NUMBER, "Number of the token"),
)


def expected_values(expected: Plain, now_ms: int) -> ValueOf:
    """The values of an `ExpectedDevice` as JSON."""
    return lambda field: _EXPECTED[field](expected, now_ms)


def token_values(token: Plain, now_ms: int) -> ValueOf:
    """The values of an `EnrollmentToken` as JSON."""
    return lambda field: _TOKEN[field](token, now_ms)


def token_usable(token: Plain, now_ms: int) -> bool:
    """Devices can still come in by it."""
    left = bool(token["used"] < token["uses"])
    return token["revoked_at"] is None and left and _seconds(token["expires_at"]) * 1000 > now_ms


def _seconds(time: str) -> float:
    return parse_time(time).timestamp()


def _age(key: str) -> Read:
    return lambda one, now_ms: None if one[key] is None else max(0.0, now_ms / 1000 - _seconds(one[key]))


def _joined(*keys: str) -> Read:
    return lambda one, _now: "\n".join(one[key] for key in keys)


_EXPECTED: dict[str, Read] = {
    "": _joined("hostname", "serial", "note"),
    "name": plain("hostname"),
    "serial": plain("serial"),
    "state": lambda one, _now: "waiting" if one["arrived_at"] is None else "arrived",
    "tag": plain("tags"),
    "note": plain("note"),
    "by": plain("created_by"),
    "added": _age("created_at"),
    "arrived": _age("arrived_at"),
    "id": plain("id"),
}
_TOKEN: dict[str, Read] = {
    "": _joined("name", "created_by"),
    "name": plain("name"),
    "state": lambda one, now_ms: "usable" if token_usable(one, now_ms) else "ended",
    "by": plain("created_by"),
    "uses": plain("uses"),
    "used": plain("used"),
    "created": _age("created_at"),
    "last": _age("last_used_at"),
    "id": plain("id"),
}
