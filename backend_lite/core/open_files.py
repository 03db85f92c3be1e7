"""How many files and connections this process may have open at once."""

from __future__ import annotations

import sys
from contextlib import suppress


def allow_many_open_files() -> None:
    """As many as the system lets it have. At first that is often 1,024: fewer than a fleet has agents, and
    so few that two machines could use them up."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # Some systems name a limit that they do not grant.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
