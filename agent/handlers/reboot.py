"""Restart the machine, late enough for the result to be told first."""

from __future__ import annotations

import os

from agent.handlers import RejectionError
from agent.job import Job
from agent.platform import this_platform
from agent.wire.messages import Offer

DELAY_S = 60
_NOTICE = "An administrator restarts this computer."


def reboot(offer: Offer, folder: str, secrets: dict[str, str]) -> Job:
    argv = this_platform().restart_command(DELAY_S, _NOTICE)
    if not os.access(argv[0], os.X_OK):
        raise RejectionError(f"This device has no {argv[0]}.")
    return Job(argv, offer.timeout_s)
