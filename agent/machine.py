"""What the attempts of this device ask of the machine they run on."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agent.identity import Identity
from agent.platform import this_platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

log = logging.getLogger(__name__)

RESTART_DELAY_S = 5
_NOTICE = "An administrator restarts this computer."
_MEGABYTE = 1 << 20


class Machine(Protocol):
    """Everything here may change from one call to the next."""

    def shortage(self) -> str:
        """The sentence about a disk that is too full to begin anything; empty when there is room."""

    def person(self) -> Person | None:
        """Who is signed in, the one at the screen first."""

    def open_secret(self, sealed: str) -> str:
        """The value that was sealed to this device's key. Raises ValueError for anything else."""

    def restart(self) -> None:
        """Restart the machine in a moment. Raises OSError when it cannot be done."""

    async def pause(self, seconds: float) -> None:
        """Wait before looking again."""


class DiskGuard:
    """Too little free space is less than 1 GiB or 5 % of the disk, whichever is less, or what was set."""

    def __init__(self, space: Callable[[], tuple[int, int]], least_free: int | None = None) -> None:
        """`space` says (free, total) in bytes."""
        self._space = space
        self._least_free = least_free

    def shortage(self) -> str:
        free, total = self._space()
        least = min(1 << 30, total // 20) if self._least_free is None else self._least_free
        if free >= least:
            return ""
        return (
            f"Only {free // _MEGABYTE} MB of the disk are free; "
            f"work goes on by itself once it is {-(-least // _MEGABYTE)} MB."
        )


class ThisMachine:
    """The real one."""

    def __init__(self, identity: Identity, folder: Path, least_free: int | None = None) -> None:
        self._identity = identity
        self._guard = DiskGuard(lambda: _space(folder), least_free)

    def shortage(self) -> str:
        return self._guard.shortage()

    def person(self) -> Person | None:
        return this_platform().person()

    def open_secret(self, sealed: str) -> str:
        return self._identity.open_sealed(sealed)

    def restart(self) -> None:
        argv = this_platform().restart_command(RESTART_DELAY_S, _NOTICE)
        log.warning("restarting the machine")
        done = subprocess.run(argv, capture_output=True, check=False, encoding="utf-8", errors="replace")
        if done.returncode:
            reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            raise OSError(done.returncode, f"{argv[0]} failed: {reason}")

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _space(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total
