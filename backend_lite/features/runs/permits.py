"""The at-most-once point: whether an attempt may start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection

from agent.wire.messages import Permit, PermitAnswer
from agent.wire.states import Source, StepState
from backend_lite.core.events.bus import SendToDevice
from backend_lite.core.security.principal import Groups
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.runs.destructive_cap import DestructiveCap
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.gates import Hold, rollout_gate
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.leaving import is_last_step
from backend_lite.features.runs.lookup import Found, find_attempts
from backend_lite.features.runs.moment import Moment
from backend_lite.features.runs.output_store import AttemptRef, ref_of
from backend_lite.features.runs.parts import RunParts
from backend_lite.features.runs.reach import WORK_RIGHTS, Reach
from backend_lite.features.runs.tables import StepRow
from backend_lite.features.runs.transitions import change_step

LOST_AFTER_MS = 7 * 86_400_000
"""So long after a step should have ended, silence of its device makes its end unknown."""

_WORDS: dict[str, str] = {StepState.RUNNING: "yes", StepState.CANCELLING: "cancelled"}

Asked = tuple[int, Permit]
"""The device that asks, and its message."""


class People(Protocol):
    """What the access area knows of those who begin rollouts."""

    def reach(
        self, connection: Connection, user_ids: Iterable[int], permissions: Collection[str]
    ) -> Mapping[int, Groups]:
        """For each of the users the groups in whose devices any of `permissions` holds; empty also for those
        who are disabled or removed."""


class Permits:
    """The first nonce wins, and only while the step is still offered and nothing keeps it from starting."""

    def __init__(
        self,
        fleet: FleetApi,
        people: People,
        dispatcher: Dispatcher,
        keeper: Keeper,
        epochs: Epochs,
        cap: DestructiveCap,
    ) -> None:
        self._fleet = fleet
        self._people = people
        self._reach = Reach(fleet)
        self._dispatcher = dispatcher
        self._keeper = keeper
        self._epochs = epochs
        self._cap = cap

    def answer(self, moment: Moment, asked: Sequence[Asked]) -> list[AttemptRef | None]:
        """For each: the attempt whose output may come from now on; None when the answer is no."""
        named = [(device_id, message.attempt) for device_id, message in asked]
        found = find_attempts(moment.connection, self._epochs, named)
        devices = {one[1].device_id for one in found if one is not None}
        # Asked in the permits' own transaction, as all that follows: a quarantine, a halt or a pause may
        # have been committed since the offer.
        approved = self._fleet.approved(moment.connection, devices)
        barred = self._barred(moment, [one for one in found if one is not None])
        changed: list[RunParts] = []
        refs: list[AttemptRef | None] = []
        for (device_id, message), place in zip(asked, found, strict=True):
            refusal = ""
            fresh = place is not None and _is_open(place)
            if place is not None and fresh:
                if place[1].id in barred:
                    refusal = _end_barred(moment, place)
                else:
                    refusal = self._decide(moment, place, message, device_id in approved)
                changed.append(place[0])
            restored = place is not None and self._epochs.is_restored(place[1].id)
            refs.append(_answer(moment, device_id, message, place, refusal, fresh=fresh, restored=restored))
        self._keeper.keep(moment, changed)
        return refs

    def _barred(self, moment: Moment, found: Sequence[Found]) -> set[int]:
        """The ids of the steps that whoever began them may not carry out there any more."""
        makers = {parts.rollout.created_by_id for parts, _, _ in found} - {0}
        reach = self._people.reach(moment.connection, makers, WORK_RIGHTS) if makers else {}
        within = {maker: groups for maker, groups in reach.items() if groups is not None}
        if not within:
            return set()
        limited: defaultdict[frozenset[int], list[StepRow]] = defaultdict(list)
        for parts, step, _ in found:
            groups = within.get(parts.rollout.created_by_id)
            if groups is not None:
                limited[groups].append(step)
        return {step.id for groups, steps in limited.items() for step in self._outside(moment, steps, groups)}

    def _outside(self, moment: Moment, steps: Sequence[StepRow], groups: frozenset[int]) -> list[StepRow]:
        """A retired device is in no group any more: its last step was allowed when it was retired."""
        there = self._reach.devices(moment.session, {step.device_id for step in steps}, groups)
        return [
            step
            for step in steps
            if step.device_id not in there
            and not (groups and is_last_step(self._fleet, moment.session, step))
        ]

    def _decide(self, moment: Moment, found: Found, message: Permit, approved: bool) -> str:
        """Grant it, or put the step back; then why it may not start."""
        parts, step, attempt = found
        refusal = self._refuse(moment, parts, step, approved)
        if not refusal:
            if step.destructive:
                self._cap.started(moment, attempt)
            attempt.nonce, attempt.permitted_at = message.nonce, moment.now
            step.started_at = moment.now
            parts.run.boot_id = self._fleet.hub.boot_id(step.device_id)
            change_step(parts, step, StepState.RUNNING, moment.now)
            parts.run.not_until = moment.now + step.timeout_s * 1000 + LOST_AFTER_MS
        return refusal

    def _refuse(self, moment: Moment, parts: RunParts, step: StepRow, approved: bool) -> str:
        """Why the step may not start after all, and put it back; empty when it may."""
        if not approved and not is_last_step(self._fleet, moment.session, step):
            return self._put_back(moment, parts, step, None, "The device may not work now.")
        if parts.run.expires_at <= moment.now:
            change_step(
                parts,
                step,
                StepState.EXPIRED,
                moment.now,
                reason="not_taken_in_time",
                source=Source.PRESUMED,
            )
            return "The work has expired."
        if (gate := rollout_gate(parts.rollout, parts.run.wave)) is not None:
            return self._put_back(moment, parts, step, None, f"The rollout waits ({gate}).")
        hold = self._dispatcher.hold_of(moment, parts)
        if hold is None and step.destructive and (places := self._cap.places(moment, offered=False)):
            hold = places.take()
        return self._put_back(moment, parts, step, hold, hold.sentence) if hold is not None else ""

    def _put_back(
        self, moment: Moment, parts: RunParts, step: StepRow, hold: Hold | None, refusal: str
    ) -> str:
        self._dispatcher.put_back(moment, parts, step, hold)
        return refusal


def _end_barred(moment: Moment, found: Found) -> str:
    """Whoever began it may not do so any more, or not there: nothing of it starts."""
    parts, step, _ = found
    change_step(parts, step, StepState.CANCELLED, moment.now, reason="creator_barred", source=Source.PRESUMED)
    return f"{parts.rollout.created_by} may no longer run work here."


def _is_open(found: Found) -> bool:
    """The attempt may still get its permit."""
    _, step, attempt = found
    return attempt.nonce is None and attempt.outcome is None and step.state == StepState.OFFERED


def _answer(
    moment: Moment,
    device_id: int,
    message: Permit,
    found: Found | None,
    refusal: str,
    *,
    fresh: bool,
    restored: bool,
) -> AttemptRef | None:
    """Say what was decided, now or before."""
    if found is None:
        _say(moment, device_id, message, "no", "The service does not know this attempt.")
        return None
    _, step, attempt = found
    word = _WORDS.get(step.state, "no")
    if restored and step.source == Source.PRESUMED:
        # It must not start any more, and the device can prove that it has not.
        word = "cancelled"
    if word == "no" or attempt.nonce != message.nonce or attempt.outcome is not None:
        _say(moment, device_id, message, "no", refusal or f"The step is {step.state}.")
        return None
    _say(moment, device_id, message, word)
    return ref_of(message.attempt, attempt, step, fresh=fresh)


def _say(moment: Moment, device_id: int, message: Permit, answer: str, detail: str = "") -> None:
    answered = PermitAnswer(message.attempt, message.nonce, answer, detail)
    moment.unit.publish(SendToDevice(device_id, answered))
