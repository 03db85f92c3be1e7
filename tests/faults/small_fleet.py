"""A service and a few agents as real processes, which tests kill and start again."""

from __future__ import annotations

import contextlib
import http.client
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.helpers.processes import AgentProcess, Api, ServiceProcess, eventually

T = TypeVar("T")

LINES = 40

ONE_EFFECT = f"""pwd >> '{{effects}}'
i=0; while [ $i -lt {LINES} ]; do echo "$DF_MARK line $i"; i=$((i+1)); done
sleep "$DF_PAUSE"
echo "$DF_MARK end" >&2
"""
"""Its effect is a line that names the attempt: its working folder lies in the attempt's own."""


def expected_output(mark: str) -> bytes:
    return b"".join(f"{mark} line {number}\n".encode() for number in range(LINES))


@dataclass
class SmallFleet:
    """`devices` are in the order of `agents`; `effects` is the file that ONE_EFFECT writes to."""

    service: ServiceProcess
    agents: list[AgentProcess]
    api: Api
    devices: list[int]
    effects: Path

    def add_agent(self, folder: Path, server: str = "", program: tuple[str, ...] = ("-m", "agent")) -> None:
        """One more approved and connected agent, which knows the service by `server`."""
        ready = self.service.ready | ({"agent_url": server} if server else {})
        known_as = ServiceProcess(self.service.folder, ready=ready)
        agent = AgentProcess(folder, program)
        self.agents.append(agent.start(known_as, self.service.enrollment_token("--auto-approve")))
        self.devices.append(_newest_connected(self.api, self.devices))

    def patiently(self, call: Callable[[Api], T]) -> T:
        """`call`, again while the service is away: what is asked this way may be asked twice."""

        def probe() -> tuple[T] | None:
            try:
                return (call(self.api),)
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
                return None

        return eventually(probe, "answer of the service", 60)[0]

    def restart_service(self) -> None:
        self.service.kill()
        self.service.start()
        self.api.url = self.service.ready["admin_url"]

    def restart_agent(self, number: int) -> None:
        self.agents[number].kill()
        self.agents[number].start()

    def device(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/api/v1/devices/{self.devices[number]}")
        return found

    def until_connected(self, number: int, *, connected: bool = True) -> None:
        eventually(
            lambda: self.device(number)["connected"] is connected, f"device with connected={connected}", 60
        )

    def one_effect(self, name: str = "one effect") -> int:
        """The id of a script whose effects can be counted."""
        return self.api.make_script(name, ONE_EFFECT.format(effects=self.effects))

    def effects_by_step(self) -> Counter[int]:
        """How often each step has really been executed."""
        if not self.effects.exists():
            return Counter()
        attempts = [Path(line).parent.name for line in self.effects.read_text().splitlines()]
        return Counter(int(attempt.split("-")[1]) for attempt in attempts)


@contextlib.contextmanager
def small_fleet(
    folder: Path,
    agents: int = 1,
    *,
    service_program: tuple[str, ...] = ("-m", "backend_lite"),
    service_options: tuple[str, ...] = (),
    agent_program: tuple[str, ...] = ("-m", "agent"),
) -> Iterator[SmallFleet]:
    """An owner, and so many approved and connected agents."""
    service = ServiceProcess(folder / "service", service_options, service_program).start()
    fleet = SmallFleet(service, [], Api(service.ready["admin_url"]), [], folder / "effects")
    try:
        service.create_owner()
        fleet.api.log_in()
        for number in range(agents):
            fleet.add_agent(folder / f"agent-{number}", program=agent_program)
        yield fleet
    finally:
        for agent in fleet.agents:
            agent.stop()
        service.stop()


def _newest_connected(api: Api, known: list[int]) -> int:
    def probe() -> int | None:
        found = [device for device in api.get("/api/v1/devices") if device["connected"]]
        return next((int(device["id"]) for device in found if device["id"] not in known), None)

    return eventually(probe, "connected device")
