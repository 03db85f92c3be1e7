"""What a device says about itself, made safe to store and show, and the labels taken from it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

from agent.wire.messages import Facts, Metrics
from backend_lite.core.names import one_line

T = TypeVar("T")

_TEXT = 400
_ITEMS = 64
_NUMBER = 2**53
LABEL_SIZES = {
    "hostname": 255,
    "os_type": 40,
    "os_version": 200,
    "os_description": 200,
    "hardware_summary": 400,
    "serial": 200,
    "machine_id": 200,
}
_GIB = 1 << 30
# What makers leave in the firmware instead of a serial number.
_PLACEHOLDERS = frozenset({"", "0", "none", "n/a", "default string", "not specified", "unknown"})


def clean(text: str, size: int = _TEXT) -> str:
    """As `one_line`, with a limit for what has no other."""
    return one_line(text, size)


def bounded(value: T) -> T:
    """A copy of a wire dataclass in which every text, list and number is within bounds."""
    return cast("T", _bounded(value))


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float):
        return min(max(value, -_NUMBER), _NUMBER)
    if isinstance(value, tuple):
        return tuple(_bounded(item) for item in value[:_ITEMS])
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: _bounded(getattr(value, f.name)) for f in fields(value)})
    return value


def labels_of(facts: Facts) -> dict[str, str | None]:
    """The columns of a device that are taken from its (bounded) facts."""
    labels = {
        "hostname": facts.hostname or "unnamed",
        "os_type": facts.os_type.lower(),
        "os_version": facts.os_version,
        "os_description": _system(facts),
        "hardware_summary": _hardware(facts),
        "serial": facts.serial,
        "machine_id": facts.machine_id,
    }
    return {name: text[: LABEL_SIZES[name]] or None for name, text in labels.items()}


def _system(facts: Facts) -> str:
    """Such as `Windows 11 Pro 10.0.26100`, or the name alone where it has the version in it."""
    if facts.os_version in facts.os_name:
        return facts.os_name
    return f"{facts.os_name} {facts.os_version}".strip()


def _hardware(facts: Facts) -> str:
    """One line, such as `Dell Latitude 7440, Intel Core i7-1365U, 12 threads, 16 GB`."""
    maker = f"{facts.manufacturer} {facts.model}".strip()
    threads = f"{facts.cpu_count} threads" if facts.cpu_count > 1 else ""
    # What a machine reports is a little less than what was built in.
    memory = f"{-(-facts.memory_total // _GIB)} GB" if facts.memory_total > 0 else ""
    return ", ".join(part for part in (maker, facts.cpu_model, threads, memory) if part)


def search_text(labels: list[str | None], tags: list[str]) -> str:
    """What a text search looks into."""
    return "\n".join(text for text in [*labels, *tags] if text).casefold()


def real_identifier(text: str | None) -> str | None:
    """`text`, unless it is one of the placeholders that thousands of machines share."""
    plain = (text or "").casefold()
    placeholder = plain in _PLACEHOLDERS or "o.e.m." in plain or "serial number" in plain
    return None if placeholder or len(set(plain)) < 2 else text


def within_bounds(metrics: Metrics) -> bool:
    """True when `bounded(metrics)` would change nothing; cheap enough for every heartbeat."""
    m = metrics
    return (
        -_NUMBER <= m.cpu_percent <= _NUMBER
        and -_NUMBER <= m.memory_used <= _NUMBER
        and -_NUMBER <= m.memory_total <= _NUMBER
        and -_NUMBER <= m.disk_used <= _NUMBER
        and -_NUMBER <= m.disk_total <= _NUMBER
        and -_NUMBER <= m.uptime_s <= _NUMBER
        and -_NUMBER <= m.swap_used <= _NUMBER
    )
