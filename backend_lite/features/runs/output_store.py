"""All output, open and ended: takes frames in, tells consoles how much there is, gives bytes out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.messages import STREAMS, OutputFrame, OutputMark, Resend
from agent.wire.states import StepState
from backend_lite.contract.live import OUTPUT
from backend_lite.contract.output import OutputIndex, OutputPiece
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.events.bus import Changed, EventBus, SendToDevice
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.output import PIECE_SIZE, SMALL, OpenOutput, OutputFiles, unpack_pieces
from backend_lite.features.runs.tables import AttemptRow, SmallOutputRow, StepRow

log = structlog.get_logger(__name__)

READ_LIMIT = 4 << 20
INDEX_LIMIT = 20_000
_ANNOUNCE_S = 0.05
_SPILL_AFTER_S = 1.0

_TAKES_OUTPUT = (StepState.RUNNING, StepState.CANCELLING, StepState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class AttemptRef:
    """Where an attempt belongs. `fresh`: it got its permit just now, so there is no output of it yet."""

    id: int
    name: str
    n: int
    nonce: str
    device_id: int
    step_id: int
    step_n: int
    run_id: int
    fresh: bool = False


class OpenAttemptOutput:
    """An attempt whose output is coming in. `announced`: how much consoles were told there is, just now.
    `ending`: all of it is here, and about to be durable with the outcome."""

    def __init__(self, ref: AttemptRef, output: OpenOutput) -> None:
        self.ref = ref
        self.output = output
        self.restarts = 0
        self.asked_with: tuple[int, int] | None = None
        """How much had come when the agent was last asked for more."""
        self.announced: tuple[int, int] | None = None
        self.ending = False


class OutputStore:
    """Lives on the loop; `sizes` may be called from any thread."""

    def __init__(self, folder: Path, database: Database, bus: EventBus, clock: Clock, epochs: Epochs) -> None:
        self._files = OutputFiles(folder)
        self._database = database
        self._bus = bus
        self._clock = clock
        self._epochs = epochs
        self._open: dict[str, OpenAttemptOutput] = {}
        self._by_id: dict[int, OpenAttemptOutput] = {}
        self._announced: list[OpenAttemptOutput] = []

    async def take(self, device_id: int, frame: OutputFrame) -> None:
        """Keep a frame from the device's agent; frames of attempts that it may not run are dropped."""
        entry = await self.find(device_id, frame.attempt)
        if entry is None:
            log.warning("output of an attempt that is not open", device=device_id, attempt=frame.attempt)
            return
        if entry.output.append(frame):
            self._announce(entry)
        else:
            self.ask_again(entry)

    async def find(self, device_id: int, attempt: str) -> OpenAttemptOutput | None:
        """The open attempt of that name if it is this device's."""
        entry = self._open.get(attempt)
        if entry is None:
            ref = await self.locate(attempt)
            entry = self.open(ref) if ref is not None else None
        return entry if entry is not None and entry.ref.device_id == device_id else None

    async def locate(self, attempt: str) -> AttemptRef | None:
        """The permitted attempt of that name that has no outcome yet."""
        place = self._epochs.step_of(attempt)
        if place is None:
            return None
        return await self._database.read(lambda session: _locate(session, attempt, *place))

    def open(self, ref: AttemptRef) -> OpenAttemptOutput:
        entry = self._open.get(ref.name)
        if entry is None:
            output = OpenOutput(self._files, ref.id, self._clock.monotonic(), fresh=ref.fresh)
            entry = OpenAttemptOutput(ref, output)
            self._open[ref.name] = self._by_id[ref.id] = entry
        return entry

    async def mark(self, device_id: int, attempt: str) -> OutputMark | None:
        """From where the agent shall go on sending, or None when the attempt is not open."""
        entry = await self.find(device_id, attempt)
        return OutputMark(attempt, *entry.output.sizes) if entry else None

    def ask_again(self, entry: OpenAttemptOutput) -> None:
        stdout, stderr = entry.output.sizes
        self._bus.publish([SendToDevice(entry.ref.device_id, Resend(entry.ref.name, stdout, stderr))])

    def finish(self, ref: AttemptRef, *, in_database: bool) -> None:
        """The outcome is committed: nothing more comes."""
        entry = self._open.pop(ref.name, None)
        self._by_id.pop(ref.id, None)
        if entry is not None:
            entry.output.close()
            if in_database and entry.output.spilled:
                self._files.delete(ref.id)

    async def remove(self, attempt_ids: Sequence[int]) -> None:
        """Delete what there is of ended attempts in files."""
        for attempt_id in attempt_ids:
            entry = self._by_id.pop(attempt_id, None)
            if entry is not None:
                self._open.pop(entry.ref.name, None)
                entry.output.close()
        await asyncio.to_thread(self._files.delete_all, attempt_ids)

    def files_of_attempts(self) -> list[list[int]]:
        """The ids of all attempts that have files, some at a time."""
        return self._files.attempts()

    def sizes(self, attempt_id: int) -> tuple[int, int] | None:
        """Bytes of stdout and stderr of an open attempt."""
        entry = self._by_id.get(attempt_id)
        return entry.output.sizes if entry else None

    async def read(self, attempt_id: int, stream: int, offset: int, limit: int) -> bytes:
        """Up to `limit` (at most READ_LIMIT) raw bytes of `stream` from `offset`."""
        limit = min(limit, READ_LIMIT)
        entry = self._by_id.get(attempt_id)
        if entry is not None:
            return entry.output.read(stream, offset, limit)
        small = await self._small(attempt_id)
        if small is not None:
            return (small.stdout, small.stderr)[stream][offset : offset + limit]
        return await asyncio.to_thread(self._files.read, attempt_id, STREAMS[stream], offset, limit)

    async def reader(self, attempt_id: int, stream: int) -> Callable[[int, int], bytes]:
        """(offset, limit) -> raw bytes of `stream`; may be called in a thread."""
        entry = self._by_id.get(attempt_id)
        if entry is not None and not entry.output.spilled:
            data = entry.output.read(stream, 0, SMALL)
        elif entry is None and (small := await self._small(attempt_id)) is not None:
            data = (small.stdout, small.stderr)[stream]
        else:
            return partial(self._files.read, attempt_id, STREAMS[stream])
        return lambda offset, limit: data[offset : offset + limit]

    async def index(self, attempt_id: int, start: int) -> OutputIndex:
        """The pieces in the order in which they arrived, at most INDEX_LIMIT of them, from piece `start`."""
        offset, limit = start * PIECE_SIZE, INDEX_LIMIT * PIECE_SIZE
        entry = self._by_id.get(attempt_id)
        if entry is not None:
            raw, size = entry.output.read_pieces(offset, limit), entry.output.pieces_size()
        elif (small := await self._small(attempt_id)) is not None:
            raw, size = small.pieces[offset : offset + limit], len(small.pieces)
        else:
            raw = await asyncio.to_thread(self._files.read, attempt_id, "pieces", offset, limit)
            size = await asyncio.to_thread(self._files.size, attempt_id, "pieces")
        return OutputIndex([OutputPiece(*piece) for piece in unpack_pieces(raw)], size // PIECE_SIZE)

    def spill_old(self) -> None:
        """Put output that has been in memory for a while into files, so that a kill leaves it readable."""
        now = self._clock.monotonic()
        for entry in self._open.values():
            if (
                not entry.ending
                and not entry.output.spilled
                and now - entry.output.opened_at >= _SPILL_AFTER_S
            ):
                entry.output.spill()

    def close(self) -> None:
        for entry in self._open.values():
            entry.output.spill()
            entry.output.close()

    async def _small(self, attempt_id: int) -> SmallOutputRow | None:
        return await self._database.read(lambda session: session.get(SmallOutputRow, attempt_id))

    def _announce(self, entry: OpenAttemptOutput) -> None:
        # At most about every _ANNOUNCE_S for each attempt: consoles fetch what is new by range.
        if entry.announced is not None:
            return
        self._say(entry)
        self._announced.append(entry)
        if len(self._announced) == 1:
            asyncio.get_running_loop().call_later(_ANNOUNCE_S, self._announce_again)

    def _announce_again(self) -> None:
        before, self._announced = self._announced, []
        for entry in before:
            told, entry.announced = entry.announced, None
            if entry.output.sizes != told:
                self._announce(entry)

    def _say(self, entry: OpenAttemptOutput) -> None:
        ref = entry.ref
        stdout, stderr = entry.announced = entry.output.sizes
        change = {"run_id": ref.run_id, "n": ref.step_n, "attempt": ref.n, "stdout": stdout, "stderr": stderr}
        self._bus.publish([Changed(OUTPUT, ref.step_id, change)])


def _locate(session: Session, name: str, step_id: int, n: int) -> AttemptRef | None:
    query = (
        select(AttemptRow, StepRow)
        .join(StepRow, StepRow.id == AttemptRow.step_id)
        .where(AttemptRow.step_id == step_id, AttemptRow.n == n, AttemptRow.nonce.is_not(None))
    )
    found = session.execute(query).first()
    if found is None or found[0].outcome is not None or found[1].state not in _TAKES_OUTPUT:
        return None
    return ref_of(name, found[0], found[1])


def ref_of(name: str, attempt: AttemptRow, step: StepRow, *, fresh: bool = False) -> AttemptRef:
    return AttemptRef(
        attempt.id, name, attempt.n, attempt.nonce or "", step.device_id, step.id, step.n, step.run_id, fresh
    )
