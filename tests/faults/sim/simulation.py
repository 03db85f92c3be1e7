"""One seed, from the first boot to the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import pkgutil
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

import structlog

import agent
from agent import handlers, program
from agent.platform import processes
from backend_lite.core import keep_awake
from backend_lite.features import runs
from backend_lite.features.fleet import handshake
from backend_lite.features.runs import feature
from tests.faults.sim import machine as simulated
from tests.faults.sim.checker import Checker
from tests.faults.sim.kernel import Killed
from tests.faults.sim.machine import Machine
from tests.faults.sim.plan import LASTS_S, Plan, make_machines
from tests.faults.sim.service import Service
from tests.faults.sim.system import in_place
from tests.faults.sim.world import World

PATIENCE_S = 900.0
AFTERWARDS_S = 45.0
COPIES_LIVE_S = 200.0
_LOOK_S = 5.0
_PACKAGES = ("agent.", "backend_lite.features.runs.")
_UNTOUCHED = ("agent.platform", "agent.wire")


@dataclass(frozen=True)
class Result:
    seed: int
    violations: list[str]
    lines: list[str]
    runs: int
    effects: int
    virtual_s: float


@cache
def _import_all() -> None:
    """What would be imported only when it is needed would come too late for its stand-ins."""
    for package in (agent, handlers, runs):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def simulate(seed: int, focus: tuple[str, ...] = ()) -> Result:
    """Play one seed with the code as it is now; `focus` names the faults that happen, see `plan.FAULTS`."""
    _import_all()
    world = World(seed)
    with _installed(world):
        try:
            return _play(world, focus)
        finally:
            _end(world)


def _play(world: World, focus: tuple[str, ...]) -> Result:
    service = Service(world, 3)
    machines = make_machines(world, world.chance.randint(1, 3))
    plan = Plan(world, service, machines)
    service.start()
    for machine in machines:
        machine.boot()
    plan.make(focus)
    checker = Checker(world, service, plan)
    violations = world.loop.run_until_complete(_whole(world, service, plan, checker))
    history = world.history
    runs = service.rows("SELECT count(*) FROM runs")[0][0]
    return Result(world.seed, violations, history.lines, runs, len(history.effects), world.loop.now - 1000.0)


async def _whole(world: World, service: Service, plan: Plan, checker: Checker) -> list[str]:
    await asyncio.sleep(LASTS_S)
    world.history.note("world", "nothing goes wrong any more")
    plan.heal()
    if plan.copies:
        await asyncio.sleep(COPIES_LIVE_S)
        checker.look_for_flags()
        for copy in plan.copies:
            copy.shut_down()
            plan.machines.remove(copy)
    patience = world.loop.now + PATIENCE_S
    await asyncio.sleep(_LOOK_S)
    while world.loop.now < patience and not await _stays_settled(service, plan):
        _approve(service)
        await asyncio.sleep(_LOOK_S)
    return await checker.verdict()


async def _stays_settled(service: Service, plan: Plan) -> bool:
    """True when nothing is open, and nothing turned up for a while either."""
    if not _settled(service, plan):
        return False
    await asyncio.sleep(AFTERWARDS_S)
    return _settled(service, plan)


def _settled(service: Service, plan: Plan) -> bool:
    if service.rows("SELECT 1 FROM runs WHERE ended_at IS NULL LIMIT 1"):
        return False
    return not any(machine.open_attempts() for machine in plan.machines)


def _approve(service: Service) -> None:
    """A person decides about what is in quarantine, when nothing but the right machine is left."""
    for (device_id,) in service.rows("SELECT id FROM devices WHERE admission = 'quarantined'"):
        service.approve(device_id)


def _end(world: World) -> None:
    """Let every task and strand unwind, without any effect."""
    for process in [*Machine.by_process]:
        process.kill()
    if world.network.service is not None:
        world.network.service.kill()
    for _ in range(5):
        world.loop.run_until_complete(asyncio.sleep(0))
    Machine.by_process.clear()
    world.loop.close()


@contextlib.contextmanager
def _installed(world: World) -> Iterator[None]:
    world.files.between = lambda process: (
        Machine.by_process[process].between(process) if process in Machine.by_process else None
    )
    world.loop.set_exception_handler(lambda _loop, context: _unexpected(world, context))
    logger, ears = logging.getLogger("agent"), _Ears(world)
    level, configuration = logger.level, structlog.get_config()
    structlog.configure(processors=[_listener(world)], cache_logger_on_first_use=False)
    logger.setLevel(logging.ERROR)
    logger.addHandler(ears)
    logger.propagate = False
    with contextlib.ExitStack() as stack:
        stack.enter_context(in_place(world.files, world.loop, _PACKAGES, _UNTOUCHED))
        for module, name, stand_in in _stand_ins(world):
            stack.enter_context(mock.patch.object(module, name, stand_in))
        try:
            yield
        finally:
            structlog.configure(**configuration)
            logger.propagate = True
            logger.removeHandler(ears)
            logger.setLevel(level)


def _stand_ins(world: World) -> list[tuple[Any, str, Any]]:
    chance = world.chance
    return [
        (program, "Journal", simulated.open_journal),
        (program, "Runners", simulated.SimRunners),
        (program, "ThisMachine", simulated.SimThisMachine),
        (program, "open_channel", simulated.open_channel),
        (program, "tls_context", lambda _pem: None),
        (program, "this_platform", simulated.SimPlatform),
        (program, "_Probes", simulated.SimProbes),
        (program, "_stop_by_signals", _stop_without_signals),
        (program, "random", SimpleNamespace(uniform=chance.uniform)),
        (processes, "ScriptProcess", simulated.SimScript),
        (processes, "awake_clock", world.monotonic),
        (processes, "adopt_orphans", lambda: None),
        (processes, "start_mark", simulated.start_mark),
        (processes, "is_alive", simulated.is_alive),
        (handshake, "secrets", _Secrets(world)),
        # What the service looks at every second costs more than all the rest, and finds nothing most times.
        (feature, "_SWEEP_S", 5.0),
        (keep_awake.KeepAwake, "keep", lambda _computer, _awake: None),
    ]


class _Secrets:
    def __init__(self, world: World) -> None:
        self._chance = world.chance

    def __getattr__(self, name: str) -> Any:
        return getattr(secrets, name)

    def token_hex(self, size: int) -> str:
        return self._chance.randbytes(size).hex()


def _stop_without_signals(work: list[asyncio.Task[None]]) -> Any:
    return lambda: [task.cancel() for task in work]


def _unexpected(world: World, context: dict[str, Any]) -> None:
    error, task = context.get("exception"), context.get("task") or context.get("future")
    owner = getattr(task, "owner", None)
    if isinstance(error, Killed) or (owner is not None and not owner.alive):
        return
    world.history.fault("loop", f"{context.get('message')}: {error!r}")


class _Ears(logging.Handler):
    """The agent outlives its own mistakes and only tells of them in its log."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._world.history.fault("agent", self.format(record))


def _listener(world: World) -> Any:
    def listen(_logger: Any, method: str, event: dict[str, Any]) -> Any:
        if method in ("exception", "critical") or event.get("exc_info"):
            import traceback

            world.history.fault("service", f"{event.get('event')}: {traceback.format_exc()}")
        elif method == "error":
            world.history.note("service", f"ERROR {event}")
        raise structlog.DropEvent

    return listen
