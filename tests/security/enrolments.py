"""Many agents at once on a token for a few: as many come in as it says."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier

from agent.backoff import Backoff
from agent.enroll import Invitation, enroll
from agent.errors import AgentError
from agent.identity import make_identity
from tests.helpers.agents import FACTS
from tests.helpers.processes import ServiceProcess


@dataclass
class Enrolled:
    """How the agents fared; `devices` and `used` are what the service has."""

    ends: Counter[str] = field(default_factory=Counter)
    devices: int = 0
    used: int = 0


class _ToldToWaitError(Exception):
    pass


def enrolled(folder: Path, agents: int, uses: int) -> Enrolled:
    """Runs what an agent runs, in so many threads, against a service in `folder`."""
    service = ServiceProcess(folder / "service").start()
    try:
        service.create_owner()
        token = service.enrollment_token("--auto-approve", "--uses", str(uses))
        invitation = Invitation(service.ready["agent_url"], service.ready["agent_pin"], token)
        together = Barrier(agents)
        with ThreadPoolExecutor(agents) as threads:
            ends = list(threads.map(lambda n: _enroll(invitation, folder / f"{n}", together), range(agents)))
        api = service.api()
        (told,) = api.get("/api/v1/enrollment-tokens")["items"]
        return Enrolled(Counter(ends), len(api.get("/api/v1/devices")), told["used"])
    finally:
        service.stop()


def _enroll(invitation: Invitation, folder: Path, together: Barrier) -> str:
    def stop(_seconds: float) -> None:
        raise _ToldToWaitError

    folder.mkdir()
    identity = make_identity(folder / "identity")
    together.wait()
    try:
        enroll(invitation, identity, FACTS, folder / "enrollment", backoff=Backoff(min), sleep=stop)
    except AgentError:
        return "refused"
    except _ToldToWaitError:
        return "told to wait"
    return "enrolled"
