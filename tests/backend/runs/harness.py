"""The runs area on a real database file, with a fleet that tests connect and disconnect by hand."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, create_engine, delete
from sqlalchemy.orm import Session

from agent.wire.messages import (
    Done,
    Hello,
    Incarnation,
    Offer,
    OpenAttempt,
    OutputFrame,
    Permit,
    PermitAnswer,
    ServiceMessage,
)
from agent.wire.states import Outcome
from backend_lite.config import Config, DataFolder
from backend_lite.contract.fleet import Admission
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import Policy, Rollout, RolloutCreate, Run, Targets, TaskCreate
from backend_lite.core.agent_endpoint import AgentEndpoint
from backend_lite.core.db.base import Base
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed, MemoryBus, SendToDevice
from backend_lite.core.events.outbox import Outbox
from backend_lite.core.feature import Kernel
from backend_lite.core.live import LiveHub
from backend_lite.core.security.principal import Principal
from backend_lite.features.access import tables as _access_tables  # noqa: F401
from backend_lite.features.fleet import tables as fleet_tables
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.fleet.listeners import HelloAnswer, Listeners
from backend_lite.features.library import tables as library_tables
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs import feature as runs
from backend_lite.features.runs.lists import Lists
from backend_lite.features.runs.rollouts import Rollouts
from tests.helpers.people import People
from tests.helpers.plans import plans_api
from tests.helpers.setting_values import default_settings

EPOCH = "e1"
OWNER = Principal(1, "owner", 1, 1 << 60, ALL_PERMISSIONS)


@dataclass
class FakeClock:
    ms: int = 1_700_000_000_000
    jumped: int = 0

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return (self.ms - self.jumped) / 1000

    def jump_ms(self, by: int) -> None:
        """Set the wall clock."""
        self.ms += by
        self.jumped += by


@dataclass
class FakeHub:
    """Devices that are there, all in the boot `boot`, unless `boots` says otherwise."""

    here: set[int] = field(default_factory=set)
    kept_out: set[int] = field(default_factory=set)
    versions: dict[int, int] = field(default_factory=dict)
    boots: dict[int, str] = field(default_factory=dict)

    def connected(self, device_id: int) -> bool:
        return device_id in self.here

    def may_leave(self, device_id: int) -> bool:
        return False

    def may_work(self, device_id: int) -> bool:
        return device_id in self.here and device_id not in self.kept_out

    def wire_version(self, device_id: int) -> int | None:
        return self.versions.get(device_id, 3) if device_id in self.here else None

    def boot_id(self, device_id: int) -> str | None:
        return self.boots.get(device_id, "boot") if device_id in self.here else None


class FakeFleet(FleetApi):
    """Every device is an approved Linux machine called `pc-<id>`, unless one of the tables says otherwise; 99
    is unknown. Group 1 has the devices 2 and 3; a query finds the devices that it names: `2 3`."""

    def __init__(self, hub: FakeHub) -> None:
        self.admissions: dict[int, Admission] = {}
        self.zones: dict[int, str] = {}
        self.systems: dict[int, str] = {}
        self.keys: dict[int, bytes] = {}
        self.languages: dict[int, tuple[str, ...]] = {}
        none = cast("Any", None)
        super().__init__(hub, Listeners(), none, none, none, none)

    def on_group_delete(self, users: Any) -> None:
        pass

    def on_merge(self, open_work: Any, follower: Any) -> None:
        pass

    def on_forget(self, forgetter: Any) -> None:
        pass

    def line(self, _session: Session, device_id: int) -> list[int]:
        return [device_id]

    def match(self, _session: Session, query: str) -> list[int]:
        return [int(word) for word in query.split()]

    def group_members(self, _session: Session, group_id: int) -> list[int]:
        return [2, 3] if group_id == 1 else []

    def groups_of(self, _session: Session, device_id: int) -> list[int]:
        return [1] if device_id in (2, 3) else []

    def group_name(self, _session: Session, _group_id: int) -> str:
        return "workshop"

    def targets(self, session: Session, device_ids: Iterable[int]) -> dict[int, RunTarget]:
        found = (self.target(session, device_id) for device_id in device_ids)
        return {target.id: target for target in found if target is not None}

    def approved(self, _connection: Connection, device_ids: Iterable[int]) -> set[int]:
        allowed = Admission.APPROVED
        return {one for one in device_ids if self.admissions.get(one, allowed) is allowed and one != 99}

    def target(self, _session: Session, device_id: int) -> RunTarget | None:
        if device_id == 99:
            return None
        admission = self.admissions.get(device_id, Admission.APPROVED)
        system = self.systems.get(device_id, "linux")
        zone, key = self.zones.get(device_id, ""), self.keys.get(device_id, b"")
        languages = self.languages.get(device_id, ("sh",))
        return RunTarget(device_id, f"pc-{device_id}", system, admission, languages, zone, key)


class Harness:
    """One running service core with the runs area; `sent` are the messages to devices, in order."""

    def __init__(self, folder: Path, clock: FakeClock | None = None) -> None:
        self.folder = folder
        data = DataFolder(folder)
        data.open()
        if not data.database.exists():
            _make_database(data.database)
        self.clock = clock or FakeClock()
        self.bus = MemoryBus()
        self.sent: list[tuple[int, ServiceMessage]] = []
        self.changes: list[Changed] = []
        self.bus.subscribe(SendToDevice, lambda event: self.sent.append((event.device_id, event.message)))
        self.bus.subscribe(Changed, self.changes.append)
        self.database = Database(data.database, self.bus.publish)
        self.hub = FakeHub()
        self.settings = default_settings()
        self.fleet = FakeFleet(self.hub)
        kernel = Kernel(
            config=Config(data),
            clock=self.clock,
            database=self.database,
            bus=self.bus,
            outbox=Outbox(self.database, self.bus, self.clock),
            live=LiveHub(self.bus, 1),
            service_epoch=EPOCH,
            endpoint=cast("AgentEndpoint", None),
            launch_secret="",
            settings=self.settings,
        )
        library = LibraryApi()
        self.people = People()
        plans = plans_api(self.clock, library)
        self.area = runs.compose(kernel, library, plans, self.fleet, self.people)

    @property
    def rollouts(self) -> Rollouts:
        return self.area.rollouts

    @property
    def lists(self) -> Lists:
        return self.area.lists

    def restarted(self) -> Harness:
        """The service again, on the same data, after this one was killed: nothing is written any more."""
        self.database.close()
        return Harness(self.folder, self.clock)

    async def look(self) -> None:
        """What the background does once a second."""
        await self.area.looks.look()

    def close(self) -> None:
        self.area.output.close()
        self.database.close()

    async def start(self, *devices: int, key: str | None = None, **fields: Any) -> list[int]:
        """A rollout of the one script; the ids of its runs."""
        fields = {"policy": Policy(), "targets": Targets(devices=list(devices)), "script_id": 1} | fields
        request = RolloutCreate(**cast("Any", fields))
        created = await self.database.write(lambda unit: self.rollouts.create(unit, request, OWNER, key))
        return created.run_ids

    async def start_tasks(self, tasks: list[TaskCreate], device_id: int, **fields: Any) -> int:
        """A rollout of several steps on one device; the id of its run."""
        (run_id,) = await self.start(device_id, script_id=None, tasks=tasks, **fields)
        return run_id

    async def rollout(self, rollout_id: int) -> Rollout:
        return await self.database.read(lambda session: self.lists.rollout(session, rollout_id, None))

    async def halt(self, rollout_id: int) -> None:
        await self.database.write(lambda unit: self.rollouts.halt(unit, rollout_id, OWNER))

    async def resume(self, rollout_id: int) -> None:
        await self.database.write(lambda unit: self.rollouts.resume(unit, rollout_id))

    async def run(self, run_id: int) -> Run:
        return await self.database.read(lambda session: self.lists.run(session, run_id))

    async def cancel(self, run_id: int) -> None:
        await self.database.write(lambda unit: self.rollouts.cancel_run(unit, run_id))

    async def name_members(self, group_id: int, *devices: int) -> None:
        """Let the group name these devices and no others: where rights that are limited to it hold."""
        rows = [fleet_tables.GroupMemberRow(group_id=group_id, device_id=one) for one in devices]

        def work(unit: Unit) -> None:
            table = fleet_tables.GroupMemberRow
            unit.session.execute(delete(table).where(table.group_id == group_id))
            unit.session.add_all(rows)

        await self.database.write(work)

    async def connect(self, device_id: int) -> None:
        self.hub.here.add(device_id)
        await self.area.attempts.ready(device_id)

    async def here(self, *devices: int) -> None:
        for device_id in devices:
            await self.connect(device_id)

    async def take(self, device_id: int) -> str:
        """Permit the newest offer of the device; its attempt."""
        attempt = self.offers(device_id)[-1].attempt
        assert await self.permit(attempt, "n", device_id) == "yes"
        return attempt

    async def carry_out(self, device_id: int, exit_code: int = 0) -> None:
        """Take the newest offer of the device and end it."""
        await self.done(await self.take(device_id), "n", device_id, exit_code=exit_code)

    async def rollout_of(self, run_id: int) -> int:
        return (await self.run(run_id)).rollout_id

    async def disconnect(self, device_id: int) -> None:
        self.hub.here.discard(device_id)
        await self.area.attempts.lost(device_id)

    def offers(self, device_id: int) -> list[Offer]:
        return [m for d, m in self.sent if d == device_id and isinstance(m, Offer)]

    def answers(self, kind: type[Any]) -> list[Any]:
        """All messages of a kind sent so far; taken, so that the next call gives only newer ones."""
        found = [message for _, message in self.sent if isinstance(message, kind)]
        self.sent = [(d, message) for d, message in self.sent if not isinstance(message, kind)]
        return found

    async def permit(self, attempt: str, nonce: str = "n1", device_id: int = 1) -> str:
        await self.area.attempts.permit(device_id, Permit(attempt, nonce))
        (answer,) = self.answers(PermitAnswer)
        return str(answer.answer)

    async def output(self, attempt: str, data: bytes, offset: int = 0, device_id: int = 1) -> None:
        await self.area.attempts.output(device_id, OutputFrame(attempt, 0, offset, 0, data))

    async def done(self, attempt: str, nonce: str = "n1", device_id: int = 1, **fields: Any) -> None:
        await self.area.attempts.done(device_id, outcome(attempt, nonce, **fields))

    async def hello(
        self, *open_attempts: str, device_id: int = 1, new: bool = False, nonce: str = "n1", boot: str = "b"
    ) -> HelloAnswer:
        hello = Hello(
            "uid",
            Incarnation("j", "1:1", boot),
            (1,),
            "0",
            "",
            tuple(OpenAttempt(a, nonce, "starting") for a in open_attempts),
        )
        return await self.area.attempts.hello(device_id, hello, new)


def outcome(
    attempt: str,
    nonce: str = "n1",
    result: Outcome = Outcome.EXITED,
    exit_code: int | None = 0,
    stdout: bytes = b"",
) -> Done:
    empty = hashlib.sha256(b"").hexdigest()
    return Done(
        attempt=attempt,
        nonce=nonce,
        outcome=result,
        exit_code=exit_code,
        duration_ms=5,
        started_at=0,
        ended_at=0,
        stdout_size=len(stdout),
        stderr_size=0,
        stdout_sha256=hashlib.sha256(stdout).hexdigest(),
        stderr_sha256=empty,
        stdout_total=len(stdout),
        stderr_total=0,
    )


def _make_database(path: Path) -> None:
    path.write_bytes(_database())


@functools.cache
def _database() -> bytes:
    """A new database with three devices, a group of two of them, and a script."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.sqlite"
        engine = create_engine(f"sqlite:///{path}")
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            for number in (1, 2, 3):
                session.add(_device(number))
            session.add(fleet_tables.GroupRow(
                id=1, name="workshop", name_key="workshop", description="", created_at=0, updated_at=0,
                version=1, edited_at_version={},
            ))  # fmt: skip
            session.add(_script())
            session.flush()
            session.add(_revision())
            session.commit()
        engine.dispose()
        return path.read_bytes()


