"""`stages`: what a step's process is where a detect script goes before the script.

It starts the detect script and, unless that ends with 0, the script; both have this process's streams, folder
and environment. It is on the way of a script, so it imports little, and only the standard library.
"""

from __future__ import annotations

import os
import sys

from agent.environment import script_environment
from agent.files import read_file, write_all

PLAN = "plan.json"
NOTHING_TO_DO = b"Nothing to do: the detect script ended with exit code 0, so the script was not run.\n"
_NO_START = 126
_STDOUT, _STDERR = 1, 2


def plan(detect: list[str], script: list[str]) -> bytes:
    """The content of the file that `main` is given: how long the first vector is, then the words of both,
    with zeros between them (JSON would cost milliseconds to load)."""
    return "\0".join([str(len(detect)), *detect, *script]).encode()


def main(plan_file: str) -> int:
    """The exit code of the step; on Linux and macOS the script takes the place of this process."""
    raw = read_file(plan_file)
    assert raw is not None
    length, *words = raw.decode().split("\0")
    detect, script = words[: int(length)], words[int(length) :]
    environment = script_environment(dict(os.environ))
    try:
        if _run(detect, environment) == 0:
            write_all(_STDOUT, NOTHING_TO_DO)
            return 0
        return _end_with(script, environment)
    except OSError as error:
        write_all(_STDERR, f"The script could not be started: {error.strerror}.\n".encode())
        return _NO_START


def as_exit_code(returncode: int) -> int:
    """What a process ends with to pass on how its child ended: as shells say it, 128 + n for the signal n;
    Windows' codes as the signed numbers that an interpreter can end with."""
    if sys.platform == "win32":
        return returncode - (1 << 32) if returncode >= 1 << 31 else returncode
    return 128 - returncode if returncode < 0 else returncode


if sys.platform == "win32":

    def _run(argv: list[str], environment: dict[str, str]) -> int:
        import subprocess

        done = subprocess.run(argv, stdin=subprocess.DEVNULL, env=environment, check=False)
        return as_exit_code(done.returncode)

    _end_with = _run
else:
    import signal

    _AS_USUAL = (signal.SIGPIPE, signal.SIGXFSZ)
    """What this interpreter ignores, and scripts must not."""

    def _run(argv: list[str], environment: dict[str, str]) -> int:
        pid = os.posix_spawn(argv[0], argv, environment, setsigdef=_AS_USUAL)
        return os.waitpid(pid, 0)[1]

    def _end_with(argv: list[str], environment: dict[str, str]) -> int:
        for number in _AS_USUAL:
            signal.signal(number, signal.SIG_DFL)
        os.execve(argv[0], argv, environment)  # noqa: S606
