"""Lengths of time and moments as a person types them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
    "w": 604_800,
    "week": 604_800,
}
_LONGEST = 100 * 365 * 86400
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_SHOWN = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def parse_span(text: str, bare: str = "min") -> int | None:
    """Seconds of `90 s`, `1 h 30 min`, `7 days`, `15` (then of the unit `bare`); None when it is none."""
    rest, total = text.strip().lower(), 0.0
    if not rest:
        return None
    while rest:
        found = _PART.match(rest)
        unit = _unit(found[2] or bare) if found else None
        if found is None or unit is None:
            return None
        total += float(found[1]) * unit
        rest = rest[found.end() :]
    return round(total) if total < _LONGEST else None


def _unit(word: str) -> int | None:
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))


def span_text(seconds: int) -> str:
    """`1 h 30 min`: exactly these seconds, in a form that `parse_span` reads."""
    parts, rest = [], seconds
    for unit, word in _SHOWN:
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count} {word}s" if word == "day" and count > 1 else f"{count} {word}")
    return " ".join(parts) or "0 s"


def parse_moment(text: str, now: datetime) -> datetime | None:
    """The moment of `22:00` (the next one), `tomorrow 6:00`, `sat 22:00`, `2026-11-24 18:00`,
    `24 Nov 18:00` or `in 2 h`, as a wall clock like `now` shows it; None when it is none of these."""
    words = text.strip().lower().split()
    if not words:
        return None
    if words[0] == "in" or words[0].startswith("+"):
        seconds = parse_span(" ".join(words).removeprefix("in").lstrip("+ "))
        return None if seconds is None else now + timedelta(seconds=seconds)
    clock = _CLOCK.fullmatch(words[-1])
    if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59:
        return None
    at = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
    return _on_day(words[:-1], at, now)


def _on_day(words: list[str], at: datetime, now: datetime) -> datetime | None:
    if not words:
        return at if at > now else at + timedelta(days=1)
    if words == ["today"]:
        return at
    if words == ["tomorrow"]:
        return at + timedelta(days=1)
    if len(words) == 1 and words[0][:3] in DAYS:
        ahead = (DAYS.index(words[0][:3]) - at.weekday()) % 7
        found = at + timedelta(days=ahead)
        return found if found > now else found + timedelta(days=7)
    return _on_date(words, at, now)


def _on_date(words: list[str], at: datetime, now: datetime) -> datetime | None:
    try:
        if len(words) == 1 and (date := _DATE.fullmatch(words[0])):
            return at.replace(year=int(date[1]), month=int(date[2]), day=int(date[3]))
        day, month, *year = words
        if not day.rstrip(".").isdigit() or month[:3] not in _MONTHS or len(year) > 1:
            return None
        found = at.replace(month=_MONTHS.index(month[:3]) + 1, day=int(day.rstrip(".")))
        if year:
            return found.replace(year=int(year[0]))
        return found if found > now else found.replace(year=found.year + 1)
    except ValueError:
        return None
