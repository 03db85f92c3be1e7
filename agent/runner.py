"""Executes ONE step, in a process of its own that outlives the agent (see `runner_host`).

Everything it does is in the attempt's folder, so that any later agent can see how far it came. Start-up time
and memory count here: it imports little, and only the standard library.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from agent.attempt_folder import AttemptFolder
from agent.platform import processes
from agent.spool import SpoolWriter, measure
from agent.wire.states import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.attempt_folder import ExitRecord
    from agent.job import Job

GO = b"go"
DROP = b"drop"

CANCEL_POLL_S = 0.2
LINGER_S = 1.0
_READ_SIZE = 1 << 16


def run(folder: AttemptFolder, word: Callable[[], bytes], said: Callable[[], None]) -> None:
    """Execute the job in an attempt's folder, unless somebody else has decided about it already.

    Everything that can be done before is done before `word` is called, which waits for what the agent says:
    GO, DROP, or nothing any more. `said` is called after every piece of output that is on disk.
    """
    job = folder.pick_up_job()
    if job is None:
        return
    folder.reserve_exit_record()
    gate = folder.draft_gate("runner")
    execution = _Execution(job, folder, said)
    what = word()
    if what == GO and folder.close_gate(gate):
        processes.adopt_orphans()
        record = execution.record()
        if sys.platform != "win32":
            os.chdir("/")
        folder.remove_work()
        folder.write_exit_record(record)
    elif what:
        folder.remove_work()
    # Else the agent is gone, and all of this belongs to the next one.


class _Execution:
    """From the gate to the verdict."""

    def __init__(self, job: Job, folder: AttemptFolder, said: Callable[[], None]) -> None:
        self._job = job
        self._folder = folder
        self._environment = {**os.environ, **job.environment}
        self._started_at = 0
        self._start = 0.0
        self._spool = SpoolWriter(folder.spool, job.keep_bytes, self._elapsed_ms, said)

    def _elapsed_ms(self) -> int:
        return int((processes.awake_clock() - self._start) * 1000)

    def record(self) -> ExitRecord:
        self._started_at = _now_ms()
        self._start = processes.awake_clock()
        if self._folder.cancel_is_asked():
            return self._verdict(Outcome.NOT_STARTED, "Cancelled before it started.")
        try:
            process = processes.ScriptProcess(self._job.argv, self._environment, self._folder.work)
        except (OSError, ValueError) as error:
            return self._verdict(
                Outcome.REJECTED, f"{self._job.argv[0]} could not be started: {_reason(error)}."
            )
        readers = [self._read(stream, fd) for stream, fd in enumerate(process.output)]
        try:
            outcome, exit_code, detail = self._watch(process)
        except BaseException:
            process.kill_tree()
            raise
        duration_ms = self._elapsed_ms()
        self._drain(readers)
        process.let_go()
        return self._verdict(outcome, detail, exit_code, duration_ms)

    def _read(self, stream: int, fd: int) -> threading.Thread:
        def read() -> None:
            while data := os.read(fd, _READ_SIZE):
                self._spool.add(stream, data)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def _watch(self, process: processes.ScriptProcess) -> tuple[Outcome, int | None, str]:
        deadline = self._start + self._job.timeout_s
        while True:
            left = deadline - processes.awake_clock()
            exit_code = process.wait(min(CANCEL_POLL_S, max(0.0, left)))
            if exit_code is not None:
                return Outcome.EXITED, exit_code, ""
            if self._folder.cancel_is_asked():
                self._end_tree(process)
                return Outcome.CANCELLED, None, "Cancelled while it was running."
            if left <= 0:
                self._end_tree(process)
                return Outcome.TIMED_OUT, None, f"Stopped after its time of {self._job.timeout_s:g} s."

    def _end_tree(self, process: processes.ScriptProcess) -> None:
        process.ask_to_end()
        patience = processes.awake_clock() + self._job.grace_s
        while not process.is_gone() and processes.awake_clock() < patience:
            time.sleep(0.02)
        process.kill_tree()

    def _drain(self, readers: list[threading.Thread]) -> None:
        # Something that the script left running may hold the pipes open for ever.
        patience = time.monotonic() + LINGER_S
        for reader in readers:
            reader.join(max(0.0, patience - time.monotonic()))

    def _verdict(
        self, outcome: Outcome, detail: str, exit_code: int | None = None, duration_ms: int = 0
    ) -> ExitRecord:
        self._spool.close()
        kept, hashes = measure(self._folder.spool)
        return {
            "outcome": outcome.value,
            "exit_code": exit_code,
            "duration_ms": duration_ms,
            "started_at": self._started_at,
            "ended_at": _now_ms(),
            "kept": kept,
            "total": self._spool.total,
            "sha256": hashes,
            "detail": " ".join(part for part in (detail, self._spool.trouble) if part),
        }


def _now_ms() -> int:
    return int(time.time() * 1000)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
