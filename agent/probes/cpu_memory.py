"""Processor and memory."""

from __future__ import annotations

import psutil


def cpu_count() -> int:
    return psutil.cpu_count() or 1


def cpu_percent() -> float:
    """Share of all processors since the last call, in percent; 0 the first time."""
    return psutil.cpu_percent(interval=None)


def memory() -> tuple[int, int]:
    """(used, total) in bytes; what the system would give away at once counts as free."""
    state = psutil.virtual_memory()
    return state.total - state.available, state.total


def swap_used() -> int:
    try:
        return psutil.swap_memory().used
    except (OSError, RuntimeError):
        # Windows without performance counters, Linux without /proc/vmstat.
        return 0
