"""Sentences about rollouts: how they are carried out, and how far they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend_lite.contract.states import RolloutState
from console.core import formatting
from console.core.policy_words import share
from console.core.texts import tr

Object = dict[str, Any]

COUNTS: tuple[tuple[str, str, str], ...] = (
    ("succeeded", "{count} succeeded", "good"),
    ("failed", "{count} failed", "bad"),
    ("unknown", "{count} unknown", "warning"),
    ("expired", "{count} expired", "warning"),
    ("running", "{count} running", "accent"),
    ("cancelling", "{count} cancelling", "accent"),
    ("cancelled", "{count} cancelled", "idle"),
    ("skipped", "{count} skipped", "idle"),
    ("queued", "{count} queued", "idle"),
    ("waiting", "{count} waiting", "idle"),
)
"""(state of a run, text, tone), in the order of a bar: what has ended comes first."""
NOT_BEGUN = ("queued", "waiting")
_STATES = {
    RolloutState.HELD: ("Held", "warning"),
    RolloutState.WAITING: ("Waiting", "idle"),
    RolloutState.RUNNING: ("Running", "accent"),
    RolloutState.HALTED: ("Halted", "warning"),
    RolloutState.DONE: ("Done", "idle"),
    RolloutState.CANCELLED: ("Cancelled", "idle"),
}


def state_word(rollout: Object) -> tuple[str, str]:
    """(word, tone). What is done is as good as its worst run."""
    state, counters = RolloutState(rollout["state"]), rollout.get("counters") or {}
    word, tone = _STATES[state]
    if state is RolloutState.DONE:
        if counters.get("failed"):
            tone = "bad"
        elif counters.get("unknown") or counters.get("expired"):
            tone = "warning"
        elif counters.get("succeeded"):
            tone = "good"
    return tr(word), tone


def origin(rollout: Object, now: datetime) -> str:
    """Which revision, when, by whom, and what it repeats."""
    parts = []
    if rollout.get("revision"):
        parts.append(tr("revision {n}", n=rollout["revision"]))
    when = formatting.local_time(rollout["created_at"], now)
    is_held = rollout["state"] == RolloutState.HELD
    text = "asked for {when} by {who}" if is_held else "started {when} by {who}"
    parts.append(tr(text, when=when, who=_maker(rollout)))
    if rollout.get("ended_at"):
        parts.append(tr("ended {when}", when=formatting.local_time(rollout["ended_at"], now)))
    if rollout.get("origin_id"):
        parts.append(tr("repeats rollout {id}", id=rollout["origin_id"]))
    return " · ".join(parts)


def _maker(rollout: Object) -> str:
    """The person; where a program acted for them, with which of their tokens."""
    who, token = rollout.get("created_by") or "?", rollout.get("token_name")
    if not token:
        return str(who)
    person = str(who).removesuffix(f" ({token})")
    return tr("{who}, with the API token “{token}”", who=person, token=token)


def wave_title(rollout: Object, number: int) -> str:
    """`2 · 5 %`, as a person wrote its size; the last one is the rest."""
    wanted = ((rollout.get("policy") or {}).get("waves") or {}).get("sizes") or []
    if number > len(wanted):
        return tr("{n} · the rest", n=number)
    size = str(wanted[number - 1])
    return tr("{n} · {size}", n=number, size=tr("one") if size == "1" else share(size))


def shares(counts: dict[str, int], total: int) -> tuple[tuple[str, float], ...]:
    """What has begun of `total`, for a bar."""
    if not total:
        return ()
    return tuple(
        (tone, counts[key] / total) for key, _text, tone in COUNTS if counts.get(key) and key not in NOT_BEGUN
    )
