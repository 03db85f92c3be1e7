"""Durations, sizes and times as a person reads them. The present moment is always handed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from backend_lite.contract.common import Time, parse_time
from console.core.texts import tr

Clock = Callable[[], datetime]
"""Gives the present moment, with a zone."""

NOTHING = "–"
_SIZES = ("B", "KB", "MB", "GB", "TB", "PB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def utc_now() -> datetime:
    return datetime.now(UTC)


def moment(value: Time | datetime) -> datetime:
    return value if isinstance(value, datetime) else parse_time(value)


def duration(seconds: float) -> str:
    """`0.3 s`, `12 s`, `4 min 10 s`, `3 h 5 min`, `6 days 2 h`: two units at most."""
    if seconds < 10:
        return tr("{n} s", n=f"{max(seconds, 0):.1f}".removesuffix(".0"))
    whole = int(seconds)
    if whole < _MINUTE:
        return tr("{n} s", n=whole)
    if whole < _HOUR:
        return _two(tr("{n} min", n=whole // _MINUTE), whole % _MINUTE, tr("{n} s", n=whole % _MINUTE))
    if whole < _DAY:
        rest = whole % _HOUR // _MINUTE
        return _two(tr("{n} h", n=whole // _HOUR), rest, tr("{n} min", n=rest))
    rest = whole % _DAY // _HOUR
    days = whole // _DAY
    return _two(tr("1 day") if days == 1 else tr("{n} days", n=days), rest, tr("{n} h", n=rest))


def _two(first: str, rest: int, second: str) -> str:
    return f"{first} {second}" if rest else first


def rough(seconds: float) -> str:
    """One unit only: `now`, `48 s`, `12 min`, `3 h`, `6 days`."""
    whole = int(max(seconds, 0))
    if whole < 1:
        return tr("now")
    if whole < _MINUTE:
        return tr("{n} s", n=whole)
    if whole < _HOUR:
        return tr("{n} min", n=whole // _MINUTE)
    if whole < _DAY:
        return tr("{n} h", n=whole // _HOUR)
    days = whole // _DAY
    return tr("1 day") if days == 1 else tr("{n} days", n=days)


def since(value: Time | datetime | None, now: datetime) -> str:
    """How long ago, one unit: `48 s`, `3 h`."""
    return NOTHING if value is None else rough((now - moment(value)).total_seconds())


def ago(value: Time | datetime | None, now: datetime) -> str:
    """`just now`, `12 min ago`; `in 3 h` for the future."""
    if value is None:
        return tr("never")
    seconds = (now - moment(value)).total_seconds()
    if abs(seconds) < 1:
        return tr("just now")
    if seconds < 0:
        return tr("in {time}", time=rough(-seconds))
    return tr("{time} ago", time=rough(seconds))


def size(count: int | float | None) -> str:
    """`512 B`, `9.1 GB`: powers of 1024, three digits at most."""
    if count is None:
        return NOTHING
    value, step = float(count), 0
    while abs(value) >= 1000 and step < len(_SIZES) - 1:
        value, step = value / 1024, step + 1
    digits = 0 if step == 0 or value >= 100 else 1
    return f"{value:.{digits}f}".removesuffix(".0") + f" {_SIZES[step]}"


def size_of(used: int, total: int) -> str:
    """`9.1 of 16 GB`: the two in one unit."""
    value, step = float(total), 0
    while value >= 1000 and step < len(_SIZES) - 1:
        value, step = value / 1024, step + 1
    part = f"{used / 1024**step:.1f}".removesuffix(".0")
    return tr(
        "{part} of {whole} {unit}", part=part, whole=f"{value:.1f}".removesuffix(".0"), unit=_SIZES[step]
    )


def percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f} %"


def count(value: int) -> str:
    return f"{value:,}"


def clock_time(value: Time | datetime, zone: tzinfo | None = None) -> str:
    """`10:42:07` in `zone`, which is this machine's when None."""
    return f"{moment(value).astimezone(zone):%H:%M:%S}"


def local_time(value: Time | datetime | None, now: datetime, zone: tzinfo | None = None) -> str:
    """`10:42`, `yesterday 10:42`, `3 Nov 10:42`, `3 Nov 2024 10:42`: as short as it is clear."""
    if value is None:
        return NOTHING
    then, today = moment(value).astimezone(zone), now.astimezone(zone)
    time = f"{then:%H:%M}"
    if then.date() == today.date():
        return time
    if then.date() == (today - timedelta(days=1)).date():
        return tr("yesterday {time}", time=time)
    if then.date() == (today + timedelta(days=1)).date():
        return tr("tomorrow {time}", time=time)
    date = f"{then.day} {then:%b}" if then.year == today.year else f"{then.day} {then:%b %Y}"
    return f"{date} {time}"
