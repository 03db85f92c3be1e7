"""Errors in the service's log."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

_LEVELS = ("error", "critical")


def errors_since(logs: Path, since: datetime) -> list[str]:
    """`<time> <what happened>` of every error in the newest log file since then, oldest first."""
    found: list[str] = []
    try:
        with (logs / "service.log").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if '"error"' in line or '"critical"' in line:
                    found += _error(line, since)
    except FileNotFoundError:
        pass
    return found


def _error(line: str, since: datetime) -> list[str]:
    try:
        entry = json.loads(line)
        if entry["level"] in _LEVELS and datetime.fromisoformat(entry["timestamp"]) >= since:
            return [f"{entry['timestamp']} {entry['event']}"]
    except (ValueError, KeyError, TypeError):
        # A line that a kill cut short.
        pass
    return []
