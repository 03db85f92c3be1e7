"""Rules of retention as a person writes them, and sentences about what they do."""

from __future__ import annotations

import re

from backend_lite.contract.output import RetentionPreview
from console.core import formatting
from console.core.spans import parse_span
from console.core.texts import plural, tr

MOST_DAYS = 36_500
_DAY_S = 86_400
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_LARGEST = 1 << 53


def parse_days(text: str) -> int | None:
    """Days of `90`, `90 days` or `4 weeks`, at least one; None when it is no such number."""
    seconds = parse_span(text, "day")
    if not seconds or seconds % _DAY_S or seconds > MOST_DAYS * _DAY_S:
        return None
    return seconds // _DAY_S


def parse_bytes(text: str) -> int | None:
    """Bytes of `20 GB`, `1.5 TB` or `20` (then GB), at least one; None when it is no size."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    count = round(float(found[1]) * _UNITS[found[2].lower() or "g"])
    return count if 0 < count <= _LARGEST else None


def days_text(days: int) -> str:
    """In a form that `parse_days` reads; nothing for ever."""
    return plural(days, "{count} day", "{count} days") if days else ""


def bytes_text(count: int) -> str:
    """In a form that `parse_bytes` reads, to three digits behind the point; nothing for no limit."""
    if not count:
        return ""
    unit = next((name for name in "tgm" if count >= _UNITS[name]), "k")
    number = f"{count / _UNITS[unit]:.3f}".rstrip("0").rstrip(".")
    return f"{number} {unit.upper()}B"


def lines(preview: RetentionPreview) -> list[tuple[str, str, str]]:
    """(word, tone, sentence): what would go the next time, and what is left."""
    found = []
    if preview.runs:
        text = plural(
            preview.runs, "{count} run with all that it wrote.", "{count} runs with all that they wrote."
        )
        found.append((tr("Runs"), "warning", text))
    if preview.outputs:
        text = plural(
            preview.outputs,
            "The output of {count} step: {size}.",
            "The output of {count} steps: {size}.",
            size=formatting.size(preview.output_bytes),
        )
        found.append((tr("Output"), "warning", text))
    if not found:
        found.append((tr("Nothing"), "good", tr("Everything there is now is kept.")))
    left = formatting.size(preview.kept_bytes - preview.output_bytes)
    found.append((tr("Kept"), "idle", tr("{size} of output are left then.", size=left)))
    return found


def takes_something(preview: RetentionPreview) -> bool:
    return bool(preview.runs or preview.outputs)
