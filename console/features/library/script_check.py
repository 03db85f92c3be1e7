"""Has the service look through the text of the editor, some moments after each change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from backend_lite.contract.library import MAX_CONTENT, ScriptText
from backend_lite.contract.runs import Finding
from console.features.library import ops
from console.features.library.findings_list import FindingsList
from console.shell.context import Context
from console.shell.op_runner import OpHandle

AFTER_MS = 600
"""Nobody wants to be warned of a word that is not typed to its end."""


class ScriptCheck(QWidget):
    """`text_of` gives what is in the editor. What was found in another text is not shown for long."""

    def __init__(
        self, parent: QWidget, context: Context, text_of: Callable[[], ScriptText], shown: FindingsList
    ) -> None:
        super().__init__(parent)
        self.hide()
        self._context, self._text_of, self._list = context, text_of, shown
        self._asked: ScriptText | None = None
        self._handle: OpHandle | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._look)

    def later(self) -> None:
        self._timer.start()

    def forget(self) -> None:
        """Another script is shown: nothing is known about it yet."""
        self._timer.stop()
        self._stop()
        self._asked = None
        self._list.show_findings([])

    def _look(self) -> None:
        text = self._text_of()
        if text == self._asked:
            return
        self._stop()
        self._asked = text
        if not _says_something(text) or _size(text) > MAX_CONTENT:
            self._list.show_findings([])
            return
        self._handle = self._context.ops.run(
            ops.findings(self._context.client, text),
            on_success=partial(self._found, text),
            on_error=lambda _refusal: self._found(text, []),
            owner=self,
        )

    def _found(self, text: ScriptText, findings: list[Finding]) -> None:
        if text is self._asked:
            self._list.show_findings(findings)

    def _stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def _texts(text: ScriptText) -> list[str]:
    return [one for one in (text.content, text.detect, text.undo) if one]


def _says_something(text: ScriptText) -> bool:
    return any(one.strip() for one in _texts(text))


def _size(text: ScriptText) -> int:
    return sum(len(one.encode()) for one in _texts(text))
