"""What a person types into the options of a rollout, as the service takes it."""

from __future__ import annotations

import re

from console.core.spans import DAYS
from console.core.texts import tr

_SIZE = re.compile(r"(\d{1,7})\s*(%?)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_CODE = re.compile(r"-?\d{1,10}")
_CODES_AT_MOST = 100


def share(text: str) -> str | None:
    """`5` or `10%`, from 1 and up to 100 %."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0 or (found[2] and int(found[1]) > 100):
        return None
    return f"{int(found[1])}{found[2]}"


def sizes(text: str) -> list[str] | None:
    """The sizes of waves: `1, 10%, 50%`."""
    found = [share(part) for part in re.split(r"[,;\s]+(?!%)", text.strip().strip(",;")) if part]
    return [one for one in found if one] if found and all(found) else None


def count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 1_000_000 else None


def codes(text: str) -> list[int] | None:
    """Exit codes: `0, 3010`."""
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    if not parts or len(parts) > _CODES_AT_MOST or not all(_CODE.fullmatch(part) for part in parts):
        return None
    return list(dict.fromkeys(int(part) for part in parts))


def clock(text: str) -> str | None:
    """`22:00`."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return f"{int(found[1]):02}:{found[2]}"


DAY_WORDS = dict(zip(DAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))


def day_word(day: str) -> str:
    return tr(DAY_WORDS[day])
