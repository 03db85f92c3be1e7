"""How a rollout is carried out, in words."""

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
from console.core import formatting
from console.core.texts import plural, tr

Object = dict[str, Any]

_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_PLAIN = Policy()


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
        yield tr("halts when more than {limit} end badly", limit=share(policy.failure_limit))
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
    sizes = ", ".join(share(size) for size in waves.sizes)
    text = tr("waves of {sizes}, then the rest", sizes=sizes)
    if waves.by_hand:
        return tr("{waves}, each started by hand", waves=text)
    if waves.healthy_for_s:
        time = formatting.duration(waves.healthy_for_s)
        return tr("{waves}, each after {time} without a lost device", waves=text, time=time)
    return text


def share(size: str) -> str:
    """`10 %`, or a count as it is."""
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
