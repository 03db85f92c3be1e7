"""The composition root: the areas, the listeners, and the life of a service process."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from litestar.types import ASGIApp

from backend_lite import __version__
from backend_lite.config import Config
from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time
from backend_lite.contract.oidc import OIDC_CALLBACK
from backend_lite.core.audit.record import Entity
from backend_lite.core.caller import SERVICE
from backend_lite.core.clock import SystemClock
from backend_lite.core.db.database import Database
from backend_lite.core.db.meta import get_meta, next_start, service_epoch, set_meta
from backend_lite.core.db.migrate import migrate
from backend_lite.core.db.restored import take_restored
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import MemoryBus
from backend_lite.core.events.outbox import Outbox
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.http.agent_listener import LOOPBACK, AgentListener, Remember
from backend_lite.core.http.app import make_app, make_app_in_parts
from backend_lite.core.http.browser_shield import BrowserShield
from backend_lite.core.http.listener import Listener, bind
from backend_lite.core.http.live import live_route
from backend_lite.core.http.parts import AppInParts
from backend_lite.core.http.rate_limits import GUESSES, FailureLimit, GuessLimit
from backend_lite.core.http.refusals import Refusals
from backend_lite.core.live import LiveHub
from backend_lite.core.lock import FolderLock
from backend_lite.core.logging import configure_logging
from backend_lite.core.open_files import allow_many_open_files
from backend_lite.core.security.launch import new_launch_secret, publish_launch
from backend_lite.core.security.master_key import open_master_key
from backend_lite.core.security.outgoing import OutgoingCalls
from backend_lite.core.security.principal import Authenticator
from backend_lite.errors import StartError
from backend_lite.features.access import feature as access
from backend_lite.features.access.form_routes import form_types
from backend_lite.features.audit import feature as audit
from backend_lite.features.backups import feature as backups
from backend_lite.features.enroll import feature as enroll
from backend_lite.features.fleet import feature as fleet
from backend_lite.features.library import feature as library
from backend_lite.features.library.upload_routes import piece_types
from backend_lite.features.plans import feature as plans
from backend_lite.features.runs import feature as runs
from backend_lite.features.settings import feature as settings
from backend_lite.features.system import feature as system

log = structlog.get_logger(__name__)

_GC_AFTER = 20_000
"""New objects between two looks for garbage: a fleet that answers at once makes many, and hardly any."""


@dataclass(frozen=True)
class Service:
    """The composed service on its open database, without listeners. `features` are low to high."""

    kernel: Kernel
    listener: AgentListener
    features: tuple[Feature, ...]
    authenticator: Authenticator

    def feature(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)

    def admin_app(self) -> AppInParts:
        """Every route."""
        kernel = self.kernel
        live = Feature(
            name="live", routes=lambda: [live_route(kernel.live, self.authenticator, kernel.clock)]
        )
        refused = self.feature("audit").api.denials.refused
        features = [*self.features, live]
        return make_app_in_parts(features, self.authenticator, kernel.within, refused)

    def agent_app(self) -> ASGIApp:
        """Only what machines use."""
        return make_app(self.features, self.authenticator, self.kernel.within, machines_only=True)


def compose(kernel: Kernel, listener: AgentListener) -> Service:
    """Build every area from the kernel and from the areas below it."""
    settings_feature = settings.build(kernel)
    access_feature = access.build(kernel)
    fleet_feature = fleet.build(kernel)
    library_feature = library.build(kernel, access_feature.api)
    plans_feature = plans.build(kernel, access_feature.api, library_feature.api, fleet_feature.api)
    runs_feature = runs.build(
        kernel, library_feature.api, plans_feature.api, fleet_feature.api, access_feature.api
    )
    enroll_feature = enroll.build(kernel, access_feature.api, fleet_feature.api)
    features = (
        access_feature,
        settings_feature,
        audit.build(kernel),
        fleet_feature,
        library_feature,
        plans_feature,
        runs_feature,
        enroll_feature,
        backups.build(kernel),
        system.build(kernel),
    )
    for feature in features:
        kernel.live.kinds.update(feature.live)
        for topic, reaction in feature.reactions.items():
            kernel.outbox.on(topic, reaction)
    return Service(kernel, listener, features, access_feature.api.authenticator)


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Service]:
    """The service on its data folder, migrated and locked, its areas not started and nothing listening.

    Raises StartError when the folder is in use, cannot be written, or holds a newer database.
    """
    config.data.open()
    lock = FolderLock(config.data.lock_file)
    try:
        migrate(config.data.database)
        bus = MemoryBus()
        database = Database(config.data.database, bus.publish)
        try:
            yield await _composed(config, database, bus)
        finally:
            database.close()
    finally:
        lock.release()


async def _composed(config: Config, database: Database, bus: MemoryBus) -> Service:
    def first(unit: Unit) -> tuple[str, int, str | None]:
        session = unit.session
        return service_epoch(session), next_start(session), get_meta(session, "agent_host")

    epoch, start, stored_host = await database.write(first)
    clock = SystemClock()
    listener = AgentListener(config.data.keys, config.agent_host or stored_host or LOOPBACK)
    own_ports: set[int] = set()
    kernel = Kernel(
        config=config,
        clock=clock,
        database=database,
        bus=bus,
        outbox=Outbox(database, bus, clock),
        live=LiveHub(bus, start),
        service_epoch=epoch,
        endpoint=listener,
        launch_secret=new_launch_secret(),
        master_key=open_master_key(config.key_file, str(config.data.root.resolve())),
        outgoing=OutgoingCalls(lambda: frozenset({listener.port, *own_ports})),
        own_ports=own_ports,
    )
    service = compose(kernel, listener)
    await database.write(lambda unit: _take_notice_of_restore(service, unit))
    return service


def _take_notice_of_restore(service: Service, unit: Unit) -> None:
    restored = take_restored(unit)
    if restored is None:
        return
    for feature in service.features:
        if feature.restored is not None:
            feature.restored(unit, restored)
    said = f"The service was restored to the backup of {format_time(restored.backed_up_at)}."
    service.kernel.audit.record(
        unit, "backups.restore", ActionType.SYSTEM, Entity("backup", restored.backup), said
    )


def serve(config: Config) -> None:
    """Run the service until it is told to stop. Raises StartError with the sentence why it cannot."""
    config.data.open()
    configure_logging(config.data.logs)
    allow_many_open_files()
    # The loop and the writer pass every message to and fro: with the interpreter's 5 ms, each would wait for
    # the other longer than its own work takes (a run took a sixth longer).
    sys.setswitchinterval(0.0005)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(config))


async def _serve(config: Config) -> None:
    stop = _stop_on_signals()
    async with opened(config) as service:
        admin_socket = _bind_admin(config.admin_port)
        admin_port = admin_socket.getsockname()[1]
        service.kernel.own_ports.add(admin_port)
        hosts = frozenset({f"127.0.0.1:{admin_port}", f"localhost:{admin_port}"})
        guesses = FailureLimit(service.kernel.clock, GUESSES)
        admin_app = GuessLimit(service.admin_app(), guesses)
        shielded = BrowserShield(admin_app, lambda: hosts, _body_types, frozenset({OIDC_CALLBACK}))
        admin = Listener(Refusals(shielded, service.kernel.clock), [admin_socket])
        try:
            async with started(service):
                await _listen_for_agents(service, guesses)
                await admin.start()
                _announce(service, f"http://127.0.0.1:{admin_port}")
                look_less_for_garbage()
                await stop.wait()
                log.info("stopping")
                config.data.service_file.unlink(missing_ok=True)
        finally:
            await asyncio.gather(admin.stop(), service.listener.stop())


def look_less_for_garbage() -> None:
    """What is there now stays for ever: looking through it again and again would stop the loop for up to a
    tenth of a second each time."""
    gc.freeze()
    gc.set_threshold(_GC_AFTER)
    gc.enable()


async def _listen_for_agents(service: Service, guesses: FailureLimit) -> None:
    kernel = service.kernel
    shielded = BrowserShield(GuessLimit(service.agent_app(), guesses), None, _only_json)
    preferred = await kernel.database.read(lambda session: int(get_meta(session, "agent_port") or 0))
    await service.listener.start(
        Refusals(shielded, kernel.clock), kernel.config.agent_port, preferred, _remember_in(kernel)
    )


@asynccontextmanager
async def started(service: Service) -> AsyncIterator[None]:
    """The areas' background work, started low to high and stopped in reverse."""
    running: list[Feature] = []
    try:
        for feature in service.features:
            running.append(feature)
            if feature.start is not None:
                await feature.start()
        service.kernel.outbox.start()
        yield
    finally:
        # Whoever still talks to us would otherwise meet areas that have stopped, and keep us waiting.
        service.kernel.live.close()
        for feature in running:
            if feature.disconnect is not None:
                await feature.disconnect()
        await service.kernel.outbox.stop()
        for feature in reversed(running):
            if feature.stop is not None:
                await feature.stop()


