"""What would happen, in sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend_lite.contract.runs import (
    OfflinePolicy,
    Policy,
    Preview,
    PreviewDevice,
    PreviewTask,
)
from console.core import formatting
from console.core.texts import plural, tr
from console.core.words import named

_WAVES = 6


@dataclass(frozen=True)
class Line:
    """A word on a tint, and the sentence behind it."""

    word: str
    tone: str
    text: str


def going(preview: Preview) -> list[PreviewDevice]:
    """The devices that would get a run which can start."""
    return [device for device in preview.devices if not device.skipped and not device.problem]


def refused(preview: Preview) -> list[PreviewDevice]:
    """The named devices for which the whole would be refused."""
    return [device for device in preview.devices if device.problem and not device.skipped]


def lines(preview: Preview, policy: Policy, now: datetime) -> list[Line]:
    found = [Line(tr("Refused"), "bad", sentence) for sentence in preview.errors]
    found += _who(preview, policy, now)
    found += _skipped(preview)
    found += _changes(preview)
    if preview.expected_ms is not None:
        time = formatting.duration(preview.expected_ms / 1000)
        found.append(Line(tr("Takes"), "idle", tr("About {time} on each device.", time=time)))
    if len(preview.waves) > 1:
        found.append(_waves(preview.waves))
    return found


def task_lines(preview: Preview) -> list[Line]:
    """Each of several tasks, with the devices that it is for."""
    total = len(going(preview))
    if len(preview.tasks) < 2:
        return []
    return [
        Line(f"{task.n}", "idle" if task.devices else "warning", _of_task(task, total))
        for task in preview.tasks
    ]


def tasks_there(skips: list[int], tasks: int) -> str:
    """How many of the tasks are for a device, and which are not."""
    if not skips:
        return tr("all {n}", n=tasks)
    left_out = ", ".join(str(n) for n in skips)
    return tr("{n} of {all}, not {left_out}", n=tasks - len(skips), all=tasks, left_out=left_out)


def _of_task(task: PreviewTask, total: int) -> str:
    if task.devices == total:
        return task.name
    if not task.devices:
        return tr("{name}: on none of the devices, by its condition", name=task.name)
    return tr(
        "{name}: on {n} of {total} devices, by its condition",
        name=task.name,
        n=f"{task.devices:,}",
        total=f"{total:,}",
    )


def promise(title: str, preview: Preview, policy: Policy) -> str:
    """What the button will do, in one sentence."""
    ready = [device for device in going(preview) if device.connected]
    away = [device for device in going(preview) if not device.connected]
    if preview.gate.approve:
        count = plural(len(ready) + len(away), "{count} device", "{count} devices")
        return tr(
            "“{title}” waits until a second person agrees, then it goes to {count}.", title=title, count=count
        )
    if policy.not_before or policy.window:
        count = plural(len(ready) + len(away), "{count} device", "{count} devices")
        return tr("“{title}” runs on {count} when its time comes.", title=title, count=count)
    if not away or policy.offline is not OfflinePolicy.QUEUE:
        return tr("“{title}” starts at once on {names}.", title=title, names=_names(ready))
    if not ready:
        return tr("“{title}” starts when {names} can be reached.", title=title, names=_names(away))
    return tr(
        "“{title}” starts at once on {ready}, and later on {away}.",
        title=title,
        ready=plural(len(ready), "{count} device", "{count} devices"),
        away=plural(len(away), "{count} device", "{count} devices"),
    )


def _who(preview: Preview, policy: Policy, now: datetime) -> list[Line]:
    ready = [device for device in going(preview) if device.connected]
    away = [device for device in going(preview) if not device.connected]
    found = []
    if ready:
        text = plural(len(ready), "{names} is connected.", "{names} are connected.", names=_names(ready))
        found.append(Line(f"{len(ready):,}", "good", text))
    if away:
        found.append(Line(f"{len(away):,}", "warning", _away(away, policy, now)))
    return found


def _away(away: list[PreviewDevice], policy: Policy, now: datetime) -> str:
    names = _names(away)
    if policy.offline is OfflinePolicy.SKIP:
        return plural(
            len(away),
            "{names} is not connected and is left out.",
            "{names} are not connected and are left out.",
            names=names,
        )
    if policy.offline is OfflinePolicy.FAIL:
        return plural(
            len(away),
            "{names} is not connected and counts as failed.",
            "{names} are not connected and count as failed.",
            names=names,
        )
    until = formatting.local_time(now + timedelta(seconds=policy.expires_after_s), now)
    return plural(
        len(away),
        "{names} is not connected: it runs when it is back, until {until}.",
        "{names} are not connected: they run when they are back, until {until}.",
        names=names,
        until=until,
    )


def _skipped(preview: Preview) -> list[Line]:
    """Who cannot take part, by the reason."""
    found = []
    for skipped in (False, True):
        reasons: dict[str, list[PreviewDevice]] = {}
        for device in preview.devices:
            if device.problem and device.skipped == skipped:
                reasons.setdefault(device.detail or device.problem, []).append(device)
        for why, devices in reasons.items():
            text = tr("{names}: {why}", names=_names(devices), why=why)
            word = tr("Skipped") if skipped else tr("Not possible")
            found.append(Line(word, "idle" if skipped else "bad", text))
    return found


def _changes(preview: Preview) -> list[Line]:
    """What ran there before."""
    there = going(preview)
    if not there:
        return []
    before = Counter(device.last_revision for device in there if device.last_run_id is not None)
    never = sum(device.last_run_id is None for device in there)
    other = sum(count for revision, count in before.items() if revision != preview.revision)
    said = []
    if never == len(there):
        said.append(tr("It has never run there."))
    elif never:
        said.append(tr("It has never run on {count} of them.", count=f"{never:,}"))
    if other and preview.revision is not None:
        said.append(
            plural(
                other,
                "Another revision than {n} ran last on {count} device.",
                "Another revision than {n} ran last on {count} devices.",
                n=preview.revision,
            )
        )
    return [Line(tr("Before"), "idle", " ".join(said))] if said else []


def _waves(waves: list[int]) -> Line:
    shown = tr(", then ").join(f"{size:,}" for size in waves[:_WAVES])
    more = tr(", and {count} more waves", count=len(waves) - _WAVES) if len(waves) > _WAVES else ""
    return Line(tr("Waves"), "idle", tr("{sizes} devices{more}.", sizes=shown, more=more))


def _names(devices: list[PreviewDevice]) -> str:
    return named([device.hostname for device in devices])
