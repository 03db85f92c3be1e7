"""A secret that is set or not: it can be replaced and cleared, never read."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, row
from console.widgets.status_badge import StatusBadge


class SecretBox(QWidget):
    """`edited(text)`: None leaves it as it is, an empty text clears it."""

    edited = Signal(object)

    def __init__(self, title: str, *, is_set: bool) -> None:
        super().__init__()
        self._is_set = is_set
        self.setAccessibleName(title)
        self.state = StatusBadge()
        self.replace = button(tr("Replace…"), self._begin, name=tr("Replace {title}", title=title))
        self.clear = button(tr("Clear"), lambda: self.edited.emit(""), name=tr("Clear {title}", title=title))
        self.keep = button(
            tr("Leave as it is"),
            lambda: self.edited.emit(None),
            "link",
            name=tr("Leave {title}", title=title),
        )
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setAccessibleName(tr("New {title}", title=title))
        self.line.setPlaceholderText(tr("The new value"))
        self.line.textEdited.connect(self.edited.emit)
        self.setLayout(column(row(self.state, self.replace, self.clear, self.keep, None), self.line, gap=6))
        self.show_secret(None, is_set=is_set)

    def show_secret(self, raw: str | None, *, is_set: bool) -> None:
        self._is_set = is_set
        writing = bool(raw) or (self.line.hasFocus() and raw is not None)
        if raw:
            word, tone = tr("will be set anew") if is_set else tr("will be set"), "accent"
        elif raw is None:
            word, tone = (tr("set"), "good") if is_set else (tr("not set"), "idle")
        else:
            word, tone = (tr("will be cleared"), "warning") if is_set else (tr("not set"), "idle")
        self.state.show_state(word, tone)
        self.replace.setText(tr("Replace…") if is_set else tr("Set…"))
        if self.line.text() != (raw or ""):
            self.line.setText(raw or "")
        if not writing:
            self.line.hide()
        self.replace.setVisible(self.line.isHidden())
        self.clear.setVisible(is_set and raw is None and self.line.isHidden())
        self.keep.setVisible(raw is not None and (is_set or bool(raw)))

    def _begin(self) -> None:
        self.line.show()
        self.line.setFocus()
        self.replace.hide()
        self.clear.hide()
