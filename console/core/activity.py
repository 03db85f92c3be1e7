"""What is going on: operations of this window and the fleet's open rollouts, as lines to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend_lite.contract.states import RolloutState
from console.core.texts import plural, tr

OPEN_ROLLOUTS = frozenset({RolloutState.WAITING, RolloutState.RUNNING, RolloutState.HALTED})


@dataclass(frozen=True)
class Activity:
    """One line. The shares go from 0 to 1; `busy` is work whose end cannot be foretold.

    `note` is a word for the line's state, with its tone; `rollout_id` is there for a rollout.
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


def is_open(rollout: dict[str, Any]) -> bool:
    return rollout.get("state") in OPEN_ROLLOUTS


def of_rollout(rollout: dict[str, Any]) -> Activity:
    """The line of a rollout as the live store has it."""
    counters: dict[str, int] = rollout.get("counters") or {}
    total = counters.get("total", 0) or 1
    failed = counters.get("failed", 0) + counters.get("unknown", 0)
    ended = failed + sum(counters.get(name, 0) for name in ("succeeded", "cancelled", "skipped", "expired"))
    running = counters.get("running", 0) + counters.get("cancelling", 0)
    note, tone = _note(rollout, running)
    return Activity(
        title=str(rollout.get("title", "")),
        text=_sentence(total, ended, failed, running),
        good=(ended - failed) / total,
        bad=failed / total,
        running=running / total,
        note=note,
        tone=tone,
        rollout_id=rollout.get("id"),
    )


def of_operation(title: str, done: float | None, text: str) -> Activity:
    return Activity(title, text, running=done or 0.0, busy=done is None)


def _sentence(total: int, ended: int, failed: int, running: int) -> str:
    parts = [tr("{ended} of {total} done", ended=f"{ended:,}", total=f"{total:,}")]
    if failed:
        parts.append(plural(failed, "{count} failed", "{count} failed"))
    if running:
        parts.append(plural(running, "{count} running", "{count} running"))
    return ", ".join(parts)


def _note(rollout: dict[str, Any], running: int) -> tuple[str, str]:
    if rollout.get("state") == RolloutState.HALTED:
        return tr("Halted"), "warning"
    if running:
        return tr("Running"), "accent"
    return tr("Waiting"), "idle"
