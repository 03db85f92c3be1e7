"""Processes and clocks, the same names on every system. Imported by the runner: standard library only."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from agent.platform.windows_processes import (
        DETACHED,
        ScriptProcess,
        adopt_orphans,
        awake_clock,
        give_back_memory,
        hand_over,
        in_group,
        is_alive,
        never_block,
        start_mark,
    )
else:
    from agent.platform.posix_processes import (
        DETACHED,
        ScriptProcess,
        adopt_orphans,
        awake_clock,
        give_back_memory,
        hand_over,
        in_group,
        is_alive,
        never_block,
        start_mark,
    )


__all__ = [
    "DETACHED",
    "ScriptProcess",
    "adopt_orphans",
    "awake_clock",
    "give_back_memory",
    "hand_over",
    "in_group",
    "is_alive",
    "never_block",
    "start_mark",
]
