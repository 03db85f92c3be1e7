"""What is going on: operations of this window and the fleet's rollouts, as lines to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend_lite.contract.states import RolloutState
from console.core.texts import plural, tr

Object = dict[str, Any]

OPEN_ROLLOUTS = frozenset(
    {RolloutState.HELD, RolloutState.WAITING, RolloutState.RUNNING, RolloutState.HALTED}
)
_BAD = ("failed", "unknown", "expired")


@dataclass(frozen=True)
class Activity:
    """One line. The shares go from 0 to 1; `busy` is work whose end cannot be foretold.

    `note` is a word for the line's state, with its tone; `rollout_id` is there for a rollout. `is_open`
    work can be cancelled; `stands_out` is for what somebody should look at.
    """

    title: str
    text: str
    good: float = 0.0
    bad: float = 0.0
    running: float = 0.0
    busy: bool = False
    note: str = ""
    tone: str = "idle"
    rollout_id: int | None = None
    is_open: bool = True
    stands_out: bool = False


def is_open(rollout: Object) -> bool:
    return rollout.get("state") in OPEN_ROLLOUTS


def failed_count(rollout: Object) -> int:
    """How many runs ended badly, or nobody knows how."""
    counters: dict[str, int] = rollout.get("counters") or {}
    return sum(counters.get(name, 0) for name in _BAD)


def of_rollout(rollout: Object) -> Activity:
    """The line of a rollout as the live store has it."""
    counters: dict[str, int] = rollout.get("counters") or {}
    total, failed = counters.get("total", 0) or 1, failed_count(rollout)
    ended, running = _ended(counters), _running(counters)
    note, tone = _note(rollout, running)
    return Activity(
        title=str(rollout.get("title", "")),
        text=sentence(rollout),
        good=(ended - failed) / total,
        bad=failed / total,
        running=running / total,
        note=note,
        tone=tone,
        rollout_id=rollout.get("id"),
        is_open=is_open(rollout),
        stands_out=rollout.get("state") == RolloutState.HALTED,
    )


def of_operation(title: str, done: float | None, text: str) -> Activity:
    return Activity(title, text, running=done or 0.0, busy=done is None)


def sentence(rollout: Object) -> str:
    """`412 of 500 done, 3 failed, 38 running`."""
    counters: dict[str, int] = rollout.get("counters") or {}
    ended, total = f"{_ended(counters):,}", f"{counters.get('total', 0) or 1:,}"
    parts = [tr("{ended} of {total} done", ended=ended, total=total)]
    if failed := failed_count(rollout):
        parts.append(plural(failed, "{count} failed", "{count} failed"))
    if running := _running(counters):
        parts.append(plural(running, "{count} running", "{count} running"))
    return ", ".join(parts)


def _ended(counters: dict[str, int]) -> int:
    return sum(counters.get(name, 0) for name in ("succeeded", "cancelled", "skipped", *_BAD))


def _running(counters: dict[str, int]) -> int:
    return counters.get("running", 0) + counters.get("cancelling", 0)


def _note(rollout: Object, running: int) -> tuple[str, str]:
    state = rollout.get("state")
    if state == RolloutState.HELD:
        return tr("Held"), "warning"
    if state == RolloutState.HALTED:
        return tr("Halted"), "warning"
    if state == RolloutState.CANCELLED:
        return tr("Cancelled"), "idle"
    if state == RolloutState.DONE:
        return (tr("Done"), "bad") if failed_count(rollout) else (tr("Done"), "good")
    if running:
        return tr("Running"), "accent"
    return tr("Waiting"), "idle"
