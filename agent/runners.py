"""Handing jobs to runners, with a warm one always at hand (see `runner_host`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from agent.commands import own_command
from agent.job import Job
from agent.platform import processes
from agent.platform.base import NOT_FOR_SCRIPTS
from agent.runner_host import ENDED, lines

log = logging.getLogger(__name__)

TAKES_MANY = sys.platform != "win32"


class Follower:
    """News of one job, told in the event loop.

    `said` is called after new output; `over` is set when the runner has ended, with or without a verdict.
    """

    def __init__(self, said: Callable[[], None]) -> None:
        self.said = said
        self.over = asyncio.Event()


class Runners:
    """Keeps a host warm. Runners outlive this agent; a host without a job ends with it."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._host: _Host | None = None

    def warm_up(self) -> None:
        """See to it that a host is waiting."""
        if self._host is None or not self._host.is_alive():
            self._host = _Host(self._log_file)

    def launch(self, attempt: str, job: Job, said: Callable[[], None]) -> Follower:
        """Hand a job to a runner. Whether it executes is decided at the attempt's gate, not here."""
        self.warm_up()
        host = self._host
        assert host is not None
        if not TAKES_MANY:
            self._host = None
        # The next host starts only when this job is on its way, so as not to be in its way.
        return host.launch(attempt, job, said, self.warm_up)

    def close(self) -> None:
        """Let the host go; runners with a job go on."""
        if self._host is not None:
            self._host.close()
            self._host = None


class _Host:
    """A host process, and the thread that listens to it."""

    def __init__(self, log_file: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._followers: dict[str, Follower] = {}
        with log_file.open("ab") as trouble:
            self._process = subprocess.Popen(
                own_command("runner", bare=True),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=trouble,
                bufsize=0,
                env=script_environment(dict(os.environ)),
                **processes.DETACHED,
            )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def launch(
        self, attempt: str, job: Job, said: Callable[[], None], has_it: Callable[[], None]
    ) -> Follower:
        follower = self._followers[attempt] = Follower(said)
        line = job.to_line(attempt)
        # A long script does not fit into the pipe at once.
        threading.Thread(target=self._hand_over, args=(line, has_it), daemon=True).start()
        return follower

    def close(self) -> None:
        self._hang_up()
        if not self._followers:
            self._listener.join()

    def _hand_over(self, line: bytes, has_it: Callable[[], None]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._call(has_it)
        except (OSError, ValueError) as error:
            log.warning("the runner's host does not take a job: %s", error)
            self._call(self._end_all)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in lines(self._process.stdout.fileno()):
            self._call(self._hear, line)
        self._call(self._end_all)
        self._hang_up()
        self._process.stdout.close()
        self._process.wait()

    def _hang_up(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _call(self, function: Callable[..., None], *arguments: bytes) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            # The loop is closed: the agent ends while the runner goes on.
            return

    def _hear(self, line: bytes) -> None:
        news, _, attempt = line.partition(b" ")
        follower = self._followers.get(attempt.decode("ascii", "replace"))
        if follower is None:
            return
        follower.said()
        if news == ENDED:
            del self._followers[attempt.decode("ascii")]
            follower.over.set()

    def _end_all(self) -> None:
        for follower in self._followers.values():
            follower.over.set()
        self._followers.clear()


def script_environment(own: dict[str, str]) -> dict[str, str]:
    """What scripts inherit: the agent's environment without what was meant for the agent alone."""
    kept = {name: value for name, value in own.items() if name not in NOT_FOR_SCRIPTS}
    # A packaged program points the loader at its own libraries; other programs want the system's.
    if "LD_LIBRARY_PATH_ORIG" in kept:
        kept["LD_LIBRARY_PATH"] = kept.pop("LD_LIBRARY_PATH_ORIG")
    return kept
