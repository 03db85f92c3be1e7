"""Steps for agents that poll: one at a time, in order, handed out once.

A reply that was lost strands nothing: without a result, the step's end is unknown a minute after its time
limit, and the next one goes out; a late result still replaces that end.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.codec import MAX_OUTPUT_DATA
from agent.wire.messages import Done, OutputFrame, Permit
from agent.wire.states import Outcome, Source, StepState
from backend_lite.contract.fleet import Admission
from backend_lite.contract.http_agents import AgentAction, AgentResult
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.errors import ConflictError, InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.actions import documented_type
from backend_lite.features.runs.attempts import Attempts
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.http_logs import same_logs, streams_of
from backend_lite.features.runs.keeper import IN_HAND, Keeper
from backend_lite.features.runs.leaving import last_step_waits
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.output_store import AttemptRef, OutputStore
from backend_lite.features.runs.parts import RunParts, load_open_runs
from backend_lite.features.runs.permits import Permits
from backend_lite.features.runs.tables import AttemptRow, StepRow
from backend_lite.features.runs.tasks import Tasks
from backend_lite.features.runs.transitions import change_step
from backend_lite.features.runs.verdict import Verdict

GRACE_MS = 60_000
"""So long after its time limit a step without a result is given up."""
_TOO_MUCH = (
    "The agent on {device} follows the documented calls, which carry the text of a script and nothing else: "
    "this work has arguments or parameters. Install the agent of this service there."
)
_VERDICTS = {
    "succeeded": Verdict(StepState.SUCCEEDED),
    "failed": Verdict(StepState.FAILED, "exit_code"),
}


@dataclass(frozen=True, slots=True)
class _Handed:
    """A step that was handed out, and how its attempt ended if it has."""

    name: str
    attempt_id: int
    nonce: str
    outcome: str | None
    exit_code: int | None
    sizes: tuple[int, int]
    state: StepState
    duration_ms: int


class HttpAgents:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        fleet: FleetApi,
        attempts: Attempts,
        dispatcher: Dispatcher,
        permits: Permits,
        tasks: Tasks,
        keeper: Keeper,
        flow: Flow,
        output: OutputStore,
        epochs: Epochs,
    ) -> None:
        self._database = database
        self._clock = clock
        self._fleet = fleet
        self._attempts = attempts
        self._dispatcher = dispatcher
        self._permits = permits
        self._tasks = tasks
        self._keeper = keeper
        self._flow = flow
        self._output = output
        self._epochs = epochs
        self._reporting: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def heartbeat(self, device_id: int) -> list[AgentAction]:
        """What the device shall do next: one step or nothing. Raises NotFoundError."""
        fleet = self._fleet
        admission, has_last_step = await self._database.read(
            lambda session: (
                fleet.callers.admission(session, device_id),
                fleet.last_step(session, device_id),
            )
        )
        if admission is Admission.RETIRED:
            return await self._last_steps(device_id, has_last_step)
        fleet.callers.heard(device_id)
        action = await self._handed_out(device_id) if admission is Admission.APPROVED else None
        return [action] if action is not None else []

    async def result(self, device_id: int, step_id: int, told: AgentResult) -> None:
        """How a step ended. The same result again changes nothing; another one is a ConflictError.

        Raises InvalidError and NotFoundError with the documented sentences.
        """
        if told.status not in _VERDICTS:
            raise InvalidError("Invalid status")
        async with self._reporting[step_id]:
            handed = await self._database.read(lambda session: self._handed(session, device_id, step_id))
            if handed.outcome is not None:
                await self._refuse_another(handed, told)
            else:
                await self._take(device_id, handed, told)
        self._reporting.pop(step_id, None)

    async def _last_steps(self, device_id: int, has_one: bool) -> list[AgentAction]:
        """Of a retired device; nothing while its turn has not come. Raises NotFoundError once it had it."""
        action = await self._handed_out(device_id) if has_one else None
        if action is not None:
            return [action]
        if has_one and await self._database.read(lambda session: last_step_waits(session, device_id)):
            return []
        raise NotFoundError("Device deleted", code="device_deleted", status=410)

    async def _handed_out(self, device_id: int) -> AgentAction | None:
        ref, action = await self._database.write(lambda unit: self._next(unit, device_id))
        if ref is not None:
            self._output.open(ref)
        return action

    def _next(self, unit: Unit, device_id: int) -> tuple[AttemptRef | None, AgentAction | None]:
        moment = Moment(unit, self._clock.now_ms())
        runs = load_open_runs(moment.connection, [device_id])
        if any(step.state in IN_HAND and step.state != StepState.OFFERED for p in runs for step in p.steps):
            return None, None
        self._dispatcher.offer_there(moment, [device_id])
        offered = self._offered(moment, device_id)
        while offered is not None and self._carries_too_much(moment, *offered):
            self._dispatcher.offer_there(moment, [device_id])
            offered = self._offered(moment, device_id)
        ref = self._permit(moment, device_id, offered[1]) if offered is not None else None
        self._flow.settle(moment)
        return ref, self._action(moment, offered) if ref is not None and offered is not None else None

    def _offered(self, moment: Moment, device_id: int) -> tuple[RunParts, StepRow] | None:
        for parts in load_open_runs(moment.connection, [device_id]):
            for step in parts.steps:
                if step.state == StepState.OFFERED:
                    return parts, step
        return None

    def _carries_too_much(self, moment: Moment, parts: RunParts, step: StepRow) -> bool:
        work = self._tasks.of(moment, parts.rollout.id)[step.n - 1]
        if not work.arguments and not work.parameters:
            return False
        sentence = _TOO_MUCH.format(device=parts.run.device)
        change_step(parts, step, StepState.REJECTED, moment.now, reason=sentence, source=Source.PRESUMED)
        self._keeper.keep(moment, [parts])
        return True

    def _permit(self, moment: Moment, device_id: int, step: StepRow) -> AttemptRef | None:
        """Handing it out is the last point at which anything could have kept it from starting."""
        asked = Permit(self._epochs.name_of(step), secrets.token_hex(16))
        (ref,) = self._permits.answer(moment, [(device_id, asked)])
        if ref is not None:
            (parts,) = [
                one for one in load_open_runs(moment.connection, [device_id]) if one.run.id == step.run_id
            ]
            parts.run.not_until = moment.now + step.timeout_s * 1000 + GRACE_MS
            self._keeper.keep(moment, [parts])
        return ref

    def _action(self, moment: Moment, offered: tuple[RunParts, StepRow]) -> AgentAction:
        parts, step = offered
        work = self._tasks.of(moment, parts.rollout.id)[step.n - 1]
        return AgentAction(step.id, documented_type(work.type), work.payload or None)

    def _handed(self, session: Session, device_id: int, step_id: int) -> _Handed:
        step = stored(session, StepRow, step_id)
        if step is None or step.device_id != device_id:
            raise NotFoundError("Action not found")
        attempt = session.scalar(
            select(AttemptRow).where(AttemptRow.step_id == step_id, AttemptRow.n == step.attempt)
        )
        if attempt is None or attempt.nonce is None:
            raise ConflictError("This action was not handed out, so it cannot have a result.")
        return _Handed(
            name=self._epochs.name_of(step),
            attempt_id=attempt.id,
            nonce=attempt.nonce,
            outcome=attempt.outcome,
            exit_code=attempt.exit_code,
            sizes=(attempt.stdout_size, attempt.stderr_size),
            state=StepState(step.state),
            duration_ms=max(0, self._clock.now_ms() - (attempt.permitted_at or 0)),
        )

    async def _take(self, device_id: int, handed: _Handed, told: AgentResult) -> None:
        streams = streams_of(told.logs)
        entry = await self._output.find(device_id, handed.name)
        if entry is None:
            raise ConflictError("This action has ended: its result is not waited for any more.")
        if any(entry.output.sizes):
            # Part of a result whose other part was lost with a service that was killed.
            entry.output.restart()
        for stream, data in enumerate(streams):
            for offset in range(0, len(data), MAX_OUTPUT_DATA):
                piece = data[offset : offset + MAX_OUTPUT_DATA]
                await self._attempts.output(device_id, OutputFrame(handed.name, stream, offset, 0, piece))
        ended = _done(handed, told, streams, self._clock.now_ms())
        await self._attempts.done(device_id, ended, _VERDICTS[told.status])

    async def _refuse_another(self, handed: _Handed, told: AgentResult) -> None:
        same = handed.exit_code == told.exit_code and handed.state == _VERDICTS[told.status].state
        if not same or not await same_logs(self._output, handed.attempt_id, handed.sizes, told.logs):
            raise ConflictError("This action has another result already; that one stays.")


def _done(handed: _Handed, told: AgentResult, streams: tuple[bytes, bytes], now: int) -> Done:
    sizes, sums = [len(data) for data in streams], [hashlib.sha256(data).hexdigest() for data in streams]
    return Done(
        handed.name, handed.nonce, Outcome.EXITED, told.exit_code, handed.duration_ms,
        now - handed.duration_ms, now,
        sizes[0], sizes[1], sums[0], sums[1], sizes[0], sizes[1],
    )  # fmt: skip
