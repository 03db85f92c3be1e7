"""A control group for each script, where systemd has delegated one to the agent: the kernel ends everything
in it at once, whatever those processes do meanwhile.

Moving a process into another group takes the kernel some 15 ms, so nobody waits for that: the host of runners
moves while nothing is asked of it, and a runner that it forks is in that group from its first moment. Where
the host had no time to move on, the group has more in it than one script, and nobody may end it as a whole.

Imported by the runner, so it stays without pathlib.
"""

from __future__ import annotations

import contextlib
import os
import sys

assert sys.platform != "win32"

_DELEGATED = ("trusted.delegate", "user.delegate")
_NAME = "script"
_SHARED = "shared"


class Groups:
    """The groups of one host of runners, below the agent's own."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._number = 0
        self._group = ""
        self._used = True
        _remove_empty(base)

    def move_on(self) -> None:
        """Be in a group of which nobody has been a member yet."""
        if not self._used:
            return
        _remove_empty(self._base)
        self._number += 1
        group = f"{self._base}/{_NAME}-{os.getpid()}-{self._number}"
        try:
            os.mkdir(group)
            _write(f"{group}/cgroup.procs", "0")
        except OSError:
            return
        self._group, self._used = group, False

    def about_to_fork(self) -> None:
        """Whatever is forked now is in the present group."""
        if self._used and self._group:
            with contextlib.suppress(OSError):
                os.mkdir(f"{self._group}/{_SHARED}")
        self._used = True

    def for_a_fork(self) -> OwnGroup | None:
        """In the fork: its group."""
        return OwnGroup(self._base, self._group, os.getppid()) if self._group else None


class OwnGroup:
    """The group of a runner and its script."""

    def __init__(self, base: str, path: str, host: int) -> None:
        self._base = base
        self._path = path
        self._host = host

    def end(self) -> bool:
        """End everything in the group but this process; False when others are in it, too."""
        try:
            if os.path.exists(f"{self._path}/{_SHARED}") or self._host in _members(self._path):
                return False
            _write(f"{self._base}/cgroup.procs", "0")
            _write(f"{self._path}/cgroup.kill", "1")
        except OSError:
            return False
        return True


def delegated_groups() -> Groups | None:
    """None where this process is not in a group that was delegated to its service."""
    base = _own_group()
    return Groups(base) if base and any(_attribute(base, name) == b"1" for name in _DELEGATED) else None


def _own_group() -> str:
    try:
        mounts = [line.split() for line in _lines("/proc/self/mounts")]
        [mount] = [words[1] for words in mounts if words[2] == "cgroup2"][:1]
        [path] = [line[3:] for line in _lines("/proc/self/cgroup") if line.startswith("0::")]
    except (OSError, ValueError):
        return ""
    return mount + path.rstrip("/") if path != "/" else ""


def _attribute(path: str, name: str) -> bytes:
    try:
        return os.getxattr(path, name) if sys.platform == "linux" else b""
    except OSError:
        return b""


def _members(path: str) -> list[int]:
    return [int(line) for line in _lines(f"{path}/cgroup.procs")]


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def _write(path: str, word: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(word)


def _remove_empty(base: str) -> None:
    """Take away the groups of which nobody is a member any more; nobody ever joins one later."""
    for name in os.listdir(base):
        group = f"{base}/{name}"
        with contextlib.suppress(OSError):
            if name.startswith(f"{_NAME}-") and not _members(group):
                if os.path.exists(f"{group}/{_SHARED}"):
                    os.rmdir(f"{group}/{_SHARED}")
                os.rmdir(group)
