"""How an attempt ended: from what lies in its folder to the message for the service."""

from __future__ import annotations

import hashlib
import time
from enum import Enum, auto

from agent.attempt_folder import AttemptFolder
from agent.journal import Entry
from agent.platform import processes
from agent.spool import Kept, measure
from agent.wire.messages import Done
from agent.wire.states import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.attempt_folder import ExitRecord

_NOTHING = hashlib.sha256().hexdigest()


class Standing(Enum):
    """What an attempt's folder says about it."""

    UNTOUCHED = auto()
    """Nobody took the gate: nothing was executed, but a runner may be on its way."""
    WITHHELD = auto()
    """The agent took the gate: nothing was executed and nothing can be."""
    RUNNING = auto()
    FINISHED = auto()
    LOST = auto()
    """A runner took the gate and is gone without a verdict."""


def standing(folder: AttemptFolder) -> Standing:
    """Look at the folder on the boot on which the attempt was started."""
    if folder.has_exit_record():
        return Standing.FINISHED
    holder = folder.gate_holder()
    if holder is None:
        return Standing.UNTOUCHED
    if holder["by"] == "agent":
        return Standing.WITHHELD
    if processes.is_alive(holder["pid"], holder["start"]):
        return Standing.RUNNING
    # The runner may have finished between the first look and the last.
    return Standing.FINISHED if folder.has_exit_record() else Standing.LOST


def settle(entry: Entry, folder: AttemptFolder, boot_id: str) -> Done | None:
    """The outcome of an attempt that may have been handed to a runner, or None while that runner works.

    Where nobody took the gate yet, this takes it: afterwards it is certain that nothing was executed.
    """
    where = standing(folder)
    if where is Standing.FINISHED:
        return _as_recorded(entry, folder)
    if where is Standing.WITHHELD:
        return unexecuted(entry, Outcome.NOT_STARTED, "It was never started on this device.")
    if entry.boot_id != boot_id:
        return _unknown(entry, folder, "The device was restarted before the script had a result.")
    if where is Standing.LOST:
        return _unknown(entry, folder, "The process that ran the script was ended from outside.")
    if where is Standing.UNTOUCHED:
        folder.take_gate("agent")
        return settle(entry, folder, boot_id)
    return None


def _as_recorded(entry: Entry, folder: AttemptFolder) -> Done:
    try:
        record = folder.exit_record()
        assert record is not None
        return done_as_recorded(entry.attempt, entry.nonce, record)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return _unknown(entry, folder, "The record of the result is damaged.")


def done_as_recorded(attempt: str, nonce: str, record: ExitRecord) -> Done:
    # A runner of an older agent knew of no gap.
    gaps = record.get("gap", [0, 0])
    return Done(
        attempt=attempt,
        nonce=nonce,
        outcome=record["outcome"],
        exit_code=record["exit_code"],
        duration_ms=record["duration_ms"],
        started_at=record["started_at"],
        ended_at=record["ended_at"],
        stdout_size=record["kept"][0],
        stderr_size=record["kept"][1],
        stdout_sha256=record["sha256"][0],
        stderr_sha256=record["sha256"][1],
        stdout_total=record["total"][0],
        stderr_total=record["total"][1],
        detail=record["detail"],
        stdout_gap=gaps[0],
        stderr_gap=gaps[1],
    )


def unexecuted(entry: Entry, outcome: Outcome, detail: str) -> Done:
    """The outcome of an attempt of which nothing was executed."""
    return _without_record(entry, outcome, detail, _no_output())


def _unknown(entry: Entry, folder: AttemptFolder, detail: str) -> Done:
    try:
        left = measure(folder.spool)
    except FileNotFoundError:
        left = _no_output()
    return _without_record(entry, Outcome.UNKNOWN, detail, left)


def _no_output() -> Kept:
    return Kept([0, 0], [_NOTHING, _NOTHING], [0, 0], [0, 0])


def _without_record(entry: Entry, outcome: Outcome, detail: str, output: Kept) -> Done:
    gaps = output.gaps_in(output.totals)
    now = int(time.time() * 1000)
    return Done(
        attempt=entry.attempt,
        nonce=entry.nonce,
        outcome=outcome.value,
        exit_code=None,
        duration_ms=0,
        started_at=now,
        ended_at=now,
        stdout_size=output.sizes[0],
        stderr_size=output.sizes[1],
        stdout_sha256=output.hashes[0],
        stderr_sha256=output.hashes[1],
        stdout_total=output.totals[0],
        stderr_total=output.totals[1],
        detail=detail,
        stdout_gap=gaps[0],
        stderr_gap=gaps[1],
    )
