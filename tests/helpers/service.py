"""The composed service in this process, without sockets: its areas on a real database file."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend_lite.app import Service, compose
from backend_lite.config import Config, DataFolder
from backend_lite.core.db.database import Database
from backend_lite.core.db.meta import next_start, service_epoch
from backend_lite.core.events.bus import MemoryBus
from backend_lite.core.events.outbox import Outbox
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.http.agent_listener import LOOPBACK, AgentListener
from backend_lite.core.live import LiveHub
from backend_lite.features.access.api import AccessApi
from tests.helpers.clock import ManualClock

OWNER = "ada"
OWNER_PASSWORD = "four unrelated words"
LAUNCH_SECRET = "dfl_of-this-test"


@dataclass
class InProcess:
    """`client` calls as nobody; `headers(token)` makes a call somebody's."""

    kernel: Kernel
    clock: ManualClock
    service: Service
    app: Any
    client: httpx.AsyncClient

    @property
    def access(self) -> AccessApi:
        api: AccessApi = self.feature("access").api
        return api

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.service.features

    def feature(self, name: str) -> Feature:
        return self.service.feature(name)

    async def sign_in(self) -> dict[str, str]:
        """Headers of the owner, who is made when missing."""
        if not await self.access.users.has_owner():
            await self.access.users.create_owner(OWNER, OWNER_PASSWORD)
        answer = await self.access.login.as_owner(confirmed=True)
        return headers(answer.access_token)


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def in_process(folder: Path, migrated: Path) -> AsyncIterator[InProcess]:
    """`migrated` is an empty database of the current schema, copied into `folder`. Nothing is started."""
    data = DataFolder(folder)
    data.open()
    if not data.database.exists():
        shutil.copyfile(migrated, data.database)
    clock, bus = ManualClock(), MemoryBus()
    database = Database(data.database, bus.publish)
    try:
        listener = AgentListener(data.keys, LOOPBACK)
        kernel = await _kernel(Config(data), clock, bus, database, listener)
        service = compose(kernel, listener)
        app: Any = service.admin_app()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            yield InProcess(kernel, clock, service, app, client)
    finally:
        database.close()


async def _kernel(
    config: Config, clock: ManualClock, bus: MemoryBus, database: Database, listener: AgentListener
) -> Kernel:
    epoch, start = await database.write(lambda unit: (service_epoch(unit.session), next_start(unit.session)))
    return Kernel(
        config=config,
        clock=clock,
        database=database,
        bus=bus,
        outbox=Outbox(database, bus, clock),
        live=LiveHub(bus, start),
        service_epoch=epoch,
        endpoint=listener,
        launch_secret=LAUNCH_SECRET,
    )
