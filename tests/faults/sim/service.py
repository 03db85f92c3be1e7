"""The real service, composed anew after every kill, on a database and a disk that outlive it."""

from __future__ import annotations

import asyncio
import sqlite3
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from unittest import mock

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from agent.identity import Identity
from agent.wire.messages import Facts
from backend_lite.config import Config, DataFolder
from backend_lite.contract.fleet import Admission
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import RolloutCreate
from backend_lite.core.caller import current_caller
from backend_lite.core.db.base import Base
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.db.writer import Writer, _Item
from backend_lite.core.events.bus import Event, MemoryBus
from backend_lite.core.events.outbox import Outbox
from backend_lite.core.feature import Kernel
from backend_lite.core.http.websocket import Socket
from backend_lite.core.live import LiveHub
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ServiceError
from backend_lite.features.access import tables as _access_tables  # noqa: F401
from backend_lite.features.fleet import feature as fleet
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.library import tables as library_tables
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs import feature as runs
from tests.faults.sim.disk import Disk
from tests.faults.sim.kernel import Process
from tests.faults.sim.network import LEAF, Endpoint
from tests.faults.sim.system import SimPath
from tests.faults.sim.world import World
from tests.helpers.people import People
from tests.helpers.plans import plans_api
from tests.helpers.setting_values import default_settings

T = TypeVar("T")
EPOCH = "e1"
OWNER = Principal(1, "owner", 1, 1 << 60, ALL_PERMISSIONS)
_LOG = (
    "CREATE TABLE sim_log (n INTEGER PRIMARY KEY, step_id, state, source, reason, attempt, exit_code);"
    "CREATE TRIGGER sim_step AFTER UPDATE ON steps "
    "WHEN OLD.state IS NOT NEW.state OR OLD.source IS NOT NEW.source OR OLD.exit_code IS NOT NEW.exit_code "
    "BEGIN INSERT INTO sim_log (step_id, state, source, reason, attempt, exit_code) "
    "VALUES (NEW.id, NEW.state, NEW.source, NEW.reason, NEW.attempt, NEW.exit_code); END;"
    "CREATE TABLE sim_flags (hostname, reason);"
    "CREATE TRIGGER sim_flag AFTER UPDATE OF admission ON devices WHEN NEW.admission = 'quarantined' "
    "BEGIN INSERT INTO sim_flags VALUES (NEW.hostname, NEW.quarantine_reason); END;"
)


def identity_of(number: int) -> Identity:
    return Identity(bytes([number]) * 32)


@cache
def database_connection() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.isolation_level = None
    return connection


