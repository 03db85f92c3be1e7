"""Giving out work: one step at a time to each device that is there and may work."""

from __future__ import annotations

from collections.abc import Sequence

from agent.wire.messages import Cancel
from agent.wire.states import RunState, Source, StepState
from backend_lite.contract.runs import OfflinePolicy, RebootPolicy
from backend_lite.core.events.bus import SendToDevice
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.destructive_cap import DestructiveCap, Places
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.gates import (
    Hold,
    Waits,
    concurrency_hold,
    gate_of,
    rollout_gate,
    slots_left,
    window_gate,
)
from backend_lite.features.runs.keeper import IN_HAND, Keeper
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.parts import (
    OpenStep,
    RunParts,
    insert_attempts,
    load_open_runs,
    load_runs,
    open_steps,
)
from backend_lite.features.runs.pause_gate import pause_gate
from backend_lite.features.runs.rows import ATTEMPT_ROWS
from backend_lite.features.runs.tables import StepRow
from backend_lite.features.runs.tasks import Tasks, offer_of, sealed_secrets
from backend_lite.features.runs.transitions import change_step, has_begun, hold_step


class Dispatcher:
    """Its methods run inside units of work; messages go out after the commit."""

    def __init__(
        self, fleet: FleetApi, tasks: Tasks, keeper: Keeper, epochs: Epochs, cap: DestructiveCap
    ) -> None:
        self._fleet = fleet
        self._hub = fleet.hub
        self._tasks = tasks
        self._keeper = keeper
        self._epochs = epochs
        self._cap = cap

    def offer(self, moment: Moment, device_ids: Sequence[int]) -> None:
        """Offer each device the oldest work that it may do now, if it is there and has nothing in hand."""
        hub = self._hub
        there = [one for one in device_ids if hub.may_work(one) or hub.may_leave(one)]
        if there:
            self.offer_there(moment, there)

    def offer_there(self, moment: Moment, there: Sequence[int]) -> None:
        """The same for devices of which it is known that they are there and may work."""
        steps = open_steps(moment.connection, there)
        turns = [_Turn(steps[device_id]) for device_id in there if device_id in steps]
        while turns := [turn for turn in turns if turn.has_next()]:
            offered = self._try(moment, [turn.step for turn in turns])
            for turn in turns:
                turn.took(turn.step.step_id in offered)

    def hold_of(self, moment: Moment, parts: RunParts) -> Hold | None:
        """What keeps work from starting on the run's device: a pause, or its window."""
        hold = pause_gate(moment, self._fleet, parts.run)
        if hold is None and parts.policy.window is not None:
            self._get_targets(moment, [parts.run.device_id])
            hold = window_gate(parts.policy.window, moment.targets[parts.run.device_id], moment.now)
        return hold

    def turn_away(self, moment: Moment, parts: RunParts) -> bool:
        """The turn of a run has come: end it if its device is offline and the policy does not wait for it."""
        policy, step = parts.policy.offline, parts.next_step
        there = self._hub.connected(parts.run.device_id)
        if there or policy is OfflinePolicy.QUEUE or step.attempt or has_begun(parts.steps):
            return False
        state = StepState.SKIPPED if policy is OfflinePolicy.SKIP else StepState.FAILED
        change_step(parts, step, state, moment.now, reason="offline", source=Source.PRESUMED)
        return True

    def put_back(self, moment: Moment, parts: RunParts, step: StepRow, hold: Hold | None) -> None:
        """Take back an offer for which no permit was granted, and never will be: the next offer has another
        number. The agent is told, so that it does not ask in vain."""
        name = self._epochs.name_of(step)
        moment.unit.publish(SendToDevice(step.device_id, Cancel(name)))
        if hold is None:
            change_step(parts, step, StepState.QUEUED, moment.now)
        else:
            hold_step(parts, step, hold, moment.now)

    def catch_up(self, moment: Moment, device_ids: Sequence[int]) -> None:
        """Devices are ready: repeat what they may have missed, then offer. Repeating is harmless."""
        runs = load_open_runs(moment.connection, device_ids)
        offered: list[tuple[RunParts, StepRow]] = []
        for parts in runs:
            for step in parts.steps:
                if step.state == StepState.OFFERED:
                    offered.append((parts, step))
                elif step.state == StepState.CANCELLING:
                    name = self._epochs.name_of(step)
                    moment.unit.publish(SendToDevice(step.device_id, Cancel(name)))
                elif step.state == StepState.WAITING and step.reason == Waits.REBOOT:
                    self._after_reboot(parts, step, moment.now)
        self._send(moment, offered)
        self._keeper.keep(moment, runs)
        for device_id in device_ids:
            moment.device_is_free(device_id)

    def lost(self, moment: Moment, device_id: int) -> None:
        """The device has gone: an offer that it has not taken up keeps no place that others could have. What
        consoles are told of its open runs depends on whether it is connected."""
        runs = load_open_runs(moment.connection, [device_id])
        for parts in runs:
            step = parts.next_step
            takes_a_place = parts.policy.concurrency is not None or step.destructive
            if step.state == StepState.OFFERED and takes_a_place:
                self.put_back(moment, parts, step, None)
        self._keeper.keep(moment, runs)

    def _after_reboot(self, parts: RunParts, step: StepRow, now: int) -> None:
        if self._hub.boot_id(step.device_id) != parts.run.boot_id:
            parts.run.reboots += 1
            change_step(parts, step, StepState.QUEUED, now)

    def _try(self, moment: Moment, steps: Sequence[OpenStep]) -> set[int]:
        """The ids of the steps that were offered; the others wait with their reason, or were refused."""
        runs = self._runs(moment, steps)
        changed: list[RunParts] = []
        offered: list[tuple[RunParts, StepRow]] = []
        places = self._places(moment, runs, steps)
        for parts, tried in zip(runs, steps, strict=True):
            step = parts.step(tried.step_id)
            gate = rollout_gate(parts.rollout, parts.run.wave)
            hold = self.hold_of(moment, parts) or self._no_place(parts)
            if hold is None and gate is None and places is not None and step.destructive:
                hold = places.take()
            if hold is None and gate is None:
                _begin_attempt(parts, step, moment.now)
                offered.append((parts, step))
                changed.append(parts)
            elif hold is not None and step.reason != hold.reason:
                hold_step(parts, step, hold, moment.now)
                changed.append(parts)
        if offered:
            insert_attempts(moment.connection, [parts.attempts[step.id] for parts, step in offered])
        self._send(moment, offered)
        self._keeper.keep(moment, changed)
        return {step.id for _, step in offered if step.state == StepState.OFFERED}

    def _places(self, moment: Moment, runs: Sequence[RunParts], steps: Sequence[OpenStep]) -> Places | None:
        """What is left for destructive steps, where any of them is one."""
        if any(parts.step(one.step_id).destructive for parts, one in zip(runs, steps, strict=True)):
            return self._cap.places(moment, offered=True)
        return None

    def _runs(self, moment: Moment, steps: Sequence[OpenStep]) -> list[RunParts]:
        unknown = [step.run_id for step in steps if step.run_id not in moment.fresh]
        loaded = {parts.run.id: parts for parts in load_runs(moment.connection, unknown)}
        runs = [moment.fresh.get(step.run_id) or loaded[step.run_id] for step in steps]
        self._get_targets(moment, [one.run.device_id for one in runs if one.policy.window is not None])
        return runs

    def _get_targets(self, moment: Moment, device_ids: Sequence[int]) -> None:
        unknown = [device_id for device_id in device_ids if device_id not in moment.targets]
        if unknown:
            moment.targets |= self._fleet.targets(moment.session, unknown)

    def _no_place(self, parts: RunParts) -> Hold | None:
        left = slots_left(parts.rollout, parts.policy)
        has_one = parts.run.state == RunState.RUNNING
        return None if left is None or left > 0 or has_one else concurrency_hold(parts.policy)

    def _send(self, moment: Moment, offered: Sequence[tuple[RunParts, StepRow]]) -> None:
        """Send the offers of steps that are offered."""
        works = [self._tasks.of(moment, parts.rollout.id)[step.n - 1] for parts, step in offered]
        secret = [step.id for (_, step), work in zip(offered, works, strict=True) if work.has_secrets]
        sealed = sealed_secrets(moment.connection, secret) if secret else {}
        for (parts, step), work in zip(offered, works, strict=True):
            needed = work.wire_version(parts.policy)
            if needed > 1 and (self._hub.wire_version(step.device_id) or 0) < needed:
                sentence = f"The agent on {parts.run.device} is too old for this work: update it."
                change_step(
                    parts, step, StepState.REJECTED, moment.now, reason=sentence, source=Source.PRESUMED
                )
                continue
            name = self._epochs.name_of(step)
            downloads = self._tasks.downloads(step.device_id, work)
            message = offer_of(name, step, work, parts.policy, sealed.get(step.id, {}), downloads)
            moment.unit.publish(SendToDevice(step.device_id, message))


