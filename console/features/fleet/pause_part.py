"""On the page of a device or a group: that work is paused there, and the button that pauses or resumes it."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.pauses import PauseScope
from console.core import pause_ops, pause_words
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.texts import plural, tr
from console.core.words import named
from console.shell.context import Context
from console.shell.parts import button
from console.widgets.confirm import confirm
from console.widgets.status_badge import StatusBadge

Object = dict[str, Any]


class PausePart:
    """`button` and `badge` are for the page to place. `scope` is the page's own: ending what pauses more
    than that is asked about."""

    def __init__(self, page: QWidget, context: Context, scope: PauseScope) -> None:
        self._page, self._context, self._scope = page, context, scope
        self._request = PauseRequest()
        self.pauses: list[Object] = []
        self.badge = StatusBadge()
        self.button = button("", self._press, need=context.rights.need("rollouts:run"))
        self.show(PauseRequest(), [])

    @property
    def sentence(self) -> str:
        """What is paused, since when and why; empty when nothing is."""
        now = self._context.clock()
        return " ".join(pause_words.sentence(pause, now) for pause in self.pauses)

    def show(self, request: PauseRequest, pauses: list[Object]) -> None:
        """`request` is what is asked for where nothing is paused."""
        self._request, self.pauses = request, pauses
        self.badge.show_state(tr("Paused") if pauses else "", "warning")
        self.badge.setToolTip(self.sentence)
        asks = any(pause["scope"] != self._scope for pause in pauses)
        resume = tr("Resume work…") if asks else tr("Resume work")
        self.button.setText(resume if pauses else tr("Pause work…"))

    def _press(self) -> None:
        wider = [pause for pause in self.pauses if pause["scope"] != self._scope]
        if not self.pauses:
            self._context.navigator.ask(PAUSE_DIALOG, self._request)
        elif wider:
            places = named([pause_words.place(pause) for pause in wider])
            confirm(
                self._page,
                tr("Resume work on {places}?", places=places),
                plural(
                    len(wider),
                    "The pause is not of this place alone: with it, work goes on wherever it holds.",
                    "The pauses are not of this place alone: with them, work goes on wherever they hold.",
                ),
                tr("Resume work"),
                self._resume,
                role="primary",
            )
        else:
            self._resume()

    def _resume(self) -> None:
        places = named([pause_words.place(pause) for pause in self.pauses])

        def resumed(_count: int) -> None:
            self._context.notices.notice(tr("Work on {place} goes on.", place=places), "good")

        ids = [pause["id"] for pause in self.pauses]
        op = pause_ops.resume(self._context.client, ids)
        self._context.ops.run(op, on_success=resumed, owner=self._page)
