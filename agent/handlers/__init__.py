"""What to do for each step type: a table from the type to the function that makes a runner's job of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.commands import own_command, own_files
from agent.errors import AgentError
from agent.job import Job
from agent.platform import this_platform
from agent.wire.messages import AS_SYSTEM, AS_USER, Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person


class RejectionError(AgentError):
    """This device cannot or must not do what an offer asks; the text is the sentence that goes back."""


Handler = Callable[[Offer, str, dict[str, str]], Job]
"""From an offer, its attempt's folder and its secrets in clear to a job. Raises RejectionError."""


def job_for(offer: Offer, folder: str, secrets: dict[str, str], person: Person | None) -> Job:
    """The job for an offer, to be run by the agent's own user or by `person`. Raises RejectionError."""
    from agent.handlers import agent_uninstall, detect, inventory, reboot, run_script

    handlers: dict[str, Handler] = {
        "powershell": run_script.powershell,
        "bash": run_script.shell,
        "sh": run_script.shell,
        "cmd": run_script.cmd,
        "python": run_script.python,
        "install_software": _software,
        "uninstall_software": _software,
        "inventory": inventory.inventory,
        "reboot": reboot.reboot,
        "agent_uninstall": agent_uninstall.agent_uninstall,
    }
    handler = handlers.get(offer.type)
    if handler is None:
        raise RejectionError(f"This agent cannot do steps of the type {offer.type[:40]!r}.")
    _check(offer, person)
    job = handler(offer, folder, secrets)
    if offer.detect:
        job = detect.behind_detect(job, offer, folder, secrets)
    if person is not None:
        _check_program(job, person)
    job.idle_timeout_s = offer.idle_timeout_s
    job.secrets = list(secrets)
    job.person = person
    return job


def _software(offer: Offer, folder: str, secrets: dict[str, str]) -> Job:
    # Most agents never need it, and it is not small.
    from agent.handlers.software_step import software_step

    return software_step(offer, folder, secrets)


def _check(offer: Offer, person: Person | None) -> None:
    if not offer.timeout_s > 0:
        raise RejectionError("The step has no time to run: its timeout must be more than 0 seconds.")
    if not offer.idle_timeout_s >= 0:
        raise RejectionError("The step's time without output must be 0 (any) or more seconds.")
    if offer.run_as not in (AS_SYSTEM, AS_USER):
        raise RejectionError(f"This agent cannot run steps as {offer.run_as[:40]!r}.")
    if person is not None and not this_platform().may_run_as(person):
        raise RejectionError(
            f"This agent does not run as a service of the system, so it cannot run steps as {person['name']}."
        )
    if offer.working_folder and not _is_a_folder(offer.working_folder):
        raise RejectionError(
            f"The working folder {offer.working_folder[:200]} is not a folder on this device; "
            "it must be there and be given in full."
        )


def _check_program(job: Job, person: Person) -> None:
    """Raises RejectionError where the job begins with this program, and the person cannot read that."""
    if job.argv[0] != own_command()[0]:
        return
    for path in own_files():
        if not this_platform().may_read(person, path):
            raise RejectionError(
                f"The agent's own program has to begin this step, but {person['name']} may not read {path}; "
                "install the agent where everybody may."
            )


def _is_a_folder(path: str) -> bool:
    try:
        return Path(path).is_absolute() and Path(path).is_dir()
    except (OSError, ValueError):
        return False
