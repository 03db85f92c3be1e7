"""A mistake of the program: what it was doing, an id that finds it in the log, and a copy button."""

from __future__ import annotations

from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from console.core.texts import tr
from console.shell.notices import Bug
from console.shell.parts import button, column, label, row
from console.shell.theme import theme


class ErrorDialog(QDialog):
    def __init__(self, bug: Bug, version: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = f"DeployFlow {version}, error {bug.error_id}\n{bug.title}\n\n{bug.details}"
        self.setWindowTitle(tr("Something went wrong"))
        self.setMinimumWidth(560)
        self.details = QPlainTextEdit(bug.details)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(tr("Technical details"))
        self.details.setFont(_mono())
        self.details.hide()
        self.copy = button(tr("Copy"), self._copy, icon="copy")
        self.show_details = button(tr("Show details"), self._toggle)
        close = button(tr("Close"), self.accept, "primary")
        close.setDefault(True)
        self.setLayout(
            column(
                label(bug.title, "title", wrap=True),
                label(
                    tr("This is a mistake of the program, not yours. The log has it under the id:"), "muted"
                ),
                label(bug.error_id, "strong"),
                self.details,
                row(self.show_details, None, self.copy, close),
                gap=12,
            )
        )
        self.layout().setContentsMargins(20, 20, 20, 16)  # type: ignore[union-attr]

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.copy.setText(tr("Copied"))

    def _toggle(self) -> None:
        shown = self.details.isHidden()
        self.details.setVisible(shown)
        self.show_details.setText(tr("Hide details") if shown else tr("Show details"))


def _mono() -> QFont:
    return theme().font("mono")
