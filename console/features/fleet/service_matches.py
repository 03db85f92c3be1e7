"""Queries about what only the service knows, such as software: it is asked, again and again while they are
shown."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import DEVICE_FIELDS, DeviceIds
from backend_lite.contract.query import Node, format_query, needs_service
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.fleet import ops
from console.features.fleet.columns import search_text
from console.features.fleet.device_query import device_predicate
from console.shell.context import Context
from console.shell.op_runner import OpHandle
from console.widgets.row_index import Predicate

AFTER_MS = 250
AGAIN_MS = 10_000
LOOKING = tr("Looking for devices"), tr("The service is asked which of them match.")
"""Instead of rows, while there is no answer yet."""


class ServiceMatches(QWidget):
    """The predicate of one query at a time. `changed`: it holds for other devices now. `said` is a sentence
    about the question, empty once it is answered; what was found before is shown on until then."""

    changed = Signal()
    said = Signal(str)

    def __init__(self, parent: QWidget, context: Context, *, in_rows: bool = True) -> None:
        """`in_rows`: plain words look into what rows show, as long as the service is not needed."""
        super().__init__(parent)
        self.hide()
        self._page, self._context = parent, context
        self._text_of = search_text if in_rows else None
        self._text = ""
        self._ids: frozenset[int] | None = None
        self._handle: OpHandle | None = None
        self._soon = _timer(self, AFTER_MS, single=True)
        self._again = _timer(self, AGAIN_MS, single=False)

    @property
    def is_open(self) -> bool:
        """It was asked, and there has been no answer yet."""
        return bool(self._text) and self._ids is None

    def predicate(self, node: Node) -> Predicate:
        """Of this query from now on: the one before is asked no more."""
        if not needs_service(node, DEVICE_FIELDS):
            self.stop()
            return device_predicate(node, self._context.clock, self._text_of)
        text = format_query(node)
        if text != self._text:
            self.stop()
            self._text = text
            self.said.emit(tr("Asking the service which devices match…"))
            self._soon.start()
            self._again.start()
        return self._holds

    def keep_to(self, node: Node) -> None:
        """The query is this one: stops asking where that is not needed for it."""
        if not needs_service(node, DEVICE_FIELDS):
            self.stop()

    def stop(self) -> None:
        self._soon.stop()
        self._again.stop()
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        if self._text:
            self._text, self._ids = "", None
            self.said.emit("")

    def _holds(self, device: dict[str, Any]) -> bool:
        return self._ids is not None and device["id"] in self._ids

    def ask(self) -> None:
        """Now, unless a question is under way or nobody sees the answer."""
        if not self._text or self._handle is not None or not self._page.isVisible():
            return
        self._handle = self._context.ops.run(
            ops.matching(self._context.client, self._text),
            on_success=partial(self._answered, self._text),
            on_error=partial(self._refused, self._text),
            on_done=partial(self._ended, self._text),
            owner=self,
        )

    def _answered(self, text: str, found: DeviceIds) -> None:
        if text != self._text:
            return
        ids, before = frozenset(found.ids), self._ids
        self._ids = ids
        self.said.emit("")
        if ids != before:
            self.changed.emit()

    def _refused(self, text: str, refusal: ApiError) -> None:
        if text == self._text:
            self.said.emit(tr("The service could not say which devices match: {why}", why=refusal.detail))

    def _ended(self, text: str) -> None:
        if text == self._text:
            self._handle = None


def _timer(parent: ServiceMatches, interval_ms: int, *, single: bool) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(interval_ms)
    timer.setSingleShot(single)
    timer.timeout.connect(parent.ask)
    return timer
