"""Pictures of every page, light and dark, as the offscreen window paints them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtWidgets import QWidget

from backend_lite.contract.live import RUN
from console.app import App
from console.core.run_request import RunRequest
from console.core.texts import tr
from console.demo_run import DemoRun
from console.demo_steps import Steps, TourError
from console.features.access.first_run import FirstRunScreen
from console.features.access.sign_in import SignInScreen
from console.features.runs.preview_loader import PreviewLoader

SIZE = (1280, 800)
SETTLE_S = 0.15
"""After the last answer: charts, output and delegates paint what came."""
LOOKS = ("light", "dark")


class Pictures:
    """Names are `<page>-<look>.png`. Raises OSError where the folder cannot be written."""

    def __init__(self, app: App, folder: Path, steps: Steps) -> None:
        self._app = app
        self._context = app.context
        self._folder = folder
        self._steps = steps
        self._count = 0

    async def take(
        self, device_id: int, group_id: int, script_id: int, run: DemoRun, request: RunRequest
    ) -> int:
        """How many there are; at the end the session is over."""
        self._folder.mkdir(parents=True, exist_ok=True)
        window = self._app.window
        window.resize(*SIZE)
        places = self._places(device_id, group_id, script_id, run.run_id)
        for look in LOOKS:
            self._context.theme.apply(look)
            await self._pages(places, look)
            await self._palette(look)
            await self._dialog(run, request, look)
        window.sign_out_wanted.emit()
        signed_out = tr("sign-in screen")
        await self._steps.until(lambda: isinstance(window.centre.currentWidget(), SignInScreen), signed_out)
        await self._screen("sign-in")
        window.show_screen(FirstRunScreen(self._context, self._app.service.local))
        await self._screen("first-run")
        return self._count

    def _places(
        self, device_id: int, group_id: int, script_id: int, run_id: int
    ) -> list[tuple[str, str | None]]:
        rollout_id = (self._context.live.get(RUN, run_id) or {}).get("rollout_id")
        single = {
            "device": str(device_id),
            "group": str(group_id),
            "script": str(script_id),
            "run": str(run_id),
            "rollout": str(rollout_id),
        }
        return [(key, single.get(key)) for key in self._context.navigator.page_keys()]

    async def _pages(self, places: list[tuple[str, str | None]], look: str) -> None:
        for page_key, target in places:
            self._context.navigator.open(page_key, target)
            await self._save(page_key, look, self._app.window)

    async def _palette(self, look: str) -> None:
        search = self._app.window.top.search
        search.open("dev")
        await self._save("search", look, self._app.window)
        search.leave()

    async def _dialog(self, run: DemoRun, request: RunRequest, look: str) -> None:
        await run.open(request)
        dialog = run.dialog()
        assert dialog is not None
        loader = dialog.findChild(PreviewLoader)
        assert isinstance(loader, PreviewLoader)
        await self._steps.until(lambda: loader.preview is not None, tr("preview of the run"))
        await self._save("run-dialog", look, dialog)
        dialog.reject()

    async def _screen(self, name: str) -> None:
        for look in LOOKS:
            self._context.theme.apply(look)
            await self._save(name, look, self._app.window)

    async def _save(self, name: str, look: str, widget: QWidget) -> None:
        await self._steps.until(lambda: not self._context.ops.running, tr("end of the page's requests"))
        await asyncio.sleep(SETTLE_S)
        file = self._folder / f"{name}-{look}.png"
        if not widget.grab().save(str(file)):
            raise TourError(tr("the picture {file} cannot be written.", file=file))
        self._count += 1
