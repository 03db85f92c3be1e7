"""The manifest of runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from agent.wire.messages import Done, Permit
from backend_lite.contract.live import OUTPUT, ROLLOUT, RUN
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.live import LiveKind
from backend_lite.features.fleet.api import DEVICE_RETIRED, DeviceLost, FleetApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.actions import Actions
from backend_lite.features.runs.attempts import Attempts
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.lists import Lists
from backend_lite.features.runs.output_routes import output_routes
from backend_lite.features.runs.output_store import OutputStore
from backend_lite.features.runs.retention import Retention, retention_routes
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.routes import VIEW, action_routes, rollout_routes, run_routes
from backend_lite.features.runs.views import Views

log = structlog.get_logger(__name__)

_SWEEP_S = 1.0
_EXPIRE_EVERY = 15


@dataclass(frozen=True)
class Area:
    """The parts of runs, wired to the agents' messages."""

    output: OutputStore
    dispatcher: Dispatcher
    attempts: Attempts
    rollouts: Rollouts
    actions: Actions
    lists: Lists


def compose(kernel: Kernel, library: LibraryApi, fleet: FleetApi) -> Area:
    database, clock, epoch = kernel.database, kernel.clock, kernel.service_epoch
    output = OutputStore(kernel.config.data.output, database, kernel.bus, clock, epoch)
    views = Views(fleet.hub, output.sizes)
    dispatcher = Dispatcher(fleet.hub, library, views, clock, epoch)
    attempts = Attempts(database, fleet, clock, output, dispatcher, views, epoch)
    rollouts = Rollouts(fleet, library, dispatcher, views, clock, epoch)
    fleet.on_hello(attempts.hello)
    fleet.on_ready(attempts.ready)
    fleet.on_message(Permit, attempts.permit)
    fleet.on_message(Done, attempts.done)
    fleet.on_output(attempts.output)
    return Area(output, dispatcher, attempts, rollouts, Actions(rollouts, library, output), Lists(views, clock))


def build(kernel: Kernel, library: LibraryApi, fleet: FleetApi) -> Feature:
    area, database = compose(kernel, library, fleet), kernel.database
    background = _Background(kernel, area.dispatcher, area.rollouts, area.output)
    return Feature(
        name="runs",
        routes=lambda: [
            *rollout_routes(database, area.rollouts, area.lists),
            *run_routes(database, area.rollouts, area.lists),
            *output_routes(database, area.lists, area.output),
            *retention_routes(database),
            *action_routes(database, area.actions),
        ],
        live={
            ROLLOUT: LiveKind(VIEW, lambda: database.read(area.lists.live_rollouts)),
            RUN: LiveKind(VIEW, lambda: database.read(area.lists.live_runs)),
            OUTPUT: LiveKind(VIEW),
        },
        reactions={DEVICE_RETIRED: area.rollouts.device_retired},
        start=background.start,
        stop=background.stop,
    )


class _Background:
    """Expiry, moving output to files, and telling consoles why runs wait when a device goes away."""

    def __init__(
        self, kernel: Kernel, dispatcher: Dispatcher, rollouts: Rollouts, output: OutputStore
    ) -> None:
        self._database = kernel.database
        self._dispatcher = dispatcher
        self._rollouts = rollouts
        self._output = output
        self._retention = Retention(kernel.database, output, kernel.clock)
        self._tasks: set[asyncio.Task[None]] = set()
        kernel.bus.subscribe(DeviceLost, self._lost)

    async def start(self) -> None:
        self._keep(asyncio.create_task(self._sweep(), name="runs sweep"))
        self._keep(asyncio.create_task(self._retention.run(), name="runs retention"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._output.close()

    async def _sweep(self) -> None:
        turn = 0
        while True:
            try:
                self._output.spill_old()
                if turn % _EXPIRE_EVERY == 0:
                    await self._database.write(self._rollouts.expire)
            except Exception:
                # Full disk, say: the next turn tries again.
                log.exception("runs sweep failed")
            turn += 1
            await asyncio.sleep(_SWEEP_S)

    def _lost(self, event: DeviceLost) -> None:
        self._keep(asyncio.create_task(self._republish(event.device_id), name="runs republish"))

    async def _republish(self, device_id: int) -> None:
        await self._database.write(lambda unit: self._dispatcher.republish(unit, device_id))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
