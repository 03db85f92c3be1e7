"""P6: durable step results per second: permits, outputs and outcomes as the agents' channels hand them on."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import text

from agent.wire.codec import attempt_name
from agent.wire.messages import WIRE_VERSIONS, Done, Incarnation, OutputFrame, Permit, Welcome
from agent.wire.states import Outcome
from backend_lite.app import Service, look_less_for_garbage, opened
from backend_lite.config import Config, DataFolder
from backend_lite.contract.fleet import Admission
from backend_lite.core.db.unit import Unit
from backend_lite.core.http.websocket import Socket
from backend_lite.features.fleet.channel import Channel
from backend_lite.features.fleet.events import AdmissionSet
from tests.bench.figures import result
from tests.bench.p6_rows import insert_offered

DEVICES = (100, 1_000, 10_000)
SIZE = 1024
OUTPUT = b"x" * SIZE
NOTHING = hashlib.sha256(b"").hexdigest()
NONCE = "0" * 32
CALLERS = 50
WRITES = 20_000


def run() -> dict[str, Any]:
    """Without sockets: every device has a channel that takes what is sent, and one step that was offered.

    Floor: CALLERS that each await one row update after the other, by the same writer.
    """
    grown = {devices: _measured(devices) for devices in DEVICES}
    floors = [figures.pop("floor_s") for figures in grown.values()]
    return result(
        "durable step results, 1 KB of output each",
        {},
        grown[DEVICES[-1]],
        at_least={"results_s": 15_000},
        growth=grown,
        floor={"single_updates_s": max(floors)},
    )


def _measured(devices: int) -> dict[str, float]:
    sys.setswitchinterval(0.0005)
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_measure(Path(folder), devices))


async def _measure(folder: Path, devices: int) -> dict[str, float]:
    async with opened(Config(DataFolder(folder))) as service:
        write = service.kernel.database.write
        await service.feature("access").api.users.create_owner("bench", "a bench of wood and iron")
        await write(lambda unit: insert_offered(unit.connection, devices))
        look_less_for_garbage()
        receipts = _Receipts()
        _connect(service, devices, receipts)
        listeners: Any = service.feature("fleet").api._listeners
        epoch = service.kernel.service_epoch
        names = [attempt_name(epoch, n, 1) for n in range(1, devices + 1)]
        numbered = list(enumerate(names, 1))
        permits = await _rate("permits", (listeners.message(n, Permit(name, NONCE)) for n, name in numbered))
        await _refuse_refused(service, devices)
        for n, name in numbered:
            await listeners.output(n, OutputFrame(name, 0, 0, 1, OUTPUT))
        results = await _rate("results", (listeners.message(n, _done(name)) for n, name in numbered))
        await receipts.all(devices)
        return results | permits | {"floor_s": await _floor(service)}


async def _refuse_refused(service: Service, devices: int) -> None:
    """Refusing is cheaper than permitting, and would be measured without a word."""
    running = text("SELECT count(*) FROM steps WHERE state = 'running'")
    count = await service.kernel.database.read(lambda session: session.scalar(running))
    assert count == devices, f"{count} of {devices} steps were permitted"


async def _rate(name: str, works: Iterable[Awaitable[None]]) -> dict[str, float]:
    """All at once, per second and per second of processor time."""
    waiting = list(works)
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*waiting)
    cpu_s, wall_s = time.process_time() - cpu, time.monotonic() - began
    return {f"{name}_s": round(len(waiting) / wall_s), f"{name}_per_core_s": round(len(waiting) / cpu_s)}


async def _floor(service: Service) -> float:
    update = text("UPDATE steps SET duration_ms = duration_ms + 1 WHERE id = :id")

    def work(unit: Unit) -> None:
        unit.connection.execute(update, {"id": 1})

    async def caller() -> None:
        for _ in range(WRITES // CALLERS):
            await service.kernel.database.write(work)

    began = time.monotonic()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return round(WRITES / (time.monotonic() - began))


def _done(name: str) -> Done:
    sha256 = hashlib.sha256(OUTPUT).hexdigest()
    return Done(name, NONCE, Outcome.EXITED, 0, 5, 1, 6, SIZE, 0, sha256, NOTHING, SIZE, 0)


@dataclass
class _Receipts:
    """Takes what the service sends to the devices, and counts the receipts."""

    count: int = 0

    async def take(self, frame: dict[str, Any]) -> None:
        self.count += frame["text"].startswith('{"type":"receipt"')

    async def all(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.count < count:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


def _connect(service: Service, devices: int, receipts: _Receipts) -> None:
    hub: Any = service.feature("fleet").api.hub
    life = Incarnation("1", "1", "1")

    async def nothing() -> dict[str, Any]:
        return {"type": "websocket.disconnect"}

    for n in range(1, devices + 1):
        service.kernel.bus.publish([AdmissionSet(n, Admission.APPROVED)])
        socket = Socket({}, nothing, receipts.take)  # type: ignore[arg-type]
        channel = Channel(socket, n, life, n, 0.0, WIRE_VERSIONS[-1])
        hub.join(channel, lambda admission: Welcome(1, 1, admission, 10.0))
