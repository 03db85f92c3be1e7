"""The window around a real service in its own process, in a data folder of the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from console.app import App, features, make_context
from console.core.live import LiveState
from console.core.local_service import LocalService
from console.demo_preparation import make_owner
from console.service_process import ServiceProcess
from console.shell.feature import Feature
from tests.helpers.waiting import until

W = TypeVar("W", bound=QWidget)

START_S = 30.0


@dataclass
class RealWindow:
    app: App

    def screen(self, kind: type[W]) -> W:
        """What the window shows instead of the workspace."""
        shown = self.app.window.centre.currentWidget()
        assert isinstance(shown, kind), shown
        return shown

    async def shows(self, kind: type[W]) -> W:
        centre = self.app.window.centre
        await until(lambda: isinstance(centre.currentWidget(), kind), kind.__name__, START_S)
        return self.screen(kind)

    async def live(self) -> None:
        """Signed in, and told everything that there is."""
        await until(lambda: self.app.context.live.state is LiveState.LIVE, "live stream", START_S)

    async def connected_device(self) -> int:
        """The id of a device whose agent is connected."""
        devices = self.app.context.live.kind("device")
        await until(
            lambda: any(device["connected"] for device in self.app.context.live.kind("device").values()),
            "connected device",
            START_S,
        )
        devices = self.app.context.live.kind("device")
        return next(device_id for device_id, device in devices.items() if device["connected"])


@asynccontextmanager
async def real_window(
    folder: Path, options: Sequence[str] = (), *, owner: bool = True, found: list[Feature] | None = None
) -> AsyncIterator[RealWindow]:
    """Opens the window and begins its service; closes both. With `owner` one is made without asking."""
    service = ServiceProcess(LocalService(folder), ["--key-file", str(folder / "test.key"), *options])
    service.begin()
    context = make_context(service, folder / "window.ini")
    app = App(service, context, features() if found is None else found, make_owner if owner else None)
    app.show()
    try:
        yield RealWindow(app)
    finally:
        app.close()
        await app.closed.wait()
        app.window.deleteLater()
