"""How states of devices and runs are called, with the tone of their tint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend_lite.contract.fleet import Admission, Contact
from backend_lite.contract.library import Language
from backend_lite.contract.runs import Severity
from backend_lite.contract.states import RUN_ENDS, Outcome, RunState, Source
from console.core import formatting
from console.core.texts import tr

Object = dict[str, Any]
_NAMED = 4

_RUN = {
    RunState.WAITING: ("Waiting", "idle"),
    RunState.QUEUED: ("Queued", "idle"),
    RunState.RUNNING: ("Running", "accent"),
    RunState.CANCELLING: ("Cancelling", "accent"),
    RunState.SUCCEEDED: ("Succeeded", "good"),
    RunState.FAILED: ("Failed", "bad"),
    RunState.CANCELLED: ("Cancelled", "idle"),
    RunState.SKIPPED: ("Skipped", "idle"),
    RunState.EXPIRED: ("Expired", "warning"),
    RunState.UNKNOWN: ("Unknown", "warning"),
}
_STEP = {"offered": ("Starting", "accent"), "timed_out": ("Timed out", "bad"), "rejected": ("Refused", "bad")}
_OUTCOMES = {
    Outcome.EXITED: ("Ended", "idle"),
    Outcome.TIMED_OUT: ("Timed out", "bad"),
    Outcome.IDLE: ("Fell silent", "bad"),
    Outcome.CANCELLED: ("Cancelled", "idle"),
    Outcome.NOT_STARTED: ("Not started", "idle"),
    Outcome.REJECTED: ("Refused", "bad"),
    Outcome.UNKNOWN: ("Unknown", "warning"),
}
_SEVERITIES = {
    Severity.DANGER: ("Danger", "bad"),
    Severity.WARNING: ("Careful", "warning"),
    Severity.NOTE: ("Note", "idle"),
}
_REASONS = {
    # The state and the exit code say it already.
    "exit_code": "",
    "cancelled": "",
    # Why it waits; until when is said beside it.
    "approval": "A second person has not agreed to its rollout yet.",
    "halted": "Its rollout is halted.",
    "not_before": "Its rollout starts at a set time.",
    "wave": "Its wave has not come yet.",
    "paused": "Work is paused there.",
    "window": "Its maintenance window is closed.",
    "concurrency": "As many as may run at once are under way.",
    "rate": "As many as may be changed for good in an hour have been.",
    "retry": "It failed and is tried again.",
    "disk_low": "The device has too little free disk space.",
    "no_user": "Nobody is signed in on the device.",
    # Why it never ran.
    "offline": "The device was offline.",
    "os_mismatch": "The script is for another operating system.",
    "language_missing": "The device has no interpreter for the script.",
    "agent_too_old": "The agent there is too old for this.",
    "not_approved": "The device is not approved.",
    "quarantined": "The device is in quarantine.",
    "condition": "Its condition does not hold for this device.",
    "approval_refused": "A second person refused it.",
    "approval_withdrawn": "Whoever asked for it withdrew it.",
    "approval_expired": "Nobody approved it in time.",
    # How it ended.
    "idle": "It wrote nothing for longer than it may.",
    "ended_first": "It ended before it could be stopped.",
    "reboot": "It asked for a restart of the machine.",
    "too_many_reboots": "It asked for more restarts than it may.",
    "no_contact": "The device has been out of contact for too long.",
    "stopped": "It was stopped with everything it had started.",
    "before_start": "It had not started.",
    "not_started": "It had not started.",
    "timeout": "It took longer than its time limit.",
    "not_taken_in_time": "The device could not be reached in time.",
    "device_retired": "The device was removed.",
    "creator_barred": "Whoever started it may no longer run work here.",
    "earlier_step": "An earlier step failed.",
    "rejected": "The agent refused it.",
    "journal_lost": "The agent's record of it was lost.",
    "not_known": "The device cannot say how it ended.",
}
_LANGUAGES = {
    Language.POWERSHELL: "PowerShell",
    Language.BASH: "Bash",
    Language.SH: "sh",
    Language.CMD: "cmd",
    Language.PYTHON: "Python",
}
_SYSTEMS = {
    "windows": "Windows",
    "windows_server": "Windows Server",
    "linux": "Linux",
    "ubuntu": "Ubuntu",
    "debian": "Debian",
    "proxmox": "Proxmox",
    "rhel": "RHEL",
    "centos": "CentOS",
    "macos": "macOS",
    "other": "Other",
}


def state_word(state: str) -> tuple[str, str]:
    """(word, tone) of a run's or a step's state."""
    if state in _STEP:
        word, tone = _STEP[state]
    elif state in _RUN:
        word, tone = _RUN[RunState(state)]
    else:
        word, tone = state, "idle"
    return tr(word), tone


def outcome_word(tried: Object) -> tuple[str, str]:
    """(word, tone) of how an earlier try of a step ended; it would not have been tried again had it gone
    well, so any exit is a failed one."""
    if tried["outcome"] == Outcome.EXITED and tried.get("exit_code") != 0:
        return tr("Failed"), "bad"
    word, tone = _OUTCOMES.get(tried["outcome"], (tried["outcome"], "idle"))
    return tr(word), tone


def severity_word(severity: str) -> tuple[str, str]:
    """(word, tone) of a finding in a script."""
    word, tone = _SEVERITIES[Severity(severity)]
    return tr(word), tone


def reason_sentence(reason: str) -> str:
    """Why a run or a step is in its state; a sentence of the agent's own stays as it is."""
    if reason in _REASONS:
        return tr(_REASONS[reason]) if _REASONS[reason] else ""
    return reason


