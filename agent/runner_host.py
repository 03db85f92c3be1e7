"""`runner`: where runners come from, warm, so that no script waits for an interpreter to start.

Jobs arrive as lines on standard input: the attempt's name, a space, the job (see `job`). On Linux and macOS
every job is executed in a fork of this process, which stays for the next one. Windows has no fork: there this
process executes one job itself and ends.

News go out as lines on standard output, for whoever started this: SAID or ENDED, a space, the attempt's
name. Nobody has to read them: the files in the attempt's folder are the truth. Without an agent, when
standard input closes, this process ends; what it has started goes on.
"""

from __future__ import annotations

import os
import signal
import sys

from agent import runner
from agent.job import Job
from agent.platform import processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

SAID = b"o"
ENDED = b"x"

_READ_SIZE = 1 << 16
_STDIN, _STDOUT = 0, 1


def main() -> NoReturn:
    processes.never_block(_STDOUT)
    for line in lines(_STDIN):
        if sys.platform == "win32":
            _execute(line)
            break
        _fork(line)
    # Without the tidying-up of an interpreter: a thread may still wait for a pipe that nobody will close.
    os._exit(0)


def lines(fd: int) -> Iterator[bytes]:
    """The lines that come through a pipe, until it closes; one without its end does not count."""
    rest = b""
    while piece := os.read(fd, _READ_SIZE):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole


def _fork(line: bytes) -> None:
    # Nobody here waits for the forks; the kernel takes them away.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            # Another file must not become number 0.
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, _STDIN)
            _execute(line)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(0)


def _execute(line: bytes) -> None:
    attempt, _, job = line.partition(b" ")
    try:
        runner.run(Job.from_json(job), lambda: _tell(SAID, attempt))
    finally:
        _tell(ENDED, attempt)


def _tell(news: bytes, attempt: bytes) -> None:
    try:
        os.write(_STDOUT, b"%s %s\n" % (news, attempt))
    except OSError:
        return
