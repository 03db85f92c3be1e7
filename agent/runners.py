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

from agent.attempt_folder import AttemptFolder
from agent.commands import own_command
from agent.environment import script_environment
from agent.job import Job
from agent.platform import processes
from agent.runner import DROP, GO, JOB
from agent.runner_host import ENDED, PREPARE, lines

log = logging.getLogger(__name__)

A_HOST_TAKES_MANY = sys.platform != "win32"


class Runner:
    """One runner, prepared: it waits for `go` or `drop`.

    `over` is set when it has ended, with or without a verdict.
    """

    def __init__(self, tell: Callable[[bytes], None], said: Callable[[], None]) -> None:
        self._tell = tell
        self.said = said
        self.over = asyncio.Event()

    def job_is_there(self) -> None:
        """Its job lies in the attempt's folder now."""
        self._tell(JOB)

    def go(self) -> None:
        """Execute. Whether it really does is decided at the attempt's gate."""
        self._tell(GO)

    def drop(self) -> None:
        """Execute nothing, and take the script away."""
        self._tell(DROP)


class Runners:
    """Keeps a host warm. Runners outlive this agent; a host, and what was not told to go, end with it."""

    def __init__(self, attempts: Path, log_file: Path) -> None:
        self._attempts = attempts
        self._log_file = log_file
        self._host: _Host | None = None

    def warm_up(self) -> None:
        """See to it that a host is waiting."""
        if self._host is None or not self._host.is_alive():
            self._host = _Host(self._attempts, self._log_file)

    def prepare(self, attempt: str, job: Job, said: Callable[[], None]) -> Runner:
        """A runner for a job of an attempt whose folder is empty; `said` is called when there is new output.

        Raises OSError when the disk is full or no process can be started.
        """
        runner = self._prepared(attempt, said)
        if runner.over.is_set():
            # The host was about to end and heard nothing, so that another may be asked.
            self._host = None
            runner = self._prepared(attempt, said)
        # The runner begins meanwhile with what it can do without its job.
        try:
            AttemptFolder(str(self._attempts / attempt)).lay_out(job)
        except OSError:
            runner.drop()
            raise
        runner.job_is_there()
        return runner

    def _prepared(self, attempt: str, said: Callable[[], None]) -> Runner:
        self.warm_up()
        host = self._host
        assert host is not None
        if not A_HOST_TAKES_MANY:
            self._host = None
        return host.prepare(attempt, said, self.warm_up)

    def close(self) -> None:
        """Let the host go; runners that were told to go do so."""
        if self._host is not None:
            self._host.close()
            self._host = None


class _Host:
    """A host process, and the thread that listens to it."""

    def __init__(self, attempts: Path, log_file: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._runners: dict[bytes, Runner] = {}
        with log_file.open("ab") as trouble:
            self._process = subprocess.Popen(
                own_command("runner", str(attempts), bare=True),
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

    def prepare(self, attempt: str, said: Callable[[], None], on_word: Callable[[], None]) -> Runner:
        name = attempt.encode("ascii")

        def tell(word: bytes) -> None:
            self._tell(word, name)
            if word != JOB:
                # The next host starts only when this job is on its way, so as not to be in its way.
                self._loop.call_soon(on_word)

        runner = self._runners[name] = Runner(tell, said)
        # A host that does not listen any more ends all of its runners, this one too.
        self._tell(PREPARE, name)
        return runner

    def close(self) -> None:
        self._hang_up()
        if not self._runners:
            self._listener.join()

    def _tell(self, word: bytes, attempt: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"%s %s\n" % (word, attempt))
        except (OSError, ValueError) as error:
            log.warning("the runner's host does not listen: %s", error)
            self._end_all()

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
        runner = self._runners.get(attempt)
        if runner is None:
            return
        runner.said()
        if news == ENDED:
            del self._runners[attempt]
            runner.over.set()

    def _end_all(self) -> None:
        for runner in self._runners.values():
            runner.over.set()
        self._runners.clear()
