"""Starts, watches and stops the embedded service, or attaches to the one that already runs."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from backend_lite.contract.system import HEALTH, Health
from console.core.child import Child, program
from console.core.client import ApiClient
from console.core.errors import ConsoleError
from console.core.local_service import LocalService, ServiceFile
from console.core.processes import is_alive
from console.core.texts import tr

LONGEST_DELAY_S = 30.0
STEADY_S = 60.0
"""A service that ran this long starts again at once when it dies."""
POLL_S = 1.0
TAKE_OVER_AFTER = 3
"""Polls to wait for whoever runs an attached service to start it again."""


class ServiceState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ServiceStatus:
    """`sentence` says why it is not running, in the service's own words."""

    state: ServiceState
    sentence: str = ""
    admin_url: str = ""
    secret: str = field(default="", repr=False)


class _Ready(msgspec.Struct):
    """The line that the service prints when it can be used."""

    event: str
    version: str
    pid: int
    admin_url: str
    agent_url: str
    agent_pin: str


FAILED_WITH_A_SENTENCE = 1
Listener = Callable[[ServiceStatus], None]


def restart_delay(deaths: int) -> float:
    """Seconds before start `deaths` + 1 of a service that keeps dying."""
    return random.uniform(0.5, 1.0) * min(LONGEST_DELAY_S, 0.5 * 2.0 ** (deaths - 1))  # noqa: S311


async def answers(admin_url: str) -> bool:
    """True when a service of ours is at that address."""
    client = ApiClient(admin_url)
    try:
        return bool((await client.get(HEALTH, Health)).version)
    except ConsoleError:
        return False
    finally:
        await client.aclose()


class ServiceProcess:
    """The service of one data folder. `begin` may be called before there is a loop, `run` watches.

    FAILED means that it did not start even once: a person has to mend something and call `try_now`.
    """

    def __init__(
        self,
        local: LocalService,
        options: Sequence[str] = (),
        *,
        delay: Callable[[int], float] = restart_delay,
        poll_s: float = POLL_S,
        is_ours: Callable[[str], Awaitable[bool]] = answers,
    ) -> None:
        self.local = local
        self.status = ServiceStatus(ServiceState.STARTING)
        self._command = [
            *program("backend_lite", "deployflow-service"),
            *("serve", "--data-dir", str(local.data_dir)),
            *options,
        ]
        self._delay = delay
        self._poll_s = poll_s
        self._is_ours = is_ours
        self._listeners: list[Listener] = []
        self._child: Child | None = None
        self._deaths = 0
        self._was_ready = False
        self._stopping = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, listener: Listener) -> None:
        """`listener` gets the status now and at every change."""
        self._listeners.append(listener)
        listener(self.status)

    @property
    def is_own(self) -> bool:
        """True when this window started it, and so will stop it."""
        return self._child is not None

    def begin(self) -> None:
        """Starts the service unless one seems to run; a wrong guess is put right by `run`."""
        found = self.local.read()
        if found is None or not is_alive(found.pid):
            self._launch()

    def watch(self) -> None:
        """Keeps the service running until `stop`."""
        self._task = asyncio.get_running_loop().create_task(self.run(), name="service process")

    def try_now(self) -> None:
        self._wake.set()

    async def stop(self) -> None:
        """Ends the watch, and the service if it is ours."""
        self._stopping = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._child is not None:
            await self._child.stop()
            self._child = None
        self._tell(ServiceStatus(ServiceState.STOPPED))

    async def run(self) -> None:
        while not self._stopping:
            if self._child is not None:
                await self._live_with(self._child)
            elif not await self._attached():
                self._launch()
                if self._child is None:
                    await self._pause(None)

    def _launch(self) -> None:
        try:
            self._child = Child(self._command)
        except OSError as error:
            self._tell(ServiceStatus(ServiceState.FAILED, str(error)))

    async def _live_with(self, child: Child) -> None:
        """From the start of our own service to the moment when another should be started."""
        line = await child.ready()
        started = asyncio.get_running_loop().time()
        if self._announce(line):
            code = await child.wait()
            ran = asyncio.get_running_loop().time() - started
            self._deaths = 1 if ran >= STEADY_S else self._deaths + 1
        else:
            code = await child.wait()
            self._deaths += 1
        self._child = None
        await self._after_death(child.sentence() if code == FAILED_WITH_A_SENTENCE else _ending(code))

    def _announce(self, line: str) -> bool:
        try:
            ready = msgspec.json.decode(line, type=_Ready)
        except msgspec.DecodeError:
            return False
        self._was_ready = True
        found = self.local.read()
        secret = found.secret if found is not None and found.pid == ready.pid else ""
        self._tell(ServiceStatus(ServiceState.RUNNING, "", ready.admin_url, secret))
        return True

    async def _after_death(self, sentence: str) -> None:
        if await self._another() is not None:
            return
        if not self._was_ready:
            self._tell(ServiceStatus(ServiceState.FAILED, sentence))
            await self._pause(None)
        else:
            self._tell(ServiceStatus(ServiceState.RESTARTING, sentence))
            await self._pause(self._delay(self._deaths))
        self._launch()

    async def _attached(self) -> bool:
        """With a service that somebody else runs, until it is gone; False when there is none."""
        found = await self._another()
        if found is None:
            return False
        self._was_ready = True
        self._tell(ServiceStatus(ServiceState.RUNNING, "", found.admin_url, found.secret))
        while is_alive(found.pid):
            await self._pause(self._poll_s)
        self._tell(ServiceStatus(ServiceState.RESTARTING, tr("The service was stopped.")))
        for _ in range(TAKE_OVER_AFTER):
            if await self._another() is not None:
                return True
            await self._pause(self._poll_s)
        return False

    async def _another(self) -> ServiceFile | None:
        """The service that the data folder's file names, if it is there and answers."""
        found = self.local.read()
        if found is None or not is_alive(found.pid) or not await self._is_ours(found.admin_url):
            return None
        return found

    async def _pause(self, seconds: float | None) -> None:
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    def _tell(self, status: ServiceStatus) -> None:
        if status != self.status:
            self.status = status
            for listener in tuple(self._listeners):
                listener(status)


def _ending(code: int) -> str:
    if code < 0:
        return tr("It was ended from outside (signal {number}).", number=-code)
    return tr("It ended with exit code {code}.", code=code)
