"""Starting runners, with one kept warm so that a short script does not wait for an interpreter."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from agent.commands import own_command
from agent.job import Job
from agent.platform import processes
from agent.platform.base import NOT_FOR_SCRIPTS
from agent.runner import ENDED

log = logging.getLogger(__name__)


class Follower:
    """News of one runner, told in the event loop.

    `said` is called after new output; `over` is set once the attempt has a verdict or the runner is gone.
    """

    def __init__(self, said: Callable[[], None], handed_over: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._said = said
        self._handed_over = handed_over
        self.over = asyncio.Event()

    def has_it(self) -> None:
        """From any thread: the job is in the runner's hands."""
        self._call(self._handed_over)

    def tell(self, news: bytes) -> None:
        """From any thread: the bytes a runner wrote, or nothing when it is gone."""
        self._call(self._hear, news)

    def _call(self, function: Callable[..., None], *arguments: bytes) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            # The loop is closed: the agent ends while the runner goes on.
            return

    def _hear(self, news: bytes) -> None:
        self._said()
        if not news or ENDED in news:
            self.over.set()


class Runners:
    """Hands jobs to runner processes. They outlive this agent; a spare without a job ends with it."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._spare: subprocess.Popen[bytes] | None = None

    def warm_up(self) -> None:
        """See to it that a spare is waiting."""
        if self._spare is None or self._spare.poll() is not None:
            self._spare = self._start()

    def launch(self, job: Job, said: Callable[[], None]) -> Follower:
        """Hand a job to a runner. Whether it executes is decided at the attempt's gate, not here."""
        # The next spare starts only when this job is on its way, so as not to be in its way.
        follower = Follower(said, self.warm_up)
        self.warm_up()
        runner, self._spare = self._spare, None
        assert runner is not None
        threading.Thread(target=_serve, args=(runner, job.to_line(), follower), daemon=True).start()
        return follower

    def close(self) -> None:
        """Let the spare go; runners with a job go on."""
        if self._spare is not None:
            _hang_up(self._spare)
            self._spare.wait()
            self._spare = None

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log_file.open("ab") as trouble:
            return subprocess.Popen(
                own_command("runner", bare=True),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=trouble,
                bufsize=0,
                env=script_environment(dict(os.environ)),
                **processes.DETACHED,
            )


def script_environment(own: dict[str, str]) -> dict[str, str]:
    """What scripts inherit: the agent's environment without what was meant for the agent alone."""
    kept = {name: value for name, value in own.items() if name not in NOT_FOR_SCRIPTS}
    # A packaged program points the loader at its own libraries; other programs want the system's.
    if "LD_LIBRARY_PATH_ORIG" in kept:
        kept["LD_LIBRARY_PATH"] = kept.pop("LD_LIBRARY_PATH_ORIG")
    return kept


def _serve(runner: subprocess.Popen[bytes], line: bytes, follower: Follower) -> None:
    """A thread per job: hand the job over, pass the news on, and take leave of the process."""
    assert runner.stdin is not None
    assert runner.stdout is not None
    try:
        runner.stdin.write(line)
        _hang_up(runner)
        follower.has_it()
        while news := os.read(runner.stdout.fileno(), 4096):
            follower.tell(news)
    except OSError as error:
        log.warning("the runner %d cannot be talked to: %s", runner.pid, error.strerror)
    follower.tell(b"")
    runner.stdout.close()
    runner.wait()


def _hang_up(runner: subprocess.Popen[bytes]) -> None:
    assert runner.stdin is not None
    try:
        runner.stdin.close()
    except OSError:
        return