@cache
def _engine() -> Engine:
    """One for all simulations: it knows the statements that it compiled once."""
    engine = create_engine("sqlite://", creator=database_connection, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@cache
def _template(devices: int) -> bytes:
    connection = database_connection()
    Base.metadata.create_all(_engine())
    connection.executescript(_LOG)
    listed = Devices(SimpleNamespace(now_ms=lambda: 0), cast("Any", None), cast("Any", _Unseen()))
    with Session(_engine()) as session:
        unit = Unit(session.connection())
        for number in range(1, devices + 1):
            facts = Facts(f"pc-{number}", "linux", "Linux", "6", "x", "c", 2, 1, "1", ("sh",))
            listed.enlist(unit, identity_of(number).public_key, facts, Admission.APPROVED, "")
        _add_script(session)
        session.commit()
    return connection.serialize()


class _Unseen:
    """Presence before anybody was seen."""

    def view(self, _device_id: int) -> None:
        return None

    def fields(self, _sighting: object) -> dict[str, Any]:
        return {}


def _add_script(session: Session) -> None:
    session.add(
        library_tables.ScriptRow(
            id=1, name="hi", name_key="hi", target_os_type=None, timeout_s=60, revision=1, search="",
            created_at=0, updated_at=0, version=1, edited_at_version={},
        )
    )  # fmt: skip
    session.flush()
    session.add(
        library_tables.ScriptRevisionRow(
            id=1, script_id=1, number=1, language="sh", content="echo hi\n", content_hash="", message="",
            created_at=0,
        )
    )  # fmt: skip
    session.flush()


class InlineDatabase:
    """`Database` with its real commits and group commits, on the virtual loop.

    Some time passes before a commit, and some between a commit and the news of it; a kill may come at both.
    """

    def __init__(self, world: World, process: Process, publish: Callable[[Iterable[Event]], None]) -> None:
        self._world, self._process = world, process
        self._writer = Writer(_engine(), publish)
        self._waiting: list[_Item] = []
        self.after_commit: Callable[[], None] = lambda: None

    def _moment(self) -> float:
        return self._world.chance.choice((0.0, 0.0, 0.001, 0.02, 0.3))

    async def write(self, work: Callable[[Unit], T]) -> T:
        self._process.step()
        future: asyncio.Future[T] = self._world.loop.create_future()
        if not self._waiting:
            self._world.loop.call_later(self._moment(), self._commit)
        self._waiting.append(_Item(work, self._world.loop, future, current_caller()))
        return await asyncio.shield(future)

    async def read(self, work: Callable[[Session], T]) -> T:
        self._process.step()
        await asyncio.sleep(self._moment())
        with Session(_engine()) as session:
            value = work(session)
        await asyncio.sleep(self._moment())
        return value

    def _commit(self) -> None:
        batch, self._waiting = self._waiting, []
        if self._process.alive:
            self._writer._commit(batch)
            self.after_commit()
            self._world.loop.call_later(self._moment(), self._deliver, batch)

    def _deliver(self, batch: list[_Item]) -> None:
        if self._process.alive:
            self._writer._deliver(batch)


class Service:
    """At most one process of it at a time."""

    def __init__(self, world: World, devices: int) -> None:
        self.world = world
        self.disk = Disk(world.chance, journalled=world.maybe(0.5))
        self.process: Process | None = None
        self.area: runs.Area
        self.devices: Devices
        self.database: InlineDatabase
        self.log: list[tuple[Any, ...]] = []
        database_connection().deserialize(_template(devices))

    @property
    def up(self) -> bool:
        return self.process is not None and self.process.alive

    def start(self) -> None:
        if self.up:
            return
        world = self.world
        world.history.note("service", "starts")
        self.process = process = Process(world.loop, world.chance, "service", 1, "")
        process.at_end.append(lambda: world.history.note("service", "is gone"))
        world.files.disks[process] = self.disk
        process.context.copy().run(self._compose, process)

    def _compose(self, process: Process) -> None:
        world, bus = self.world, MemoryBus()
        if self.disk.find("/service") is None:
            SimPath("/service").mkdir()
            SimPath("/service/output").mkdir()
            self.disk.sync_all()
        self.database = InlineDatabase(world, process, bus.publish)
        self.database.after_commit = self._read_log
        database = cast("Database", self.database)
        kernel = Kernel(
            config=Config(DataFolder(cast("Any", SimPath("/service")))),
            clock=world,
            database=database,
            bus=bus,
            outbox=Outbox(database, bus, world),
            live=LiveHub(bus, 1),
            service_epoch=EPOCH,
            endpoint=cast("Any", SimpleNamespace(identity=SimpleNamespace(leaf_sha256=LEAF))),
            launch_secret="",
            settings=default_settings(),
        )
        with _kept(fleet, "Conversations") as conversations, _kept(fleet, "Devices") as devices:
            lower = fleet.build(kernel)
        with _kept(runs, "compose") as areas:
            library = LibraryApi()
            upper = runs.build(kernel, library, plans_api(world, library), lower.api, People())
        self.area, self.devices = areas[0], devices[0]
        for topic, reaction in upper.reactions.items():
            kernel.outbox.on(topic, reaction)
        process.spawn(self._begin(process, lower, upper, conversations[0]))

    async def _begin(self, process: Process, lower: Any, upper: Any, conversations: Any) -> None:
        for feature in (lower, upper):
            if feature.start is not None:
                await feature.start()

        async def serve(endpoint: Endpoint) -> None:
            await conversations.serve(Socket(cast("Any", endpoint.scope), endpoint.receive, endpoint.send))  # type: ignore[arg-type]

        self.world.network.listen(process, serve)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()

    def lose_power(self) -> None:
        if self.up:
            self.world.network.all_power_lost()
            self.kill()
            self.disk.power_loss()

    # ---- what a person does

    def ask(self, what: str, work: Callable[[Unit], Any]) -> asyncio.Task[Any] | None:
        """Do it through the service; None when that is down. The result is None if it was refused."""
        if self.process is None or not self.process.alive:
            return None
        return self.process.spawn(self._do(what, work))

    async def _do(self, what: str, work: Callable[[Unit], Any]) -> Any:
        try:
            result = await self.database.write(work)
        except ServiceError as error:
            self.world.history.note("person", f"{what}: refused: {error}")
            return None
        except Exception:
            self.world.history.fault("service", traceback.format_exc())
            return None
        self.world.history.note("person", what)
        return result

    def create(self, request: RolloutCreate, key: str) -> asyncio.Task[Any] | None:
        if not self.up:
            return None
        rollouts = self.area.rollouts
        return self.ask(
            f"starts {request.arguments} on {request.targets.devices}",
            lambda unit: rollouts.create(unit, request, OWNER, key),
        )

    def approve(self, device_id: int) -> None:
        if self.up:
            devices = self.devices
            self.ask(f"approves {device_id}", lambda unit: devices.approve(unit, device_id))

    # ---- what is in the database

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return database_connection().execute(query, values).fetchall()

    def _read_log(self) -> None:
        rows = self.rows("SELECT * FROM sim_log WHERE n > ? ORDER BY n", len(self.log))
        for row in rows:
            self.log.append(row)
            _, step_id, state, source, reason, attempt, exit_code = row
            self.world.history.note(
                "service", f"step {step_id} attempt {attempt}: {state} {source or ''} {reason} {exit_code}"
            )


class _kept:  # noqa: N801
    """While it lasts, what the callable of this name in `module` makes is kept in a list."""

    def __init__(self, module: Any, name: str) -> None:
        made: list[Any] = []
        real = getattr(module, name)

        def make(*arguments: Any, **named: Any) -> Any:
            made.append(real(*arguments, **named))
            return made[-1]

        self._made = made
        self._patch = mock.patch.object(module, name, make)

    def __enter__(self) -> list[Any]:
        self._patch.__enter__()
        return self._made

    def __exit__(self, *_error: object) -> None:
        self._patch.__exit__(None, None, None)