def _device(number: int) -> fleet_tables.DeviceRow:
    return fleet_tables.DeviceRow(
        id=number, uid=f"u{number}", public_key=bytes(32), hostname=f"pc-{number}", search="",
        admission="approved", created_at=0,
    )  # fmt: skip


def _script() -> library_tables.ScriptRow:
    return library_tables.ScriptRow(
        id=1, name="hi", name_key="hi", target_os_type=None, timeout_s=60, revision=1, search="",
        created_at=0, updated_at=0, version=1, edited_at_version={},
    )  # fmt: skip


def _revision() -> library_tables.ScriptRevisionRow:
    return library_tables.ScriptRevisionRow(
        id=1,
        script_id=1,
        number=1,
        language="sh",
        content="echo hi\n",
        content_hash="",
        message="",
        created_at=0,
    )


async def declare(harness: Harness, parameters: list[ScriptParameter]) -> None:
    """Let the script declare them."""
    plain = msgspec.to_builtins(parameters)

    def work(unit: Unit) -> None:
        unit.session.get_one(library_tables.ScriptRevisionRow, 1).parameters = plain

    await harness.database.write(work)


async def add_software(harness: Harness, **fields: Any) -> None:
    """Software 1."""
    values: dict[str, Any] = {
        "id": 1, "name": "7-Zip", "name_key": "7-zip", "slug": "7-zip", "version_text": "24", "tags": "",
        "publisher": "", "installer_type": "custom", "source_type": "none", "source": "", "file_name": "",
        "language": "sh", "install_command": "true", "install_args": "", "uninstall_command": "",
        "uninstall_args": "", "detection": {}, "exit_codes": [0, 5], "timeout_s": 77, "search": "",
        "created_at": 0, "updated_at": 0, "version": 1, "edited_at_version": {},
    }  # fmt: skip
    await harness.database.write(lambda unit: unit.session.add(library_tables.SoftwareRow(**values | fields)))
