"""The folder of one attempt: its job, its gate, its output, its exit record.

The gate makes "at most once" true on this machine: whoever puts the file in place first, the runner to
execute or the agent to prove that nothing was executed, keeps everybody else out for ever.

Imported by the runner, so it stays without pathlib.
"""

from __future__ import annotations

import json
import os
import sys

from agent.files import BINARY, read_file, remove_file, sync_folder, write_all, write_new
from agent.job import Job
from agent.platform import processes

PARAMETER_FILE = "parameters.json"
RECORD_SIZE = 4096
_DETAIL_LIMIT = 280  # characters; escaped they still fit the record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class ExitRecord(TypedDict):
        """How a step ended. Times in milliseconds (`started_at`, `ended_at`: this machine's wall clock,
        for show); sizes in bytes; the pairs are stdout, stderr. `gap`: see `wire.messages.Done`."""

        outcome: str
        exit_code: int | None
        duration_ms: int
        started_at: int
        ended_at: int
        kept: list[int]
        total: list[int]
        sha256: list[str]
        gap: list[int]
        detail: str

    class Holder(TypedDict):
        """Who took a gate: `runner` to execute, `agent` to prove that nothing was executed."""

        by: str
        pid: int
        start: str


class AttemptFolder:
    """Names and rules of an attempt's folder."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def _at(self, name: str) -> str:
        return os.path.join(self.path, name)

    @property
    def work(self) -> str:
        return self._at("work")

    def work_file(self, name: str) -> str:
        return os.path.join(self.work, *name.split("/"))

    @property
    def spool(self) -> str:
        return self._at("spool")

    def lay_out(self, job: Job) -> None:
        """Put everything in place that a runner needs. The folder is there and empty."""
        os.mkdir(self.work, 0o700)
        for name, data in job.files.items():
            path = self.work_file(name)
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            write_new(path, data, durable=False)
        if job.person is not None:
            processes.hand_over(self.work, job.person)
        # A request to cancel has its place before the disk can be full.
        write_new(self._at("cancel.draft"), b"", durable=False)
        write_new(self._at("job"), job.to_json(), durable=False)

    def pick_up_job(self) -> Job | None:
        """The job, for the only runner that will have it; None where there is none."""
        raw = read_file(self._at("job"))
        if raw is None:
            return None
        remove_file(self._at("job"))
        return Job.from_json(raw)

    def remove_job(self) -> None:
        """Take away what was laid out for a runner that will not execute it."""
        remove_file(self._at("job"))
        if os.path.exists(self.work):
            self.remove_work()

    def remove_work(self) -> None:
        """The script and its parameters are gone before anybody can learn the result."""
        try:
            for name in os.listdir(self.work):
                os.unlink(os.path.join(self.work, name))
            os.rmdir(self.work)
        except OSError:
            # The script left folders there, or something that still runs holds on to them.
            import shutil

            shutil.rmtree(self.work, ignore_errors=True)

    def draft_gate(self, by: str) -> str:
        """A gate that only has to be put in place, so that there never is an empty one."""
        pid = os.getpid()
        holder: Holder = {"by": by, "pid": pid, "start": processes.start_mark(pid)}
        draft = self._at(f"gate.{pid}")
        remove_file(draft)
        write_new(draft, json.dumps(holder).encode())
        return draft

    def close_gate(self, draft: str) -> bool:
        """Be the one who decides about this attempt. False when somebody else already is, or was long ago."""
        try:
            if sys.platform == "win32":
                os.rename(draft, self._at("gate"))
            else:
                os.link(draft, self._at("gate"))
        except (FileExistsError, FileNotFoundError):
            return False
        finally:
            remove_file(draft)
        return True

    def take_gate(self, by: str) -> bool:
        return self.close_gate(self.draft_gate(by))

    def gate_holder(self) -> Holder | None:
        """Who took the gate; of a gate that is damaged, somebody who is not there any more."""
        raw = read_file(self._at("gate"))
        if raw is None:
            return None
        try:
            told = json.loads(raw)
            return {"by": str(told["by"]), "pid": int(told["pid"]), "start": str(told["start"])}
        except (ValueError, KeyError, TypeError):
            return {"by": "runner", "pid": 0, "start": ""}

    def ask_to_cancel(self) -> None:
        """Leave word for the runner; it works for one that this agent did not start itself, too."""
        try:
            os.replace(self._at("cancel.draft"), self._at("cancel"))
        except FileNotFoundError:
            # Asked before, or nothing was laid out yet.
            if not self.cancel_is_asked():
                write_new(self._at("cancel"), b"", durable=False)

    def cancel_is_asked(self) -> bool:
        return os.path.exists(self._at("cancel"))

    def reserve_exit_record(self) -> None:
        """Take the disk space for the verdict now, so that a full disk cannot lose it later."""
        write_new(self._at("exit.draft"), b" " * RECORD_SIZE, durable=False)

    def sync_names(self) -> None:
        """Make the places of spool and exit record durable: others rely on them once there is a result."""
        sync_folder(self.path)
        sync_folder(os.path.dirname(self.path))

    def write_exit_record(self, record: ExitRecord) -> None:
        record["detail"] = record["detail"][:_DETAIL_LIMIT]
        raw = json.dumps(record).encode("ascii").ljust(RECORD_SIZE)
        fd = os.open(self._at("exit.draft"), os.O_WRONLY | BINARY)
        try:
            write_all(fd, raw)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(self._at("exit.draft"), self._at("exit"))
        sync_folder(self.path)

    def has_exit_record(self) -> bool:
        return os.path.exists(self._at("exit"))

    def exit_record(self) -> ExitRecord | None:
        raw = read_file(self._at("exit"))
        if raw is None:
            return None
        record: ExitRecord = json.loads(raw)
        return record
