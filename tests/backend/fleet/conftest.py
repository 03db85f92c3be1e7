"""The fleet in this process, and agents that connect to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.wire.messages import ENROLL_PATH, Incarnation, OpenAttempt, Welcome
from backend_lite.contract.enroll import EnrollmentTokenCreate
from backend_lite.contract.fleet import DEVICES
from backend_lite.core.events.bus import Changed
from backend_lite.features.enroll.api import EnrollApi
from backend_lite.features.fleet import handshake
from backend_lite.features.fleet.api import FleetApi
from tests.helpers.agents import LIFE, AgentSocket, ASGIApp, Device, welcomed
from tests.helpers.service import InProcess, in_process


@dataclass
class Fleet:
    """The running fleet; `changes` are the live changes of devices so far."""

    service: InProcess
    app: ASGIApp
    owner: dict[str, str]
    changes: list[Changed] = field(default_factory=list)

    @property
    def api(self) -> FleetApi:
        api: FleetApi = self.service.feature("fleet").api
        return api

    @property
    def leaf(self) -> bytes:
        return self.service.kernel.endpoint.identity.leaf_sha256

    async def enrolled(self, device: Device, *, approve: bool = True, **fields: Any) -> int:
        """Bring a device in; its id."""
        api: EnrollApi = self.service.feature("enroll").api
        token = await api.make_token(EnrollmentTokenCreate(auto_approve=approve), None)
        request = device.enrolment(token.token, **fields)
        answer = await self.service.client.post(ENROLL_PATH, json=plain(request))
        assert answer.status_code == 200, answer.text
        return int(answer.json()["device_id"])

    def connect(self, address: str = "10.0.0.5") -> AgentSocket:
        return AgentSocket(self.app, address)

    async def welcomed(
        self, device: Device, incarnation: Incarnation = LIFE, *attempts: OpenAttempt
    ) -> tuple[AgentSocket, Welcome]:
        socket = self.connect()
        return socket, await welcomed(socket, device, self.leaf, incarnation, *attempts)

    async def get(self, device_id: int) -> dict[str, Any]:
        answer = await self.service.client.get(f"{DEVICES}/{device_id}", headers=self.owner)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def approve(self, device_id: int) -> dict[str, Any]:
        answer = await self.service.client.post(f"{DEVICES}/{device_id}/approve", headers=self.owner)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def retire(self, device_id: int) -> None:
        answer = await self.service.client.delete(f"{DEVICES}/{device_id}", headers=self.owner)
        assert (answer.status_code, answer.content) == (204, b"")


def plain(message: object) -> Any:
    from agent.wire.codec import to_plain

    return to_plain(message)


@pytest.fixture
async def fleet_service(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Fleet]:
    monkeypatch.setattr(handshake, "PROBE_S", 0.05)
    async with in_process(tmp_path / "data", migrated) as service:
        app: Any = service.service.agent_app()
        running = Fleet(service, app, await service.sign_in())

        def changed(event: Changed) -> None:
            if event.kind == "device":
                running.changes.append(event)

        service.kernel.bus.subscribe(Changed, changed)
        yield running
        for feature in service.features:
            if feature.disconnect is not None:
                await feature.disconnect()
        for feature in service.features:
            if feature.stop is not None:
                await feature.stop()
