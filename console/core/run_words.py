"""Sentences about runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from console.core import formatting, words
from console.core.texts import tr

Object = dict[str, Any]


def duration_s(run: Object, now: datetime) -> float | None:
    """How long a run has taken, or takes so far; None before its start."""
    started = run.get("started_at")
    if started is None:
        return None
    end = formatting.moment(run["ended_at"]) if run.get("ended_at") else now
    return max(0.0, (end - formatting.moment(started)).total_seconds())


def duration_word(run: Object, now: datetime) -> str:
    seconds = duration_s(run, now)
    if seconds is None:
        return formatting.NOTHING
    # A figure that ticks has whole seconds only.
    return formatting.duration(int(seconds) if words.is_open(run) and seconds >= 1 else seconds)


def waiting(item: Object, now: datetime) -> str:
    """Why an open run or rollout waits, and until when; empty when it does not."""
    why, until = str(item.get("waiting") or ""), item.get("until")
    if not why or not until:
        return why
    when = formatting.local_time(until, now)
    return why if when in why else tr("{why} Until {when}.", why=why, when=when)


def remark(run: Object, now: datetime) -> str:
    """The same, or why a run that has ended came to its end."""
    return waiting(run, now) or words.reason_sentence(str(run.get("reason") or ""))


def sentence(run: Object, now: datetime) -> str:
    """What a run does, waits for, or came to."""
    if run.get("waiting"):
        return waiting(run, now)
    word, _tone = words.state_word(run["state"])
    if words.is_open(run):
        return tr("{state} on {device}.", state=word, device=run["device"])
    seconds = duration_s(run, now)
    took = tr(" after {time}", time=formatting.duration(seconds)) if seconds is not None else ""
    code = words.exit_code(run)
    exit_ = tr(" with exit code {code}", code=code) if code is not None else ""
    reason = words.reason_sentence(str(run.get("reason") or ""))
    reason = f" {reason.rstrip('.')}." if reason else ""
    who = (
        tr(" The service presumes this; the device may still report otherwise.")
        if words.is_presumed(run)
        else ""
    )
    return tr("{state} on {device}", state=word, device=run["device"]) + f"{took}{exit_}.{reason}{who}"


def timeline(run: Object) -> list[tuple[str, str]]:
    """(local time, what happened), oldest first."""
    told: list[tuple[str, str]] = [
        (run["created_at"], tr("asked for by {who}", who=run.get("created_by") or "?"))
    ]
    for step in run.get("steps", ()):
        if step.get("started_at"):
            told.append((step["started_at"], tr("started, attempt {n}", n=step["attempt"])))
        if step.get("ended_at"):
            told.append((step["ended_at"], _step_end(step)))
    return [(formatting.clock_time(when), what) for when, what in sorted(told, key=lambda item: item[0])]


def _step_end(step: Object) -> str:
    word, _tone = words.state_word(step["state"])
    parts = [word.lower()]
    if step.get("exit_code") is not None:
        parts.append(tr("exit code {code}", code=step["exit_code"]))
    kept = (step.get("stdout_size") or 0) + (step.get("stderr_size") or 0)
    if kept:
        parts.append(tr("{size} of output kept", size=formatting.size(kept)))
    if step.get("truncated"):
        total = (step.get("stdout_total") or 0) + (step.get("stderr_total") or 0)
        parts.append(tr("of {size} written", size=formatting.size(total)))
    return ", ".join(parts)
