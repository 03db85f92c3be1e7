"""What to do for each step type: a table from the type to the function that makes a runner's job of it."""

from __future__ import annotations

from collections.abc import Callable

from agent.errors import AgentError
from agent.job import Job
from agent.wire.messages import Offer


class RejectionError(AgentError):
    """This device cannot or must not do what an offer asks; the text is the sentence that goes back."""


Handler = Callable[[Offer, str], Job]
"""From an offer and the path of its attempt's folder to a job. Raises RejectionError."""


def job_for(offer: Offer, folder: str) -> Job:
    """The job for an offer. Raises RejectionError when there is none."""
    from agent.handlers import inventory, reboot, run_script

    handlers: dict[str, Handler] = {
        "powershell": run_script.powershell,
        "bash": run_script.shell,
        "sh": run_script.shell,
        "cmd": run_script.cmd,
        "python": run_script.python,
        "inventory": inventory.inventory,
        "reboot": reboot.reboot,
    }
    handler = handlers.get(offer.type)
    if handler is None:
        raise RejectionError(f"This agent cannot do steps of the type {offer.type[:40]!r}.")
    if not offer.timeout_s > 0:
        raise RejectionError("The step has no time to run: its timeout must be more than 0 seconds.")
    return handler(offer, folder)
