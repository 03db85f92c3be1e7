"""Devices by a query: those that match when the rollout is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.live import DEVICE
from backend_lite.contract.query import MAX_QUERY
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.parts import column, label
from console.widgets.query_box import QueryBox


class QueryTarget(QWidget):
    """`changed` follows the text."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.box = QueryBox(DEVICE_FIELDS, self._known)
        self.box.setMaxLength(MAX_QUERY)
        self.box.setAccessibleName(tr("Query"))
        self.box.setPlaceholderText(tr("For example  os:windows tag:lab seen<1d"))
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        self.count = label("", "secondary", wrap=True)
        hint = label(
            tr(
                "Words look into names, systems and tags; field:value compares. Ctrl+Space shows the fields. "
                "The devices that match when it starts take part."
            ),
            "secondary",
            wrap=True,
        )
        self.setLayout(column(self.box, self.problem, self.count, hint, None, gap=6))
        self.setFocusProxy(self.box)
        self.box.textChanged.connect(lambda _text: self.changed.emit())
        self.box.problem_changed.connect(self._say)
        self.box.left.connect(self._point)

    @property
    def text(self) -> str:
        return self.box.text().strip()

    def wrong(self) -> str:
        """Why the text is no query; empty when it is one."""
        return self.box.error.message if self.text and self.box.error is not None else ""

    def show_text(self, text: str) -> None:
        self.box.setText(text)

    def show_count(self, count: int | None) -> None:
        """How many match now, as far as it is known."""
        shown = self.text and count is not None
        self.count.setText(plural(count or 0, "{count} device matches now.", "{count} devices match now."))
        self.count.setVisible(bool(shown))

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _point(self) -> None:
        """Enter: on to what is not understood, or to the next field."""
        error = self.box.error
        if error is not None:
            self.box.setSelection(error.start, max(error.end - error.start, 1))
        else:
            self.focusNextChild()

    def _known(self) -> Mapping[str, Iterable[str]]:
        devices = self._context.live.kind(DEVICE).values()
        tags = {tag for device in devices for tag in device.get("tags") or ()}
        names = {str(device["hostname"]) for device in devices if device.get("hostname")}
        return {"tag": sorted(tags), "name": sorted(names)}
