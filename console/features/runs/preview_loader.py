"""Asks the service what would happen, some moments after each change, and never more than once at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.runs import Preview, RolloutCreate
from console.core.errors import ApiError
from console.features.runs import dialog_ops
from console.shell.context import Context
from console.shell.op_runner import OpHandle

AFTER_MS = 180
NEWS_MS = 2_000
"""News of devices come all the time: so long they are gathered."""


class PreviewLoader(QWidget):
    """`changed` follows every step. `preview` belongs to exactly what was asked last, or is None: an answer
    to an earlier question is never kept. `checking` says that an answer is on its way."""

    changed = Signal()

    def __init__(self, parent: QWidget, context: Context) -> None:
        super().__init__(parent)
        self.hide()
        self._context = context
        self._asked: RolloutCreate | None = None
        self._key = b""
        self._handle: OpHandle | None = None
        self._serial = 0
        self.preview: Preview | None = None
        self.known_at: datetime | None = None
        self.refusal = ""
        self.checking = False
        self._timer = _timer(self, AFTER_MS, self._load)
        self._news = _timer(self, NEWS_MS, self._load)

    def ask(self, wanted: RolloutCreate | None, revisions: tuple[tuple[int, int], ...]) -> bool:
        """What a person changed, or somebody at the scripts, which are in these `revisions` (script, number):
        what was known before holds no more. None: there is nothing to ask. False when it is the same."""
        key = msgspec.json.encode([wanted, revisions]) if wanted is not None else b""
        if key == self._key:
            return False
        self._stop()
        self._key, self._asked = key, wanted
        self.preview, self.refusal = None, ""
        self.checking = wanted is not None
        if wanted is not None:
            self._timer.start()
        self.changed.emit()
        return True

    def ask_again(self) -> None:
        """After a failure, at once."""
        if self._asked is not None:
            self._stop()
            self.refusal, self.checking = "", True
            self._load()
            self.changed.emit()

    def news(self) -> None:
        """Devices or groups have changed: what is known is looked at again, and shown until then."""
        if self._asked is not None and not self.checking and not self._news.isActive():
            self._news.start()

    def stop(self) -> None:
        """Nobody looks any more."""
        self._asked = None
        self._stop()

    def _load(self) -> None:
        if self._asked is None:
            return
        self._serial += 1
        serial = self._serial
        self._handle = self._context.ops.run(
            dialog_ops.preview(self._context.client, self._asked),
            on_success=partial(self._answered, serial),
            on_error=partial(self._refused, serial),
            on_done=partial(self._ended, serial),
            owner=self,
        )

    def _answered(self, serial: int, preview: Preview) -> None:
        if serial == self._serial:
            self.preview, self.refusal, self.checking = preview, "", False
            self.known_at = self._context.clock()
            self.changed.emit()

    def _refused(self, serial: int, refusal: ApiError) -> None:
        if serial == self._serial:
            self.preview, self.refusal, self.checking = None, refusal.detail, False
            self.changed.emit()

    def _ended(self, serial: int) -> None:
        # Neither answered nor refused: the service is gone, which the frame says.
        if serial == self._serial and self.checking:
            self.checking = False
            self.changed.emit()

    def _stop(self) -> None:
        self._timer.stop()
        self._news.stop()
        # Whatever still comes is an answer to an earlier question.
        self._serial += 1
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def _timer(parent: QWidget, after_ms: int, then: Callable[[], None]) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(after_ms)
    made.timeout.connect(then)
    return made
