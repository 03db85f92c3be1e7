"""Every pause there is, each with its end at hand."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QWidget

from backend_lite.contract.live import PAUSE
from console.core import pause_ops, pause_words
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role

Object = dict[str, Any]
SIZE = (560, 420)


class PauseList(QDialog):
    def __init__(self, parent: QWidget, context: Context) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Paused work"))
        self.resize(*SIZE)
        self._context = context
        self.lines: dict[int, QWidget] = {}
        self._column = column(gap=12)
        self.none = label(tr("Nothing is paused."), "muted")
        inside = QWidget()
        set_role(inside, "scrolled")
        inside.setLayout(column(self._column, self.none, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.all = button(
            tr("Resume all of it"),
            lambda: self._resume(list(self.lines)),
            need=context.rights.need("rollouts:run"),
        )
        self.close_ = button(tr("Close"), self.accept, "primary")
        lines = column(label(tr("Paused work"), "title"), area, row(self.all, None, self.close_), gap=12)
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.destroyed.connect(context.live.subscribe(PAUSE, self._take))

    def _take(self, _batch: LiveBatch) -> None:
        known = self._context.live.kind(PAUSE)
        for gone in [key for key in self.lines if key not in known]:
            line = self.lines.pop(gone)
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        for key, pause in sorted(known.items()):
            if key not in self.lines:
                self.lines[key] = self._line(pause)
                self._column.addWidget(self.lines[key])
        self.none.setVisible(not self.lines)
        self.all.setEnabled(bool(self.lines))

    def _line(self, pause: Object) -> QWidget:
        words = label(pause_words.sentence(pause, self._context.clock()), wrap=True)
        resume = button(
            tr("Resume"),
            lambda: self._resume([pause["id"]]),
            name=tr("Resume work on {place}", place=pause_words.place(pause)),
            need=self._context.rights.need("rollouts:run"),
        )
        made = QWidget()
        line = row(words, resume)
        line.setStretch(0, 1)
        made.setLayout(line)
        return made

    def _resume(self, pause_ids: list[int]) -> None:
        self._context.ops.run(pause_ops.resume(self._context.client, pause_ids), owner=self)


def open_pause_list(context: Context) -> PauseList | None:
    """Over the open page; None where there is no window to open it over."""
    page = context.navigator.page
    if page is None:
        return None
    dialog = PauseList(page.window(), context)
    dialog.open()
    return dialog