def _announce(service: Service, admin_url: str) -> None:
    kernel, listener = service.kernel, service.listener
    agent_url = f"https://{_reachable(listener.host)}:{listener.port}"
    launch = publish_launch(
        kernel.config.data.service_file,
        admin_url=admin_url,
        agent_url=agent_url,
        agent_pin=listener.identity.pin,
        version=__version__,
        secret=kernel.launch_secret,
    )
    ready = {"event": "ready", "version": __version__, "pid": launch.pid, "admin_url": admin_url}
    print(json.dumps(ready | {"agent_url": agent_url, "agent_pin": launch.agent_pin}), flush=True)  # noqa: T201
    log.info("ready", admin_url=admin_url, agent_url=agent_url, pid=os.getpid())


def _reachable(host: str) -> str:
    """A host to put into a URL for programs on this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return LOOPBACK
    return f"[{host}]" if ":" in host else host


def _bind_admin(port: int) -> socket.socket:
    try:
        return bind(LOOPBACK, port)
    except OSError as error:
        raise StartError(
            f"Port {port} on {LOOPBACK} cannot be used for the console ({error.strerror}). "
            "Stop the program that holds it, or choose another with --admin-port."
        ) from error


def _remember_in(kernel: Kernel) -> Remember:
    async def remember(host: str, port: int) -> None:
        def work(unit: Unit) -> None:
            before = {
                "host": get_meta(unit.session, "agent_host"),
                "port": get_meta(unit.session, "agent_port"),
            }
            after = {"host": host, "port": str(port)}
            if before != after and unit.caller != SERVICE:
                moved = Entity("agent_endpoint", "", f"{host}:{port}")
                kernel.audit.tell(unit, "agent_endpoint.move", moved, before=before, after=after)
            set_meta(unit.session, "agent_host", host)
            set_meta(unit.session, "agent_port", str(port))

        await kernel.database.write(work)

    return remember


def _body_types(path: str) -> frozenset[str]:
    return piece_types(path) | form_types(path)


def _only_json(_path: str) -> frozenset[str]:
    return frozenset()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGBREAK):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    return stop


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    # TLS on the plain loop costs seven times the memory for every connected agent.
    if sys.platform == "win32":
        import winloop

        return winloop.new_event_loop
    import uvloop

    return uvloop.new_event_loop
