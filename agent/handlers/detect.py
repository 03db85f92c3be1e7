"""A detect script before the script: both are stages of one process of this program's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent import stages
from agent.attempt_folder import AttemptFolder
from agent.commands import own_command
from agent.handlers import RejectionError, run_script
from agent.job import Job
from agent.wire.messages import Offer

_PART = "detect/"
_LANGUAGES: dict[str, Callable[[Offer, str, dict[str, str], str], Job]] = {
    "powershell": run_script.powershell,
    "bash": run_script.shell,
    "sh": run_script.shell,
    "cmd": run_script.cmd,
    "python": run_script.python,
}


def behind_detect(job: Job, offer: Offer, folder: str, secrets: dict[str, str]) -> Job:
    """The job of an offer's script, with its detect script before it. Raises RejectionError."""
    language = _LANGUAGES.get(offer.type)
    if language is None:
        raise RejectionError("Only a script can have a detect script before it.")
    detect = language(replace(offer, payload=offer.detect, arguments=()), folder, secrets, _PART)
    job.files = {**detect.files, **job.files, stages.PLAN: stages.plan(detect.argv, job.argv)}
    job.argv = own_command("stages", AttemptFolder(folder).work_file(stages.PLAN), bare=True)
    return job
