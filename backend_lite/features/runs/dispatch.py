"""Giving out work: one step at a time to each device that is there and may work."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.wire.messages import Cancel, Offer
from agent.wire.states import StepState
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet.api import Hub
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.output_store import current_attempt_name
from backend_lite.features.runs.tables import OPEN_STEP, AttemptRow, RunRow, StepRow
from backend_lite.features.runs.transitions import change_step
from backend_lite.features.runs.views import Views

_IN_HAND = (StepState.OFFERED, StepState.RUNNING, StepState.CANCELLING)


class Dispatcher:
    """Its methods run inside units of work; messages go out after the commit."""

    def __init__(self, hub: Hub, library: LibraryApi, views: Views, clock: Clock, service_epoch: str) -> None:
        self._hub = hub
        self._library = library
        self._views = views
        self._clock = clock
        self._epoch = service_epoch

    def offer_next(self, unit: Unit, device_id: int) -> None:
        """Offer the oldest queued step, unless the device is away or has one in hand."""
        if not self._hub.may_work(device_id):
            return
        steps = open_steps(unit.session, device_id)
        if any(step.state in _IN_HAND for step in steps):
            return
        step = next((step for step in steps if step.state == StepState.QUEUED), None)
        if step is not None:
            self._offer(unit, step)

    def catch_up(self, unit: Unit, device_id: int) -> None:
        """A device is ready: repeat what it may have missed, then offer. Repeating is harmless."""
        for step in open_steps(unit.session, device_id):
            if step.state == StepState.OFFERED:
                unit.publish(SendToDevice(device_id, self._offer_message(unit.session, step)))
            elif step.state == StepState.CANCELLING:
                unit.publish(SendToDevice(device_id, Cancel(current_attempt_name(self._epoch, step))))
        self.offer_next(unit, device_id)
        self.republish(unit, device_id)

    def republish(self, unit: Unit, device_id: int) -> None:
        """What consoles are told of a device's open runs depends on whether it is connected."""
        run_ids = {step.run_id for step in open_steps(unit.session, device_id)}
        for run_id in sorted(run_ids):
            self._views.publish(unit, unit.session.get_one(RunRow, run_id), with_rollout=False)

    def _offer(self, unit: Unit, step: StepRow) -> None:
        now = self._clock.now_ms()
        step.attempt += 1
        unit.session.add(AttemptRow(step_id=step.id, n=step.attempt, offered_at=now))
        change_step(unit.session, step, StepState.OFFERED, now)
        self._views.publish(unit, unit.session.get_one(RunRow, step.run_id))
        unit.publish(SendToDevice(step.device_id, self._offer_message(unit.session, step)))

    def _offer_message(self, session: Session, step: StepRow) -> Offer:
        payload = step.payload
        if payload is None and step.revision_id is not None:
            payload = self._library.script_for_run(session, revision_id=step.revision_id).content
        return Offer(
            attempt=current_attempt_name(self._epoch, step),
            type=step.type,
            payload=payload or "",
            timeout_s=float(step.timeout_s),
            arguments=tuple(step.arguments),
            parameters=step.parameters,
        )


def open_steps(session: Session, device_id: int) -> Sequence[StepRow]:
    """The device's steps that have not ended, oldest first."""
    query = select(StepRow).where(StepRow.device_id == device_id, OPEN_STEP)
    return session.scalars(query.order_by(StepRow.id)).all()
