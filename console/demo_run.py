"""Running a script as a person would: by the window's dialog, watching its page."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QDialog, QPushButton

from backend_lite.contract.live import RUN
from backend_lite.contract.states import RUN_ENDS, RunState
from console.app import App
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.demo_steps import Steps, TourError
from console.widgets.output_view import OutputView


class DemoRun:
    """`run_id` is known once the dialog has been confirmed."""

    def __init__(self, app: App, steps: Steps) -> None:
        self._app = app
        self._context = app.context
        self._steps = steps
        self.run_id = 0
        self._told = 0
        self._told_live = 0

    async def go(self, request: RunRequest) -> None:
        """Raises TourError when the run does not succeed, or its output comes only at its end."""
        await self._confirm(request)
        view = await self._output()
        await self._steps.until(lambda: self._watched(view), tr("end of the run"))
        self._judge()

    def dialog(self) -> QDialog | None:
        return next((d for d in self._app.window.findChildren(QDialog) if d.isVisible()), None)

    async def open(self, request: RunRequest) -> QPushButton:
        """The dialog's button that starts the run, once it may be pressed."""
        self._context.navigator.ask(RUN_DIALOG, request)
        await self._steps.until(lambda: _primary(self.dialog()) is not None, tr("run dialog"))
        button = _primary(self.dialog())
        assert button is not None
        await self._steps.until(button.isEnabled, tr("permission to run"))
        return button

    async def _confirm(self, request: RunRequest) -> None:
        (await self.open(request)).click()
        await self._steps.until(lambda: self._opened_run() is not None, tr("page of the run"))
        self.run_id = self._opened_run() or 0
        self._steps.say(tr("Run {id} has begun.", id=self.run_id))

    def _opened_run(self) -> int | None:
        place = self._context.navigator.place
        return int(place.target) if place is not None and place.page_key == "run" and place.target else None

    async def _output(self) -> OutputView:
        page = self._context.navigator.page
        assert page is not None
        await self._steps.until(lambda: page.findChild(OutputView), tr("output on the page"))
        view = page.findChild(OutputView)
        assert isinstance(view, OutputView)
        return view

    def _watched(self, view: OutputView) -> bool:
        """Tells what is new on the page; True when all of it has been told and the run has ended."""
        run = self._run()
        ended = run is not None and run["state"] in RUN_ENDS
        lines = view.shown_text().splitlines()
        # A line that is still being written is told when it is whole.
        whole = lines if ended else lines[:-1]
        for line in whole[self._told :]:
            self._steps.write(f"            | {line}")
        self._told_live += 0 if ended else len(whole) - self._told
        self._told = len(whole)
        return ended and run is not None and _is_all(run, view)

    def _judge(self) -> None:
        run = self._run()
        assert run is not None
        step = run["steps"][0]
        self._steps.say(
            tr(
                "Run {id} {state}: exit code {code}, {ms} ms, {lines} lines seen while it ran.",
                id=self.run_id,
                state=run["state"],
                code=step["exit_code"],
                ms=step["duration_ms"],
                lines=self._told_live,
            )
        )
        if run["state"] != RunState.SUCCEEDED:
            raise TourError(tr("the run ended as {state}: {why}", state=run["state"], why=run["reason"]))
        if not self._told_live:
            raise TourError(tr("no output arrived while the script ran."))

    def _run(self) -> dict[str, Any] | None:
        return self._context.live.get(RUN, self.run_id)


def _is_all(run: dict[str, Any], view: OutputView) -> bool:
    written: int = sum(step["stdout_size"] + step["stderr_size"] for step in run["steps"])
    # The view shows line ends of its own; a few bytes more or less tell nothing.
    return len(view.shown_text().encode()) >= written - len(run["steps"]) * 2


def _primary(dialog: QDialog | None) -> QPushButton | None:
    buttons = dialog.findChildren(QPushButton) if dialog is not None else []
    return next((button for button in buttons if button.property("role") == "primary"), None)