def is_open(run: Object) -> bool:
    """True while a run has not ended."""
    return run.get("state") not in RUN_ENDS


def is_presumed(run: Object) -> bool:
    """True when the service only supposes how the run ended."""
    return run.get("source") == Source.PRESUMED


def exit_code(run: Object) -> int | None:
    """That of the last step which has one."""
    codes = [step["exit_code"] for step in run.get("steps", ()) if step.get("exit_code") is not None]
    return codes[-1] if codes else None


def contact_word(device: Object, now: datetime) -> tuple[str, str]:
    """(word, tone) of a device's contact, or of its admission while it may not work."""
    admission = device.get("admission")
    if admission == Admission.PENDING:
        return tr("Pending"), "warning"
    if admission == Admission.QUARANTINED:
        return tr("Quarantined"), "bad"
    if device.get("contact") == Contact.ONLINE:
        return tr("Online"), "good"
    last = device.get("last_check_in")
    if last is None:
        return tr("Never seen"), "idle"
    since = formatting.since(last, now)
    if device.get("contact") == Contact.WARNING:
        return tr("Late · {since}", since=since), "warning"
    return tr("Offline · {since}", since=since), "idle"


def language_word(language: str | None) -> str:
    return _LANGUAGES[Language(language)] if language in _LANGUAGES else str(language or "")


def system_word(os_type: str | None) -> str:
    """The name of an operating system type; of none: any."""
    return _SYSTEMS.get(os_type, os_type) if os_type else tr("Any system")


def device_system(device: Object) -> str:
    """What a device runs, in its own words where it told them."""
    if device.get("os_description"):
        return str(device["os_description"])
    parts = (system_word(device["os_type"]) if device.get("os_type") else "", device.get("os_version") or "")
    return " ".join(part for part in parts if part) or formatting.NOTHING


def named(names: Sequence[str]) -> str:
    """`lab-1, lab-2 and 3 more`."""
    shown = list(names[:_NAMED])
    more = len(names) - len(shown)
    if more:
        return tr("{names} and {more} more", names=", ".join(shown), more=f"{more:,}")
    return ", ".join(shown[:-1]) + tr(" and ") + shown[-1] if len(shown) > 1 else "".join(shown)
