"""The composed service in this process, without sockets: its areas on a real database file."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend_lite.config import Config, DataFolder
from backend_lite.core.db.database import Database
from backend_lite.core.db.meta import next_start, service_epoch
from backend_lite.core.events.bus import MemoryBus
from backend_lite.core.events.outbox import Outbox
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.http.agent_listener import LOOPBACK, AgentListener
from backend_lite.core.http.app import make_app
from backend_lite.core.http.live import live_route
from backend_lite.core.live import LiveHub
from backend_lite.features.access import feature as access
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library import feature as library
from backend_lite.features.system import feature as system
from tests.helpers.clock import ManualClock

OWNER = "ada"
OWNER_PASSWORD = "four unrelated words"
LAUNCH_SECRET = "dfl_of-this-test"


@dataclass
class InProcess:
    """`client` calls as nobody; `headers(token)` makes a call somebody's."""

    kernel: Kernel
    clock: ManualClock
    features: Sequence[Feature]
    app: Any
    client: httpx.AsyncClient

    @property
    def access(self) -> AccessApi:
        api: AccessApi = self.feature("access").api
        return api

    def feature(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)

    async def sign_in(self) -> dict[str, str]:
        """Headers of the owner, who is made when missing."""
        if not await self.access.users.has_owner():
            await self.access.users.create_owner(OWNER, OWNER_PASSWORD)
        answer = await self.access.login.as_owner()
        return headers(answer.access_token)


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def in_process(
    folder: Path, migrated: Path, compose: Callable[[Kernel], Sequence[Feature]] | None = None
) -> AsyncIterator[InProcess]:
    """`migrated` is an empty database of the current schema, copied into `folder`."""
    data = DataFolder(folder)
    data.open()
    if not data.database.exists():
        shutil.copyfile(migrated, data.database)
    clock, bus = ManualClock(), MemoryBus()
    database = Database(data.database, bus.publish)
    try:
        kernel = await _kernel(Config(data), clock, bus, database)
        features = (compose or _compose)(kernel)
        for feature in features:
            kernel.live.kinds.update(feature.live)
        app = _admin_app(kernel, features)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            yield InProcess(kernel, clock, features, app, client)
    finally:
        database.close()


def _admin_app(kernel: Kernel, features: Sequence[Feature]) -> Any:
    access_api: AccessApi = next(feature for feature in features if feature.name == "access").api
    authenticator = access_api.authenticator
    live = Feature(name="live", routes=lambda: [live_route(kernel.live, authenticator)])
    return make_app([*features, live], authenticator, machines_only=False)


async def _kernel(config: Config, clock: ManualClock, bus: MemoryBus, database: Database) -> Kernel:
    epoch, start = await database.write(lambda unit: (service_epoch(unit.session), next_start(unit.session)))
    return Kernel(
        config=config,
        clock=clock,
        database=database,
        bus=bus,
        outbox=Outbox(database, bus, clock),
        live=LiveHub(bus, start),
        service_epoch=epoch,
        endpoint=AgentListener(config.data.keys, LOOPBACK),
        launch_secret=LAUNCH_SECRET,
    )


def _compose(kernel: Kernel) -> Sequence[Feature]:
    access_feature = access.build(kernel)
    return (access_feature, library.build(kernel, access_feature.api), system.build())
