"""Outcomes that no runner had to produce."""

from __future__ import annotations

import hashlib
from pathlib import Path

from agent.attempt_folder import AttemptFolder
from agent.journal import Entry
from agent.spool import HEADER, measure
from agent.wire.messages import Done
from agent.wire.states import Outcome

NOTHING = hashlib.sha256().hexdigest()


def done_of(entry: Entry, outcome: Outcome = Outcome.EXITED, exit_code: int | None = 0) -> Done:
    return Done(
        attempt=entry.attempt,
        nonce=entry.nonce,
        outcome=outcome.value,
        exit_code=exit_code,
        duration_ms=1,
        started_at=2,
        ended_at=3,
        stdout_size=0,
        stderr_size=0,
        stdout_sha256=NOTHING,
        stderr_sha256=NOTHING,
        stdout_total=0,
        stderr_total=0,
    )


def finish(folder: AttemptFolder, stdout: bytes = b"", stderr: bytes = b"", *, exit_code: int = 0) -> None:
    """What a runner leaves behind."""
    write_output(folder, stdout, stderr)
    kept = measure(folder.spool)
    folder.reserve_exit_record()
    folder.write_exit_record(
        {
            "outcome": "exited",
            "exit_code": exit_code,
            "duration_ms": 5,
            "started_at": 1,
            "ended_at": 6,
            "kept": kept.sizes,
            "total": kept.totals,
            "sha256": kept.hashes,
            "gap": kept.gaps_in(kept.totals),
            "detail": "",
        }
    )


def write_output(folder: AttemptFolder, stdout: bytes, stderr: bytes) -> None:
    """Write more output, as a runner does it piece by piece."""
    with Path(folder.spool).open("ab") as spool:
        for stream, data in enumerate((stdout, stderr)):
            if data:
                spool.write(HEADER.pack(0, stream, len(data)) + data)
