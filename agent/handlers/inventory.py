"""Tell anew what this device is: the facts as JSON on standard output, like any script's output."""

from __future__ import annotations

from agent.commands import own_command
from agent.job import Job
from agent.wire.messages import Offer


def inventory(offer: Offer, folder: str, secrets: dict[str, str]) -> Job:
    return Job(own_command("facts"), offer.timeout_s)
