"""The whole service over HTTP with agents on its channel: each a key and a socket that tests play by hand."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from sqlalchemy import func, select

from agent.wire.messages import Offer, Permit, PermitAnswer, Receipt, ServiceMessage, Welcome
from agent.wire.states import Outcome
from backend_lite.contract.fleet import GROUPS
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.pauses import PAUSES
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.db.base import Base
from tests.backend.fleet.conftest import Fleet
from tests.backend.runs.harness import outcome
from tests.helpers.agents import FACTS, AgentSocket, Device, say_hello
from tests.helpers.service import InProcess
from tests.helpers.waiting import until

M = TypeVar("M", bound=ServiceMessage)


@dataclass
class Worker:
    """A connected agent."""

    device_id: int
    device: Device
    socket: AgentSocket

    async def hears(self, kind: type[M]) -> M:
        """The next message of that kind; what comes before it is passed over."""
        while True:
            message = await self.socket.next()
            if isinstance(message, kind):
                return message

    async def takes(self) -> Offer:
        """The next offer, permitted."""
        offer = await self.hears(Offer)
        self.socket.send(Permit(offer.attempt, "a nonce"))
        assert (await self.hears(PermitAnswer)).answer == "yes"
        return offer

    async def ends(self, offer: Offer, exit_code: int = 0) -> None:
        self.socket.send(outcome(offer.attempt, "a nonce", Outcome.EXITED, exit_code))
        await self.hears(Receipt)

    async def carries_out(self, exit_code: int = 0) -> Offer:
        offer = await self.takes()
        await self.ends(offer, exit_code)
        return offer


@dataclass
class Site:
    fleet: Fleet

    @property
    def service(self) -> InProcess:
        return self.fleet.service

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = self.fleet.owner | headers
        return await self.service.client.request(method, path, headers=sent, json=body)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.service.client.get(path, headers=self.fleet.owner, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self.call("POST", path, body, **headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def refusal(self, path: str, body: Any = None, method: str = "POST") -> tuple[int, str]:
        """Status and sentence of what must be refused."""
        answer = await self.call(method, path, body)
        assert 400 <= answer.status_code < 500, answer.text
        detail = answer.json()["detail"]
        return answer.status_code, detail if isinstance(detail, str) else detail[0]["msg"]

    async def script(self, name: str = "hi", **fields: Any) -> int:
        body = {"name": name, "content": "echo hi\n", "language": "sh"} | fields
        return int((await self.post(SCRIPTS, body))["id"])

    async def group(self, name: str, **fields: Any) -> int:
        return int((await self.post(GROUPS, {"name": name} | fields))["id"])

    async def pause(self, **fields: Any) -> int:
        return int((await self.post(PAUSES, fields))["id"])

    async def away(self, hostname: str = "web-1") -> int:
        """A device that is approved and not connected; its id."""
        facts = dataclasses.replace(FACTS, hostname=hostname, machine_id=hostname)
        return await self.fleet.enrolled(Device(), facts=facts)

    async def worker(self, hostname: str = "web-1") -> Worker:
        device = Device()
        facts = dataclasses.replace(FACTS, hostname=hostname, machine_id=hostname)
        device_id = await self.fleet.enrolled(device, facts=facts)
        socket = self.fleet.connect()
        await say_hello(socket, device, self.fleet.leaf, wire_versions=(1, 2))
        await socket.expect(Welcome)
        await until(lambda: self.fleet.api.hub.may_work(device_id), "worker that may work")
        return Worker(device_id, device, socket)

    async def settled(self) -> None:
        """What the outbox owes is done."""
        outbox, database = self.service.kernel.outbox, self.service.kernel.database
        table = Base.metadata.tables["outbox"]
        outbox.start()
        async with asyncio.timeout(5):
            while await database.read(lambda s: s.scalar(select(func.count()).select_from(table))):
                pass
        await outbox.stop()

    async def roll_out(self, script_id: int, *devices: int, **fields: Any) -> Any:
        body = {"script_id": script_id, "targets": {"devices": list(devices)}} | fields
        return await self.post(ROLLOUTS, body)

    async def run(self, run_id: int) -> Any:
        return await self.get(f"{RUNS}/{run_id}")
