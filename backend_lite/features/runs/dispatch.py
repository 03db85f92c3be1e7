"""Giving out work: one step at a time to each device that is there and may work."""

from __future__ import annotations

from sqlalchemy.orm import Session

from agent.wire.messages import Cancel, Offer
from agent.wire.states import StepState
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet.api import Hub
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.output_store import current_attempt_name
from backend_lite.features.runs.parts import (
    RunParts,
    insert_rows,
    load_open_runs,
    load_run_of_step,
    open_steps,
)
from backend_lite.features.runs.tables import AttemptRow, StepRow
from backend_lite.features.runs.tasks import task_of
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

    def offer_next(self, unit: Unit, device_id: int, fresh: RunParts | None = None) -> int | None:
        """Offer the oldest queued step, unless the device is away or has one in hand; the id of its run.

        `fresh` are the parts of a run that was just written: they need not be loaded again.
        """
        if not self._hub.may_work(device_id):
            return None
        steps = open_steps(unit.session, device_id)
        queued = [step_id for step_id, state in steps if state == StepState.QUEUED]
        if not queued or any(state in _IN_HAND for _, state in steps):
            return None
        parts = fresh if fresh is not None and fresh.has_step(queued[0]) else None
        parts = parts or load_run_of_step(unit.session, queued[0], device_id)
        assert parts is not None
        self._offer(unit, parts, next(step for step in parts.steps if step.id == queued[0]))
        return parts.run.id

    def catch_up(self, unit: Unit, device_id: int) -> None:
        """A device is ready: repeat what it may have missed, then offer. Repeating is harmless."""
        runs = load_open_runs(unit.session, device_id)
        for parts in runs:
            for step in parts.steps:
                if step.state == StepState.OFFERED:
                    unit.publish(SendToDevice(device_id, self._offer_message(unit.session, step)))
                elif step.state == StepState.CANCELLING:
                    unit.publish(SendToDevice(device_id, Cancel(current_attempt_name(self._epoch, step))))
        self._publish(unit, runs)
        self.offer_next(unit, device_id)

    def republish(self, unit: Unit, device_id: int) -> None:
        """What consoles are told of a device's open runs depends on whether it is connected."""
        self._publish(unit, load_open_runs(unit.session, device_id))

    def _publish(self, unit: Unit, runs: list[RunParts]) -> None:
        for parts in runs:
            self._views.publish(unit, parts, with_rollout=False)

    def _offer(self, unit: Unit, parts: RunParts, step: StepRow) -> None:
        now = self._clock.now_ms()
        step.attempt += 1
        attempt = AttemptRow(step_id=step.id, n=step.attempt, offered_at=now)
        insert_rows(unit.session, [attempt])
        parts.attempts[step.id] = attempt
        change_step(parts, step, StepState.OFFERED, now)
        parts.save(unit.session)
        # An offer moves no counter of the rollout.
        self._views.publish(unit, parts, with_rollout=False)
        unit.publish(SendToDevice(step.device_id, self._offer_message(unit.session, step)))

    def _offer_message(self, session: Session, step: StepRow) -> Offer:
        task = task_of(session, step)
        payload = task.payload
        if payload is None and step.revision_id is not None:
            payload = self._library.script_for_run(session, revision_id=step.revision_id).content
        return Offer(
            attempt=current_attempt_name(self._epoch, step),
            type=step.type,
            payload=payload or "",
            timeout_s=float(step.timeout_s),
            arguments=tuple(task.arguments),
            parameters=task.parameters,
        )
