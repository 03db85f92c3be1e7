"""Giving out work: one step at a time to each device that is there and may work."""

from __future__ import annotations

from agent.wire.messages import Cancel, Receipt
from agent.wire.states import RunState, Source, StepState
from backend_lite.contract.runs import OfflinePolicy, RebootPolicy
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.gates import (
    Hold,
    Waits,
    concurrency_hold,
    gate_of,
    slots_left,
    window_gate,
)
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.output_store import current_attempt_name
from backend_lite.features.runs.parts import (
    OpenStep,
    RunParts,
    insert_rows,
    load_open_runs,
    load_run,
    open_steps,
)
from backend_lite.features.runs.pause_gate import pause_gate
from backend_lite.features.runs.reboots import OLD_AGENT_VERSION
from backend_lite.features.runs.tables import AttemptRow, StepRow
from backend_lite.features.runs.tasks import Tasks, offer_of
from backend_lite.features.runs.transitions import change_step, hold_step

_IN_HAND = (StepState.OFFERED, StepState.RUNNING, StepState.CANCELLING)


class Dispatcher:
    """Its methods run inside units of work; messages go out after the commit."""

    def __init__(self, fleet: FleetApi, tasks: Tasks, keeper: Keeper, service_epoch: str) -> None:
        self._fleet = fleet
        self._hub = fleet.hub
        self._tasks = tasks
        self._keeper = keeper
        self._epoch = service_epoch

    def offer_next(self, moment: Moment, device_id: int) -> None:
        """Offer the device the oldest work that it may do now, if it is there and has nothing in hand."""
        if not self._hub.may_work(device_id):
            return
        steps = open_steps(moment.session, device_id)
        busy = any(occupies(step) for step in steps)
        for step in steps:
            if (step.policy.parallel or not busy) and is_ready(step):
                offered = self._try(moment, step.run_id, step.step_id)
                busy = busy or (offered and not step.policy.parallel)

    def hold_of(self, moment: Moment, parts: RunParts) -> Hold | None:
        """What keeps work from starting on the run's device: a pause, or its window."""
        hold = pause_gate(moment, self._fleet, parts.run)
        if hold is None and parts.policy.window is not None:
            target = self._fleet.target(moment.session, parts.run.device_id)
            assert target is not None
            hold = window_gate(parts.policy.window, target, moment.now)
        return hold

    def turn_away(self, moment: Moment, parts: RunParts) -> bool:
        """The turn of a run has come: end it if its device is offline and the policy does not wait for it."""
        policy, step = parts.policy.offline, parts.next_step
        there = self._hub.connected(parts.run.device_id)
        if there or policy is OfflinePolicy.QUEUE or step.attempt or step.n > 1:
            return False
        state = StepState.SKIPPED if policy is OfflinePolicy.SKIP else StepState.FAILED
        change_step(parts, step, state, moment.now, reason="offline", source=Source.PRESUMED)
        return True

    def put_back(self, moment: Moment, parts: RunParts, step: StepRow, hold: Hold | None) -> None:
        """Take back an offer for which no permit was granted, and never will be: the next offer has another
        number. The agent is told, so that it does not ask in vain."""
        name = current_attempt_name(self._epoch, step)
        moment.unit.publish(SendToDevice(step.device_id, Cancel(name)))
        if hold is None:
            change_step(parts, step, StepState.QUEUED, moment.now)
        else:
            hold_step(parts, step, hold, moment.now)

    def catch_up(self, moment: Moment, device_id: int) -> None:
        """A device is ready: repeat what it may have missed, then offer. Repeating is harmless."""
        runs = load_open_runs(moment.session, device_id)
        for parts in runs:
            for step in parts.steps:
                if step.state == StepState.OFFERED:
                    self._send_offer(moment, parts, step)
                elif step.state == StepState.CANCELLING:
                    name = current_attempt_name(self._epoch, step)
                    moment.unit.publish(SendToDevice(device_id, Cancel(name)))
                elif step.state == StepState.WAITING and step.reason == Waits.REBOOT:
                    self._after_reboot(moment, parts, step)
        self._keeper.keep(moment, runs)
        moment.device_is_free(device_id)

    def lost(self, moment: Moment, device_id: int) -> None:
        """The device has gone: an offer that it has not taken up keeps no place that others could have. What
        consoles are told of its open runs depends on whether it is connected."""
        runs = load_open_runs(moment.session, device_id)
        for parts in runs:
            step = parts.next_step
            if step.state == StepState.OFFERED and parts.policy.concurrency is not None:
                self.put_back(moment, parts, step, None)
        self._keeper.keep(moment, runs)

    def _after_reboot(self, moment: Moment, parts: RunParts, step: StepRow) -> None:
        if self._hub.boot_id(step.device_id) != parts.run.boot_id:
            parts.run.reboots += 1
            change_step(parts, step, StepState.QUEUED, moment.now)
        elif parts.policy.reboot is RebootPolicy.NOW:
            announced = next(one for one in parts.steps if one.n == step.n - 1)
            name = current_attempt_name(self._epoch, announced)
            moment.unit.publish(SendToDevice(step.device_id, Receipt(name, reboot=True)))

    def _try(self, moment: Moment, run_id: int, step_id: int) -> bool:
        """True when the step was offered; else it waits with its reason, or was refused."""
        parts = moment.fresh.get(run_id) or load_run(moment.session, run_id)
        assert parts is not None
        step = next(one for one in parts.steps if one.id == step_id)
        hold = self.hold_of(moment, parts) or self._no_place(parts)
        if hold is not None:
            if step.reason != hold.reason:
                hold_step(parts, step, hold, moment.now)
                self._keeper.keep(moment, [parts])
            return False
        if step.state == StepState.WAITING:
            change_step(parts, step, StepState.QUEUED, moment.now)
        self._offer(moment, parts, step)
        self._keeper.keep(moment, [parts])
        return step.state == StepState.OFFERED

    def _no_place(self, parts: RunParts) -> Hold | None:
        left = slots_left(parts.rollout, parts.policy)
        has_one = parts.run.state == RunState.RUNNING
        return None if left is None or left > 0 or has_one else concurrency_hold(parts.policy)

    def _offer(self, moment: Moment, parts: RunParts, step: StepRow) -> None:
        if (earlier := parts.attempt_of(step)) is not None and earlier.outcome is not None:
            parts.tries.setdefault(step.id, []).append(earlier)
        step.attempt += 1
        attempt = AttemptRow(step_id=step.id, n=step.attempt, offered_at=moment.now)
        insert_rows(moment.session, [attempt])
        parts.attempts[step.id] = attempt
        parts.note(attempt)
        change_step(parts, step, StepState.OFFERED, moment.now)
        self._send_offer(moment, parts, step)

    def _send_offer(self, moment: Moment, parts: RunParts, step: StepRow) -> None:
        task = self._tasks.of(moment, parts.rollout.id)[step.n - 1]
        old = (self._hub.wire_version(step.device_id) or 0) <= OLD_AGENT_VERSION
        if old and task.too_new(parts.policy):
            sentence = f"The agent on {parts.run.device} is too old for this work: update it."
            change_step(parts, step, StepState.REJECTED, moment.now, reason=sentence, source=Source.PRESUMED)
            return
        name = current_attempt_name(self._epoch, step)
        message = offer_of(moment.session, name, step, task, parts.policy)
        moment.unit.publish(SendToDevice(step.device_id, message))


def occupies(step: OpenStep) -> bool:
    """The step keeps its device from other work, which is not `parallel`: it is in hand, or the machine is
    about to restart because of it."""
    if step.state in _IN_HAND:
        return not step.policy.parallel
    return step.reason == Waits.REBOOT and step.policy.reboot is RebootPolicy.NOW


def is_ready(step: OpenStep) -> bool:
    """The step could be offered, as far as its rollout and its own waits are concerned."""
    if gate_of(step.rollout_state, step.rollout_wave, step.wave) is not None:
        return False
    return step.state == StepState.QUEUED or (
        step.state == StepState.WAITING and step.reason == Waits.CONCURRENCY
    )
