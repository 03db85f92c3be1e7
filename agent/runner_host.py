"""`runner`: where runners come from, warm, so that no script waits for an interpreter to start.

What is wanted arrives as lines on standard input, `WORD ATTEMPT`: PREPARE a runner for the attempt, JOB
once its job lies in the attempt's folder, then GO or DROP. On Linux and macOS every runner is a fork of this
process, which stays for the next one. Windows has no fork: there this process is the runner, of one job, and
ends with it.

News go out as lines on standard output, for whoever started this: SAID or ENDED, a space, the attempt. Nobody
has to read them: the files in the folder are the truth. When standard input closes, this process ends, and
with it every runner that has not been told to go; what was told to goes on.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys

from agent import runner
from agent.attempt_folder import AttemptFolder
from agent.platform import processes

if sys.platform != "win32":
    from agent.platform.linux_cgroups import Groups, delegated_groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    Wish = tuple[bytes, bytes, bytes]

PREPARE = b"prepare"
SAID = b"said"
ENDED = b"ended"

_READ_SIZE = 1 << 16
_QUIET_S = 0.05
_STDIN, _STDOUT = 0, 1


def main(attempts: str) -> NoReturn:
    """Serve for the attempts whose folders lie in this folder."""
    processes.never_block(_STDOUT)
    # The collector would write into memory that forks share, for the sake of processes that soon end.
    gc.disable()
    if sys.platform == "win32":
        _be_the_runner((line.partition(b" ") for line in lines(_STDIN)), attempts)
    else:
        groups = delegated_groups()
        quiet = groups.move_on if groups is not None else None
        _fork_runners((line.partition(b" ") for line in lines(_STDIN, quiet)), attempts, groups)
    # Without the tidying-up of an interpreter: a thread may still wait for a pipe that nobody will close.
    os._exit(0)


def lines(fd: int, when_quiet: Callable[[], None] | None = None) -> Iterator[bytes]:
    """The lines that come through a pipe, until it closes; one without its end does not count.

    `when_quiet` is called when nothing has come for a moment (not on Windows, where pipes do not tell).
    """
    rest = b""
    while piece := _read(fd, when_quiet):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole


def _read(fd: int, when_quiet: Callable[[], None] | None) -> bytes:
    if when_quiet is not None and not select.select([fd], [], [], _QUIET_S)[0]:
        when_quiet()
    return os.read(fd, _READ_SIZE)


def _be_the_runner(wishes: Iterator[Wish], attempts: str) -> None:
    for word, _, attempt in wishes:
        if word == PREPARE:
            _execute(attempts, attempt, lambda: next(wishes, (b"",))[0])
            return


if sys.platform != "win32":

    def _fork_runners(wishes: Iterator[Wish], attempts: str, groups: Groups | None) -> None:
        # Nobody here waits for the forks; the kernel takes them away.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        prepared: dict[bytes, int] = {}
        for word, _, attempt in wishes:
            if word == PREPARE:
                prepared[attempt] = _fork(attempts, attempt, list(prepared.values()), groups)
            elif attempt in prepared:
                telling = prepared[attempt]
                with contextlib.suppress(BrokenPipeError):
                    os.write(telling, word + b"\n")
                if word != runner.JOB:
                    os.close(prepared.pop(attempt))

    def _fork(attempts: str, attempt: bytes, not_mine: list[int], groups: Groups | None) -> int:
        """A runner that waits for its word; the descriptor through which to tell it."""
        hearing, telling = os.pipe()
        if groups is not None:
            groups.about_to_fork()
        if os.fork() == 0:
            try:
                if groups is not None:
                    processes.in_group(groups.for_a_fork())
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.setsid()
                # The word for this runner takes the place of what others are told.
                os.dup2(hearing, _STDIN)
                for fd in (hearing, telling, *not_mine):
                    os.close(fd)
                words = lines(_STDIN)
                _execute(attempts, attempt, lambda: next(words, b""))
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(0)
        os.close(hearing)
        return telling


def _execute(attempts: str, attempt: bytes, word: Callable[[], bytes]) -> None:
    try:
        folder = AttemptFolder(f"{attempts}{os.sep}{attempt.decode('ascii')}")
        runner.run(folder, word, lambda: _tell(SAID, attempt))
    finally:
        _tell(ENDED, attempt)


def _tell(news: bytes, attempt: bytes) -> None:
    try:
        os.write(_STDOUT, b"%s %s\n" % (news, attempt))
    except OSError:
        return