class _Turn:
    """What a device is offered one after the other, oldest first, until it is busy."""

    __slots__ = ("_busy", "_rest", "step")

    def __init__(self, steps: Sequence[OpenStep]) -> None:
        self._busy = any(occupies(step) for step in steps)
        self._rest = iter(steps)
        self.step = steps[0]

    def has_next(self) -> bool:
        """True when `step` is one that it may do now."""
        for step in self._rest:
            if (step.policy.parallel or not self._busy) and is_ready(step):
                self.step = step
                return True
        return False

    def took(self, offered: bool) -> None:
        self._busy = self._busy or (offered and not self.step.policy.parallel)


def _begin_attempt(parts: RunParts, step: StepRow, now: int) -> None:
    if step.state == StepState.WAITING:
        change_step(parts, step, StepState.QUEUED, now)
    if (earlier := parts.attempt_of(step)) is not None and earlier.outcome is not None:
        parts.tries.setdefault(step.id, []).append(earlier)
    step.attempt += 1
    parts.attempts[step.id] = ATTEMPT_ROWS.new(step_id=step.id, n=step.attempt, offered_at=now)
    change_step(parts, step, StepState.OFFERED, now)


def occupies(step: OpenStep) -> bool:
    """The step keeps its device from other work, which is not `parallel`: it is in hand, or the machine is
    about to restart because of it."""
    if step.state in IN_HAND:
        return not step.policy.parallel
    return step.reason == Waits.REBOOT and step.policy.reboot is RebootPolicy.NOW


def is_ready(step: OpenStep) -> bool:
    """The step could be offered, as far as its rollout and its own waits are concerned."""
    if gate_of(step.rollout_state, step.rollout_wave, step.wave) is not None:
        return False
    return step.state == StepState.QUEUED or (
        step.state == StepState.WAITING and step.reason == Waits.CONCURRENCY
    )
