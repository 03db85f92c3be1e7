"""Executes ONE step, in a process of its own that outlives the agent (see `runner_host`).

Everything it does is in the attempt's folder, so that any later agent can see how far it came. Start-up time
and memory count here: it imports little, and only the standard library.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time

from agent.attempt_folder import PARAMETER_FILE, AttemptFolder
from agent.platform import processes
from agent.spool import SpoolWriter, measure
from agent.wire.states import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.attempt_folder import ExitRecord
    from agent.job import Job
    from agent.masking import Masker

JOB = b"job"
GO = b"go"
DROP = b"drop"

CANCEL_POLL_S = 0.2
LINGER_S = 1.0
FULL_DISK_PAUSE_S = 1.0
_LINGER_LOOK_S = 0.05
_READ_SIZE = 1 << 18
_SOON_S = 0.001
_REST_S = 0.001
_MANY_IN_A_ROW = 32
_MUCH_ROOM = 1 << 20


def run(folder: AttemptFolder, word: Callable[[], bytes], said: Callable[[], None]) -> None:
    """Execute the job in an attempt's folder, unless somebody else has decided about it already.

    `word` waits for what the agent says: JOB once the job lies in the folder, then GO; DROP instead of
    either, or nothing any more. Everything that can be done before is done before. `said` is called after
    every piece of output that is on disk.
    """
    folder.reserve_exit_record()
    gate = folder.draft_gate("runner")
    # What lies in the folder before it has a job is the agent's, and nobody else may touch it.
    job = folder.pick_up_job() if word() == JOB else None
    if job is None:
        return
    execution = _Execution(job, folder, said)
    what = word()
    if what == GO and folder.close_gate(gate):
        processes.adopt_orphans()
        record = execution.record()
        if sys.platform != "win32":
            os.chdir("/")
        folder.remove_work()
        _insist(execution.sync_names)
        _insist(lambda: folder.write_exit_record(record))
    elif what:
        folder.remove_work()
    # Else the agent is gone, and all of this belongs to the next one.


class _Output:
    """The two streams on their way into the spool, without their secrets."""

    def __init__(self, spool: SpoolWriter, maskers: list[Masker]) -> None:
        self._spool = spool
        self._maskers = maskers
        self._lock = threading.Lock()
        self._busy = [False, False]
        self.heard_at = 0.0

    def add(self, stream: int, data: bytes) -> None:
        self.heard_at = processes.awake_clock()
        self._busy[stream] = True
        self._keep(stream, data)
        self._busy[stream] = False

    def is_busy(self) -> bool:
        """True while something that the script has said is still being kept."""
        return any(self._busy)

    def _keep(self, stream: int, data: bytes) -> None:
        if not self._maskers:
            self._spool.add(stream, data)
            return
        with self._lock:
            if known := self._maskers[stream].feed(data):
                self._spool.add(stream, known)

    def close(self) -> None:
        with self._lock:
            for stream, masker in enumerate(self._maskers):
                if rest := masker.end():
                    self._spool.add(stream, rest)
            self._spool.close()


class _Execution:
    """From the gate to the verdict."""

    def __init__(self, job: Job, folder: AttemptFolder, said: Callable[[], None]) -> None:
        self._job = job
        self._folder = folder
        self._started_at = 0
        self._start = 0.0
        self._names_are_durable = False
        self._syncing: threading.Thread | None = None
        self._spool = SpoolWriter(folder.spool, job.keep_bytes, self._elapsed_ms, said, job.keep_bytes)
        maskers, self._unmasked = _masks(job, folder) if job.secrets else ([], "")
        self._output = _Output(self._spool, maskers)

    def _elapsed_ms(self) -> int:
        return int((processes.awake_clock() - self._start) * 1000)

    def record(self) -> ExitRecord:
        self._started_at = _now_ms()
        self._start = self._output.heard_at = processes.awake_clock()
        if self._folder.cancel_is_asked():
            return self._verdict(Outcome.NOT_STARTED, "Cancelled before it started.")
        job = self._job
        try:
            process = processes.ScriptProcess(
                job.argv, job.environment, job.folder or self._folder.work, job.person
            )
        except (OSError, ValueError) as error:
            return self._verdict(Outcome.REJECTED, f"{job.argv[0]} could not be started: {_reason(error)}.")
        readers = [self._read(stream, fd) for stream, fd in enumerate(process.output)]
        self._syncing = _in_a_thread(self._sync_names_meanwhile)
        try:
            outcome, exit_code, detail = self._watch(process)
        except BaseException:
            process.kill_tree()
            raise
        duration_ms = self._elapsed_ms()
        self._drain(readers)
        process.let_go()
        return self._verdict(outcome, detail, exit_code, duration_ms)

    def sync_names(self) -> None:
        """Nobody may rely on a verdict whose folder can still be lost."""
        if self._syncing is not None:
            self._syncing.join()
        if not self._names_are_durable:
            self._folder.sync_names()
            self._names_are_durable = True

    def _sync_names_meanwhile(self) -> None:
        """While the script works; where that is refused, `sync_names` does it again."""
        with contextlib.suppress(OSError):
            self._folder.sync_names()
            self._names_are_durable = True

    def _read(self, stream: int, fd: int) -> threading.Thread:
        def read() -> None:
            pace = _Pace(fd)
            while data := os.read(fd, _READ_SIZE):
                self._output.add(stream, data)
                pace.rest()

        return _in_a_thread(read)

    def _watch(self, process: processes.ScriptProcess) -> tuple[Outcome, int | None, str]:
        while True:
            left = min(self._time_left(), self._patience_left())
            exit_code = process.wait(min(CANCEL_POLL_S, max(0.0, left)))
            if exit_code is not None:
                return Outcome.EXITED, exit_code, ""
            if self._folder.cancel_is_asked():
                self._end_tree(process)
                return Outcome.CANCELLED, None, "Cancelled while it was running."
            if self._time_left() <= 0:
                self._end_tree(process)
                return Outcome.TIMED_OUT, None, f"Stopped after its time of {self._job.timeout_s:g} s."
            if self._patience_left() <= 0:
                self._end_tree(process)
                return (
                    Outcome.IDLE,
                    None,
                    f"Stopped because it printed nothing for {self._job.idle_timeout_s:g} s.",
                )

    def _time_left(self) -> float:
        return self._start + self._job.timeout_s - processes.awake_clock()

    def _patience_left(self) -> float:
        if not self._job.idle_timeout_s:
            return self._job.timeout_s
        return self._output.heard_at + self._job.idle_timeout_s - processes.awake_clock()

    def _end_tree(self, process: processes.ScriptProcess) -> None:
        process.ask_to_end()
        patience = processes.awake_clock() + self._job.grace_s
        while not process.is_gone() and processes.awake_clock() < patience:
            time.sleep(0.02)
        process.kill_tree()

    def _drain(self, readers: list[threading.Thread]) -> None:
        # Something that the script left running may hold the pipes open for ever. A slow disk is no such
        # thing: what was read already is kept, however long that takes.
        patience = LINGER_S
        for reader in readers:
            while patience > 0 and reader.is_alive():
                before = processes.awake_clock()
                reader.join(_LINGER_LOOK_S)
                if not self._output.is_busy():
                    patience -= processes.awake_clock() - before

    def _verdict(
        self, outcome: Outcome, detail: str, exit_code: int | None = None, duration_ms: int = 0
    ) -> ExitRecord:
        self._output.close()
        kept = measure(self._folder.spool)
        return {
            "outcome": outcome.value,
            "exit_code": exit_code,
            "duration_ms": duration_ms,
            "started_at": self._started_at,
            "ended_at": _now_ms(),
            "kept": kept.sizes,
            "total": self._spool.total,
            "sha256": kept.hashes,
            "gap": kept.gaps_in(self._spool.total),
            "detail": " ".join(part for part in (detail, self._spool.trouble, self._unmasked) if part),
        }


def _masks(job: Job, folder: AttemptFolder) -> tuple[list[Masker], str]:
    """A masker per stream, and a sentence about the secrets that are too short for them."""
    import json

    from agent.masking import LEAST_CHARACTERS, Masker, code_pages, too_short

    with open(folder.work_file(PARAMETER_FILE), "rb") as file:
        values = json.loads(file.read())
    short = [name for name in job.secrets if too_short(values[name])]
    sentence = f"Not masked in the output, because shorter than {LEAST_CHARACTERS} characters: "
    encodings = code_pages()
    secrets = [values[name] for name in job.secrets]
    return [Masker(secrets, encodings) for _ in range(2)], f"{sentence}{', '.join(short)}." if short else ""


class _Pace:
    """Lets a script that prints without end go on for a moment before its pipe is read again: many small
    pieces cost the processor that it needs. A pipe with little room would hold it up instead."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._row = 0
        self._last = 0.0
        self._has_room: bool | None = None

    def rest(self) -> None:
        now = processes.awake_clock()
        self._row = self._row + 1 if now - self._last < _SOON_S else 0
        if self._row > _MANY_IN_A_ROW:
            if self._has_room is None:
                self._has_room = _pipe_size(self._fd) >= _MUCH_ROOM
            if self._has_room:
                time.sleep(_REST_S)
                now = processes.awake_clock()
        self._last = now


def _pipe_size(fd: int) -> int:
    """0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    import fcntl

    try:
        return fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
    except OSError:
        return 0


def _in_a_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _insist(write: Callable[[], None]) -> None:
    """Write, however long the disk stays full: a verdict is never given up."""
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
        time.sleep(FULL_DISK_PAUSE_S)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
