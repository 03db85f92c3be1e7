"""Sentences about rollouts: how they are carried out, and how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from backend_lite.contract.runs import (
    DEFAULT_EXPIRES_AFTER_S,
    OfflinePolicy,
    Policy,
    RebootPolicy,
    Retries,
    RunAs,
    Waves,
    Window,
)
from backend_lite.contract.states import RolloutState
from console.core import formatting
from console.core.texts import plural, tr

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
    RolloutState.WAITING: ("Waiting", "idle"),
    RolloutState.RUNNING: ("Running", "accent"),
    RolloutState.HALTED: ("Halted", "warning"),
    RolloutState.DONE: ("Done", "idle"),
    RolloutState.CANCELLED: ("Cancelled", "idle"),
}
_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_PLAIN = Policy()


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
    parts.append(tr("started {when} by {who}", when=when, who=rollout.get("created_by") or "?"))
    if rollout.get("ended_at"):
        parts.append(tr("ended {when}", when=formatting.local_time(rollout["ended_at"], now)))
    if rollout.get("origin_id"):
        parts.append(tr("repeats rollout {id}", id=rollout["origin_id"]))
    return " · ".join(parts)


def policy_summary(rollout: Object, now: datetime) -> str:
    """What a person chose of the policy, in words; of what is usual only the rule for offline devices."""
    policy = msgspec.convert(rollout.get("policy") or {}, Policy, strict=False)
    text = " · ".join(part for part in _phrases(policy, now) if part)
    return text[:1].upper() + text[1:]


def _phrases(policy: Policy, now: datetime) -> Iterator[str]:
    yield _waves(policy.waves)
    if policy.concurrency:
        yield plural(policy.concurrency, "one at a time", "{count} at a time")
    if policy.failure_limit:
        yield tr("halts when more than {limit} end badly", limit=_share(policy.failure_limit))
    if policy.not_before:
        yield tr("not before {when}", when=formatting.local_time(policy.not_before, now))
    yield _window(policy.window)
    yield _offline(policy)
    yield _retries(policy.retries)
    if policy.timeout_s:
        yield tr("time limit {time}", time=formatting.duration(policy.timeout_s))
    if policy.idle_timeout_s:
        yield tr("stopped after {time} of silence", time=formatting.duration(policy.idle_timeout_s))
    if policy.run_as is RunAs.USER:
        yield tr("as the signed-in user")
    if policy.working_folder:
        yield tr("in {folder}", folder=policy.working_folder)
    if policy.exit_codes != _PLAIN.exit_codes:
        yield tr("success is exit code {codes}", codes=", ".join(map(str, policy.exit_codes)))
    if policy.reboot is RebootPolicy.NOW:
        yield tr("restarts devices that ask for it")
    if policy.parallel:
        yield tr("beside other work on the device")


def _waves(waves: Waves | None) -> str:
    if waves is None or not waves.sizes:
        return ""
    sizes = ", ".join(_share(size) for size in waves.sizes)
    text = tr("waves of {sizes}, then the rest", sizes=sizes)
    if waves.by_hand:
        return tr("{waves}, each started by hand", waves=text)
    if waves.healthy_for_s:
        time = formatting.duration(waves.healthy_for_s)
        return tr("{waves}, each after {time} without a lost device", waves=text, time=time)
    return text


def _share(size: str) -> str:
    return size.replace("%", " %") if size.endswith("%") else size


def _window(window: Window | None) -> str:
    if window is None:
        return ""
    zone = window.time_zone or tr("device's time")
    times = tr("{start} to {end} ({zone})", start=window.start, end=window.end, zone=zone)
    days = ", ".join(tr(_DAYS.get(day, day)) for day in window.days)
    return tr("only {days} {times}", days=days, times=times) if days else tr("only {times}", times=times)


def _offline(policy: Policy) -> str:
    if policy.offline is OfflinePolicy.SKIP:
        return tr("offline devices are skipped")
    if policy.offline is OfflinePolicy.FAIL:
        return tr("offline devices fail")
    time = formatting.duration(policy.expires_after_s or DEFAULT_EXPIRES_AFTER_S)
    return tr("offline devices have {time}", time=time)


def _retries(retries: Retries) -> str:
    if not retries.count:
        return ""
    time = formatting.duration(retries.delay_s)
    return plural(
        retries.count, "one retry after {time}", "{count} retries, the first after {time}", time=time
    )


def wave_title(rollout: Object, number: int) -> str:
    """`2 · 5 %`, as a person wrote its size; the last one is the rest."""
    wanted = ((rollout.get("policy") or {}).get("waves") or {}).get("sizes") or []
    if number > len(wanted):
        return tr("{n} · the rest", n=number)
    size = str(wanted[number - 1])
    return tr("{n} · {size}", n=number, size=tr("one") if size == "1" else _share(size))


def shares(counts: dict[str, int], total: int) -> tuple[tuple[str, float], ...]:
    """What has begun of `total`, for a bar."""
    if not total:
        return ()
    return tuple(
        (tone, counts[key] / total) for key, _text, tone in COUNTS if counts.get(key) and key not in NOT_BEGUN
    )
