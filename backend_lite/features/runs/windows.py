"""Maintenance windows: when one is open, and when it opens next."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from backend_lite.contract.runs import Window
from backend_lite.errors import InvalidError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UTC_ZONE: tzinfo = UTC
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def zone(name: str) -> tzinfo | None:
    """The IANA time zone of that name; None when there is none such."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def opens_at(window: Window, where: tzinfo, now_ms: int) -> int | None:
    """None while the window is open, else when it opens next (ms)."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    today = now.astimezone(where).date()
    for offset in range(-1, 9):
        day = today + timedelta(days=offset)
        if window.days and DAYS[day.weekday()] not in window.days:
            continue
        start, end = _bounds(window, day, where)
        if start <= now < end:
            return None
        if start > now:
            return round(start.timestamp() * 1000)
    raise ValueError("a window opens at least once a week")


def _bounds(window: Window, day: date, where: tzinfo) -> tuple[datetime, datetime]:
    """The instants between which it is open when it opens on `day`. A time that the clock shows twice counts
    from its first and until its last occurrence; one that it leaves out is moved on by what is left out."""
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    last = day if end > start else day + timedelta(days=1)
    opening = datetime.combine(day, start, where)
    closing = datetime.combine(last, end, where)
    closings = (closing.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return opening.astimezone(UTC), max(closings)


def check_window(window: Window) -> None:
    """Raises InvalidError with the sentence what is wrong."""
    for text in (window.start, window.end):
        if not _TIME.fullmatch(text):
            raise InvalidError(f"{text[:20]!r} is not a time of the day: write HH:MM, such as 22:00.")
    unknown = [day for day in window.days if day not in DAYS]
    if unknown:
        raise InvalidError(f"{unknown[0][:20]!r} is not a day: use {', '.join(DAYS)}.")
    if window.time_zone and zone(window.time_zone) is None:
        raise InvalidError(
            f"There is no time zone {window.time_zone[:60]!r}: use a name such as Europe/Berlin, or leave it "
            "empty for the zone of each device."
        )
