"""Processes on Linux and macOS: start, wait, and end a whole tree."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import sys
import time

assert sys.platform != "win32"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from agent.platform.linux_cgroups import OwnGroup
    from agent.platform.people import Person

DETACHED: dict[str, Any] = {"start_new_session": True}
"""Arguments of subprocess.Popen for a process that outlives the one that starts it."""

_LIBC = ctypes.CDLL(None)
_PR_SET_CHILD_SUBREAPER = 36
_PIPE_SIZE = 1 << 20
_REAP_EVERY_S = 0.01
_PS = "/bin/ps"

# Excludes suspended time on Linux (CLOCK_MONOTONIC) and macOS (mach_absolute_time).
awake_clock: Callable[[], float] = time.monotonic


def never_block(fd: int) -> None:
    os.set_blocking(fd, False)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none gets out of sight."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def give_back_memory() -> None:
    """Hand what is free in the heap to the system, where its library knows how."""
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)


_group: OwnGroup | None = None


def in_group(group: OwnGroup | None) -> None:
    """This process is a runner, and this the control group of its script."""
    global _group  # noqa: PLW0603
    _group = group


def start_mark(pid: int) -> str:
    """When a process started, in words that only mean something on this boot; empty when it is gone."""
    if sys.platform == "linux":
        fields = _stat(pid)
        return fields[19] if fields and fields[0] not in ("Z", "X") else ""
    return _ps("-o", "lstart=", "-p", str(pid)).strip()


def is_alive(pid: int, mark: str) -> bool:
    """True while the very process runs whose start mark this is; a later one with the same pid is not it."""
    return mark != "" and start_mark(pid) == mark


def hand_over(folder: str, person: Person) -> None:
    """Give a folder of an attempt, and what is in it, to the person who is to run it."""
    for path, _, names in os.walk(folder):
        for name in (".", *names):
            os.chown(os.path.join(path, name), person["uid"], person["gid"], follow_symlinks=False)
    # The way to it: attempt, attempts, data folder. What else is in them stays private.
    for _ in range(3):
        folder = os.path.dirname(folder)
        os.chmod(folder, os.stat(folder).st_mode & 0o777 | 0o011)  # noqa: S103


class ScriptProcess:
    """A script and everything it started. `output` are the reading ends of stdout and stderr."""

    def __init__(
        self, argv: list[str], environment: dict[str, str], folder: str, person: Person | None = None
    ) -> None:
        """`environment` is laid over this process's own, or over that of the person."""
        # posix_spawn has no working folder of its own, and a runner starts only this one process.
        os.chdir(folder)
        pairs = (_wide_pipe(), _wide_pipe())
        writing = (pairs[0][1], pairs[1][1])
        try:
            if person is None:
                self._pid = _spawn(argv, {**os.environ, **environment}, writing)
            else:
                self._pid = _spawn_as(person, argv, environment, writing)
        except OSError:
            for reading, _ in pairs:
                os.close(reading)
            raise
        finally:
            for fd in writing:
                os.close(fd)
        self.output = (pairs[0][0], pairs[1][0])
        self._exit_code: int | None = None
        self._watch = _pidfd(self._pid)

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when the script still runs after so many seconds."""
        if self._watch is not None and self._exit_code is None:
            poller = select.poll()
            poller.register(self._watch, select.POLLIN)
            poller.poll(max(0.0, seconds) * 1000)
            self._reap()
            return self._exit_code
        end = awake_clock() + seconds
        self._reap()
        while self._exit_code is None and awake_clock() < end:
            time.sleep(_REAP_EVERY_S)
            self._reap()
        return self._exit_code

    def is_gone(self) -> bool:
        """True when neither the script nor anything it started is left."""
        childless = self._reap()
        # Who adopts orphans has a child as long as any descendant lives, and the kernel knows at once; a look
        # through all processes can miss one that starts its successor meanwhile.
        return childless and (sys.platform == "linux" or not _descendants(os.getpid()))

    def ask_to_end(self) -> None:
        for pid in _descendants(os.getpid()):
            # A stopped process would not see the request.
            _signal(pid, signal.SIGTERM)
            _signal(pid, signal.SIGCONT)

    def kill_tree(self) -> None:
        """End everything. Stopping comes first: a tree that forks faster than we look must stand still."""
        if _group is not None:
            _group.end()
        while not self.is_gone():
            for pid in _freeze(os.getpid()):
                _signal(pid, signal.SIGKILL)
            time.sleep(_REAP_EVERY_S)

    def let_go(self) -> None:
        """What the script left running on purpose goes on without us."""

    def _reap(self) -> bool:
        """Take leave of children that have ended; True when there is no child any more."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self._pid:
                self._exit_code = _exit_code(status)


def _wide_pipe() -> tuple[int, int]:
    """A pipe with so much room, where the system gives it, that a script hardly ever waits for its reader."""
    pair = os.pipe()
    if sys.platform == "linux":
        try:
            fcntl.fcntl(pair[0], fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        except OSError:
            # Ordinary users have only so much of it together.
            return pair
    return pair


def _spawn(argv: list[str], environment: dict[str, str], writing: tuple[int, int]) -> int:
    return os.posix_spawn(
        argv[0],
        argv,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing[0], 1),
            (os.POSIX_SPAWN_DUP2, writing[1], 2),
        ],
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )


def _spawn_as(person: Person, argv: list[str], environment: dict[str, str], writing: tuple[int, int]) -> int:
    import subprocess

    mine = person["uid"] == os.geteuid()
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=writing[0],
        stderr=writing[1],
        env={**os.environ, **person["environment"], **environment},
        user=None if mine else person["uid"],
        group=None if mine else person["gid"],
        extra_groups=None if mine else person["groups"],
        umask=0o077,
    )
    # Who takes leave of it here is `_reap`, which does so for every descendant.
    process.returncode = 0
    return process.pid


def _exit_code(status: int) -> int:
    """As shells say it: a process ended by signal n has the exit code 128 + n."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _pidfd(pid: int) -> int | None:
    if sys.platform == "linux":
        try:
            return os.pidfd_open(pid)
        except OSError:
            return None
    return None


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _freeze(root: int) -> set[int]:
    """Stop all descendants, looking again until no new one turns up.

    A process that has just been seen is stopped before anything else is looked at, the youngest first: one
    that only starts its successor and ends would be gone a moment later.
    """
    frozen: set[int] = set()
    before = -1
    while len(frozen) > before:
        before = len(frozen)
        for pid, parent in _parents():
            if pid not in frozen and (parent == root or parent in frozen):
                _signal(pid, signal.SIGSTOP)
                frozen.add(pid)
    return frozen


def _descendants(root: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            if pid not in found:
                found.add(pid)
                waiting.append(pid)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """(pid, parent) of every process that is not a zombie, the youngest first where the system tells."""
    if sys.platform != "linux":
        rows = (line.split() for line in _ps("-ax", "-o", "pid=,ppid=,stat=,comm=").splitlines())
        yield from ((int(row[0]), int(row[1])) for row in rows if row[2][0] != "Z" and row[3] != _PS)
        return
    for pid in sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True):
        fields = _stat(pid)
        if fields and fields[0] not in ("Z", "X"):
            yield pid, int(fields[1])


def _stat(pid: int) -> list[str] | None:
    """Linux: the fields of /proc/PID/stat from the state on (the name before it may hold anything)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _ps(*arguments: str) -> str:
    import subprocess

    return subprocess.run(
        [_PS, *arguments], capture_output=True, check=False, encoding="utf-8", errors="replace"
    ).stdout
