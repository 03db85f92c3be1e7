"""Pictures of every page, light and dark, as the offscreen window paints them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QTabBar, QWidget

from backend_lite.contract.live import RUN
from console.app import App
from console.core.run_request import RunRequest
from console.core.texts import tr
from console.demo_run import DemoRun
from console.demo_steps import Steps, TourError
from console.features.access.first_run import FirstRunScreen
from console.features.access.sign_in import SignInScreen
from console.features.runs.preview_loader import PreviewLoader
from console.features.runs.run_page import RunPage
from console.shell.page import Page
from console.widgets.live_table import LiveTable

SIZE = (1280, 800)
SETTLE_S = 0.15
"""After the last answer: charts, output and delegates paint what came."""
LOOKS = ("light", "dark")
WITH_DETAILS = frozenset({"software", "admission", "templates"})


@dataclass(frozen=True)
class Shot:
    """A page for a target, as `arrange` leaves it."""

    name: str
    page_key: str
    target: str | None = None
    arrange: Callable[[Page], None] = lambda _page: None


def choose_first(page: Page) -> None:
    """The first row of the page's list, for its details."""
    table = page.findChild(LiveTable)
    if table is not None and table.isVisible():
        table.selectRow(0)


def open_second_tab(page: Page) -> None:
    tabs = page.findChild(QTabBar)
    if tabs is not None:
        tabs.setCurrentIndex(1)


def has_output(page: Page) -> bool:
    """Whether what a run wrote is there, where the page shows any."""
    return not isinstance(page, RunPage) or page.step_output.is_complete


class Pictures:
    """Names are `<page>-<look>.png`. Raises OSError where the folder cannot be written."""

    def __init__(self, app: App, folder: Path, steps: Steps) -> None:
        self._app = app
        self._context = app.context
        self._folder = folder
        self._steps = steps
        self._count = 0

    async def take(self, targets: Mapping[str, str], run: DemoRun, request: RunRequest) -> int:
        """How many there are; at the end the session is over. `targets` are page keys with what to open."""
        self._folder.mkdir(parents=True, exist_ok=True)
        window = self._app.window
        window.resize(*SIZE)
        shots = self._shots(targets, run.run_id)
        for look in LOOKS:
            self._context.theme.apply(look)
            await self._pages(shots, look)
            await self._palette(look)
            await self._dialog("run-dialog", run, request, look)
            if "risky" in targets:
                risky = replace(request, script_id=int(targets["risky"]), arguments=())
                await self._dialog("run-dialog-approval", run, risky, look)
        await self._locked()
        window.sign_out_wanted.emit()
        signed_out = tr("sign-in screen")
        await self._steps.until(lambda: isinstance(window.centre.currentWidget(), SignInScreen), signed_out)
        await self._screen("sign-in")
        window.show_screen(FirstRunScreen(self._context, self._app.service.local))
        await self._screen("first-run")
        return self._count

    def _shots(self, targets: Mapping[str, str], run_id: int) -> list[Shot]:
        rollout_id = (self._context.live.get(RUN, run_id) or {}).get("rollout_id")
        single = {**targets, "run": str(run_id), "rollout": str(rollout_id)}
        every = [Shot(key, key, single.get(key)) for key in self._context.navigator.page_keys()]
        return [
            *(replace(one, arrange=choose_first) if one.name in WITH_DETAILS else one for one in every),
            Shot("device-software", "device", single["device"], open_second_tab),
            *([Shot("rollout-held", "rollout", targets["held"])] if "held" in targets else []),
            Shot("profile-devices", "profile", single["health"], open_second_tab),
        ]

    async def _pages(self, shots: list[Shot], look: str) -> None:
        for shot in shots:
            navigator = self._context.navigator
            navigator.open(shot.page_key, shot.target)
            if navigator.page is not None:
                await self._settled()
                await self._steps.until(partial(has_output, navigator.page), tr("output of the run"))
                shot.arrange(navigator.page)
            await self._save(shot.name, look, self._app.window)

    async def _palette(self, look: str) -> None:
        search = self._app.window.top.search
        search.open("dev")
        await self._save("search", look, self._app.window)
        search.leave()

    async def _dialog(self, name: str, run: DemoRun, request: RunRequest, look: str) -> None:
        await run.open(request)
        dialog = run.dialog()
        assert dialog is not None
        loader = dialog.findChild(PreviewLoader)
        assert isinstance(loader, PreviewLoader)
        await self._steps.until(lambda: loader.preview is not None, tr("preview of the run"))
        await self._save(name, look, dialog)
        dialog.reject()

    async def _locked(self) -> None:
        self._app.window.lock_wanted.emit()
        await self._screen("locked")
        screen = self._app.lock.screen
        assert screen is not None
        screen.unlocked.emit()

    async def _screen(self, name: str) -> None:
        for look in LOOKS:
            self._context.theme.apply(look)
            await self._save(name, look, self._app.window)

    async def _save(self, name: str, look: str, widget: QWidget) -> None:
        await self._settled()
        await asyncio.sleep(SETTLE_S)
        file = self._folder / f"{name}-{look}.png"
        if not widget.grab().save(str(file)):
            raise TourError(tr("the picture {file} cannot be written.", file=file))
        self._count += 1

    async def _settled(self) -> None:
        await self._steps.until(lambda: not self._context.ops.running, tr("end of the page's requests"))
