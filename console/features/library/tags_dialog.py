"""Tags of several scripts: those to put on and those to take off."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.texts import tr
from console.features.library.folders import plain_tags
from console.shell.parts import button, column, label, row
from console.widgets.fitting import FittingDialog
from console.widgets.form import Field

_WIDTH = 420
_SHOWN = 12


class TagsDialog(FittingDialog):
    """`chosen(add, remove)`: tuples of tags."""

    chosen = Signal(tuple, tuple)

    def __init__(self, parent: QWidget, title: str, now: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH)
        self.add, self.remove = QLineEdit(), QLineEdit()
        others = [tag for tag in known if tag not in now]
        commas = tr("Words with commas between them.")
        adding = tr("There are: {tags}", tags=_listed(others)) if others else commas
        removing = tr("Now: {tags}", tags=_listed(now)) if now else tr("There are none now.")
        self.go = button(tr("Change"), self._choose, "primary")
        lines = column(
            label(title, "title", wrap=True),
            Field(tr("Put on"), self.add, adding),
            Field(tr("Take off"), self.remove, removing),
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.go.setDefault(True)
        self.remove.setEnabled(bool(now))
        self.add.setFocus()

    def _choose(self) -> None:
        self.accept()
        self.chosen.emit(plain_tags(self.add.text()), plain_tags(self.remove.text()))


def _listed(tags: Sequence[str]) -> str:
    return ", ".join(tags[:_SHOWN]) + (" …" if len(tags) > _SHOWN else "")
