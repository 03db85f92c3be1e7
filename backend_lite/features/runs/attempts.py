"""What agents say about attempts: the permit, the outcome, and what is still open after a reconnect."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.messages import Done, Hello, Holding, OutputFrame, OutputMark, Permit
from agent.wire.states import Outcome, Source, StepState
from backend_lite.contract.fleet import Admission
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.api import FleetApi, HelloAnswer
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.gathering import Gathering
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.lookup import find_attempts
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.outcomes import Outcomes, Told
from backend_lite.features.runs.output import KeptOutput
from backend_lite.features.runs.output_store import (
    AttemptRef,
    OpenAttemptOutput,
    OutputStore,
)
from backend_lite.features.runs.parts import load_open_runs
from backend_lite.features.runs.permits import Asked, Permits
from backend_lite.features.runs.restored import AfterRestore
from backend_lite.features.runs.tables import OPEN_STEP, StepRow
from backend_lite.features.runs.transitions import change_step
from backend_lite.features.runs.verdict import Verdict

_IN_DOUBT = (StepState.RUNNING, StepState.CANCELLING)
log = structlog.get_logger(__name__)

_MAX_RESTARTS = 3
"""How often damaged output is asked for again before what there is is kept."""


class Attempts:
    """Handlers of the agent channel. Each message is idempotent; answers follow the commit."""

    def __init__(
        self,
        database: Database,
        fleet: FleetApi,
        clock: Clock,
        output: OutputStore,
        dispatcher: Dispatcher,
        permits: Permits,
        outcomes: Outcomes,
        restored: AfterRestore,
        keeper: Keeper,
        flow: Flow,
        epochs: Epochs,
    ) -> None:
        self._database = database
        self._fleet = fleet
        self._clock = clock
        self._output = output
        self._dispatcher = dispatcher
        self._permits = permits
        self._outcomes = outcomes
        self._restored = restored
        self._keeper = keeper
        self._flow = flow
        self._epochs = epochs
        self._asked = Gathering(database, self._answer)
        self._told = Gathering(database, self._take)
        self._came = Gathering(database, self._catch_up)

    async def hello(self, device_id: int, hello: Hello, _new_incarnation: bool) -> HelloAnswer:
        """Sort the agent's open attempts into those we still want and those it may forget.

        An agent lists every attempt that it has a permit for, so one that it does not list is lost. That does
        not depend on a new incarnation: the service may have been killed when it had only just noted that.
        """
        listed = {entry.attempt: entry for entry in hello.open_attempts}
        # A permit that a former life of the device still waits for must be among those that can be lost.
        await self._asked.settled()
        if self._restored.knows_of(hello.open_attempts):
            await self._database.write(lambda unit: self._adopt(self._at(unit), device_id, hello))
        wanted, permitted = await self._database.read(lambda session: self._known(session, device_id))
        if not permitted <= listed.keys():
            await self._database.write(lambda unit: self._lose(self._at(unit), device_id, set(listed)))
        marks: list[OutputMark] = []
        for name in listed:
            if name in wanted:
                marks.append(await self._output.mark(device_id, name) or OutputMark(name, 0, 0))
        rest = [name for name in listed if name not in wanted]
        if rest:
            boot_id = hello.incarnation.boot_id
            marks += await self._database.read(
                lambda session: self._outcomes.to_restart(session.connection(), device_id, rest, boot_id)
            )
        marked = {mark.attempt for mark in marks}
        return HelloAnswer(tuple(marks), tuple(name for name in rest if name not in marked))

    async def ready(self, device_id: int) -> None:
        await self._came.handle(device_id)

    async def lost(self, device_id: int) -> None:
        """The device's last channel is gone."""

        def work(unit: Unit) -> None:
            moment = self._at(unit)
            self._dispatcher.lost(moment, device_id)
            self._flow.settle(moment)

        await self._database.write(work)

    async def permit(self, device_id: int, message: Permit) -> None:
        ref = await self._asked.handle((device_id, message))
        if ref is not None:
            self._output.open(ref)

    async def holding(self, device_id: int, message: Holding) -> None:
        """The agent cannot ask for its permit yet, or can again."""
        await self._database.write(lambda unit: self._hold(self._at(unit), device_id, message))

    async def output(self, device_id: int, frame: OutputFrame) -> None:
        await self._output.take(device_id, frame)

    async def done(self, device_id: int, message: Done, judged: Verdict | None = None) -> None:
        """Take an outcome once its output is whole; otherwise ask for what is missing. `judged` is its
        verdict, where the device gives one."""
        entry = await self._output.find(device_id, message.attempt)
        if entry is None or entry.ref.nonce != message.nonce:
            await self._told.handle(Told(device_id, message))
            return
        kept = entry.output.kept()
        if not self._complete(entry, kept, message):
            self._output.ask_again(entry)
            return
        small = entry.output.small()
        if small is None:
            await entry.output.sync()
        entry.ending = True
        try:
            await self._told.handle(Told(device_id, message, kept, small, judged))
        finally:
            entry.ending = False
        self._output.finish(entry.ref, in_database=small is not None)

    def _complete(self, entry: OpenAttemptOutput, kept: KeptOutput, message: Done) -> bool:
        told = (message.stdout_size, message.stderr_size)
        if kept == KeptOutput(told, (message.stdout_sha256, message.stderr_sha256)):
            return True
        if message.outcome == Outcome.UNKNOWN and kept.sizes[0] >= told[0] and kept.sizes[1] >= told[1]:
            # A device that lost its power may have lost what had arrived here already.
            return True
        if entry.restarts >= _MAX_RESTARTS:
            log.error(
                "output stays damaged, kept as it is", attempt=message.attempt, have=kept.sizes, told=told
            )
            return True
        if kept.sizes[0] > told[0] or kept.sizes[1] > told[1] or kept.sizes == told:
            entry.restarts += 1
            entry.output.restart()
        elif kept.sizes == entry.asked_with:
            # It was asked before, and has nothing more to send.
            entry.restarts += 1
        entry.asked_with = entry.output.sizes
        return False

    def _at(self, unit: Unit) -> Moment:
        return Moment(unit, self._clock.now_ms())

    def _answer(self, unit: Unit, asked: Sequence[Asked]) -> list[AttemptRef | None]:
        moment = self._at(unit)
        refs = self._permits.answer(moment, asked)
        self._flow.settle(moment)
        return refs

    def _take(self, unit: Unit, told: Sequence[Told]) -> Sequence[None]:
        moment = self._at(unit)
        self._outcomes.take(moment, told)
        self._flow.settle(moment)
        return [None] * len(told)

    def _catch_up(self, unit: Unit, device_ids: Sequence[int]) -> Sequence[None]:
        moment = self._at(unit)
        self._dispatcher.catch_up(moment, list(dict.fromkeys(device_ids)))
        self._flow.settle(moment)
        return [None] * len(device_ids)

    def _hold(self, moment: Moment, device_id: int, message: Holding) -> None:
        (found,) = find_attempts(moment.connection, self._epochs, [(device_id, message.attempt)])
        if found is None or found[1].state != StepState.OFFERED:
            return
        parts, step, _ = found
        step.reason = parts.run.reason = message.reason[:80]
        parts.run.waiting = message.detail[:500] if message.reason else None
        self._keeper.keep(moment, [parts])

    def _adopt(self, moment: Moment, device_id: int, hello: Hello) -> None:
        target = self._fleet.target(moment.session, device_id)
        if target is not None and target.admission != Admission.QUARANTINED:
            self._restored.adopt(moment, device_id, hello.open_attempts)

    def _lose(self, moment: Moment, device_id: int, listed: set[str]) -> None:
        """Permits that the device does not list are lost; while it has a copy, a person has to decide."""
        target = self._fleet.target(moment.session, device_id)
        if target is None or target.admission == Admission.QUARANTINED:
            return
        runs = load_open_runs(moment.connection, [device_id])
        for parts in runs:
            for step in parts.steps:
                if step.state in _IN_DOUBT and self._epochs.name_of(step) not in listed:
                    change_step(
                        parts,
                        step,
                        StepState.UNKNOWN,
                        moment.now,
                        reason="journal_lost",
                        source=Source.PRESUMED,
                    )
        self._keeper.keep(moment, runs)
        self._flow.settle(moment)

    def _known(self, session: Session, device_id: int) -> tuple[set[str], set[str]]:
        """Names of the device's attempts of which the service still wants to hear, and of those among them
        that it holds a permit for."""
        # Two queries: one that asks for either could not use the short index over open steps.
        of_device = select(StepRow).where(StepRow.device_id == device_id)
        in_doubt = StepRow.state == StepState.UNKNOWN, StepRow.source == Source.PRESUMED
        steps = [*session.scalars(of_device.where(OPEN_STEP)), *session.scalars(of_device.where(*in_doubt))]
        permitted = [step for step in steps if step.state in _IN_DOUBT]
        wanted, doubtful = ({self._epochs.name_of(step) for step in some} for some in (steps, permitted))
        return wanted, doubtful
