"""What may keep work from starting: each gate is a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.wire.states import RolloutState
from backend_lite.contract.runs import Policy, Window
from backend_lite.features.fleet.api import RunTarget
from backend_lite.features.runs import windows
from backend_lite.features.runs.tables import RolloutRow


class Waits(StrEnum):
    """Reasons of an open step that waits. The first four are the rollout's and are not stored in running
    runs; the others are the run's own, with a sentence in `runs.waiting`."""

    APPROVAL = "approval"
    HALTED = "halted"
    NOT_BEFORE = "not_before"
    WAVE = "wave"
    PAUSED = "paused"
    WINDOW = "window"
    CONCURRENCY = "concurrency"
    RATE = "rate"
    RETRY = "retry"
    REBOOT = "reboot"
    DISK_LOW = "disk_low"
    NO_USER = "no_user"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a run has to wait, its sentence, and when that is looked at again (ms; None: when it ends)."""

    reason: str
    sentence: str
    until: int | None = None


def rollout_gate(rollout: RolloutRow, wave: int) -> Waits | None:
    """What keeps the runs of that wave of a rollout back."""
    return gate_of(rollout.state, rollout.wave, wave)


def gate_of(state: str, current_wave: int, wave: int) -> Waits | None:
    if state == RolloutState.HELD:
        return Waits.APPROVAL
    if state == RolloutState.HALTED:
        return Waits.HALTED
    if state == RolloutState.WAITING:
        return Waits.NOT_BEFORE
    return Waits.WAVE if wave > current_wave else None


def window_gate(window: Window, target: RunTarget, now: int) -> Hold | None:
    """Closed outside of the window, in the window's time zone or else the device's."""
    named = window.time_zone or target.time_zone
    zone = windows.zone(named)
    opens = windows.opens_at(window, zone or windows.UTC_ZONE, now)
    if opens is None:
        return None
    days = f" on {', '.join(window.days)}" if window.days else ""
    where = named if zone is not None else f"UTC, because the time zone of {target.hostname} is not known"
    sentence = f"{target.hostname} takes this work from {window.start} to {window.end}{days} ({where})."
    return Hold(Waits.WINDOW, sentence, opens)


def slots_left(rollout: RolloutRow, policy: Policy) -> int | None:
    """How many more runs may be under way at once; None: any number."""
    if policy.concurrency is None:
        return None
    return policy.concurrency - rollout.running - rollout.cancelling - rollout.offered


def concurrency_hold(policy: Policy) -> Hold:
    limit = policy.concurrency
    runs = "run" if limit == 1 else "runs"
    return Hold(Waits.CONCURRENCY, f"At most {limit} {runs} of this rollout may be under way at once.")
