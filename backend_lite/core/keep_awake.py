"""Keeps this computer from falling asleep by itself while there is work under way.

Closing the lid or choosing sleep still works. What is done depends on the system: an execution state on
Windows, `caffeinate` on macOS, an inhibitor of systemd elsewhere; where none is to be had, nothing is done.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

WHY = "DeployFlow is running work on devices"


class Wakefulness(Protocol):
    """A way to keep this system awake. Both raise OSError when that cannot be done."""

    def hold(self) -> None: ...

    def release(self) -> None: ...


class KeepAwake:
    """`keep(True)` from the first work on, `keep(False)` after the last; repeating either is harmless."""

    def __init__(self, way: Wakefulness | None = None) -> None:
        self._way = way or _of_this_system()
        self._held = False
        self._told = False

    def keep(self, awake: bool) -> None:
        if awake == self._held:
            return
        self._held = awake
        try:
            if awake:
                self._way.hold()
            else:
                self._way.release()
        except OSError as error:
            if not self._told:
                log.info("this computer may fall asleep during work", reason=str(error))
            self._told = True


class _ExecutionState:
    """Windows: `SetThreadExecutionState`, which belongs to the calling thread."""

    _CONTINUOUS, _SYSTEM_REQUIRED = 0x80000000, 0x00000001

    def hold(self) -> None:
        self._set(self._CONTINUOUS | self._SYSTEM_REQUIRED)

    def release(self) -> None:
        self._set(self._CONTINUOUS)

    def _set(self, state: int) -> None:
        import ctypes

        kernel32 = getattr(ctypes, "windll").kernel32  # noqa: B009 - exists on Windows alone
        if not kernel32.SetThreadExecutionState(ctypes.c_uint(state)):
            raise OSError("SetThreadExecutionState failed")


class HeldByProcess:
    """A command that keeps the system awake as long as it lives; it ends with its standard input."""

    def __init__(
        self,
        command: Sequence[str],
        popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> None:
        self._command = command
        self._popen = popen
        self._process: subprocess.Popen[bytes] | None = None

    def hold(self) -> None:
        self._process = self._popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def release(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(BrokenPipeError):
            if process.stdin is not None:
                process.stdin.close()
        process.terminate()
        process.wait()


def _of_this_system() -> Wakefulness:
    if sys.platform == "win32":
        return _ExecutionState()
    if sys.platform == "darwin":
        return HeldByProcess(["caffeinate", "-i", "cat"])
    return HeldByProcess(
        ["systemd-inhibit", "--what=sleep:idle", "--who=DeployFlow", f"--why={WHY}", "--mode=block", "cat"]
    )
