"""The agent removes itself, once the result of this step has arrived (see `agent.leave`)."""

from __future__ import annotations

from pathlib import Path

from agent.commands import own_command
from agent.handlers import RejectionError
from agent.job import Job
from agent.wire.messages import AS_SYSTEM, Offer


def agent_uninstall(offer: Offer, folder: str, secrets: dict[str, str]) -> Job:
    if offer.run_as != AS_SYSTEM:
        raise RejectionError("The agent removes itself as itself, not as the signed-in user.")
    root = Path(folder).parent.parent
    return Job(own_command("leave", str(root), offer.attempt, bare=True), offer.timeout_s)
