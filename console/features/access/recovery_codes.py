"""Recovery codes, shown this once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QWidget

from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role

_COPIED_MS = 2000
_FILE = "DeployFlow recovery codes.txt"


class RecoveryCodesPart(QWidget):
    """Stays until the person says that they are kept."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._codes: list[str] = []
        self.text = QPlainTextEdit()
        set_role(self.text, "code")
        self.text.setReadOnly(True)
        self.text.setFont(context.theme.font("mono"))
        self.text.setAccessibleName(tr("Recovery codes"))
        self.text.setTabChangesFocus(True)
        self.text.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.copy = button(tr("Copy"), self._copy, icon="copy", name=tr("Copy the recovery codes"))
        self.save = button(tr("Save…"), self._save, icon="save", name=tr("Save the recovery codes"))
        self.kept = button(tr("I have kept them"), self._forget, "primary")
        self.setLayout(
            column(
                label(
                    tr(
                        "Recovery codes, shown only this once. Each signs you in once in place of a code, "
                        "when the phone is lost."
                    ),
                    "muted",
                    wrap=True,
                ),
                self.text,
                row(self.copy, self.save, None, self.kept),
            )
        )
        self.hide()

    def show_codes(self, codes: list[str]) -> None:
        self._codes = codes
        self.text.setPlainText("\n".join(codes))
        self.text.setFixedHeight(len(codes) * self._context.theme.line_height + 18)
        self.show()

    def write(self, path: str) -> None:
        """Into a file that only this account can read, where the system knows such a thing."""
        try:
            file = Path(path)
            file.touch(mode=0o600)
            # One that is there already keeps its rights otherwise.
            file.chmod(0o600)
            file.write_text("\n".join(self._codes) + "\n", "utf-8")
        except OSError as error:
            why = error.strerror or str(error)
            self._context.notices.notice(tr("{path} could not be written: {why}.", path=path, why=why), "bad")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._codes))
        self.copy.setText(" " + tr("Copied"))
        QTimer.singleShot(_COPIED_MS, self.copy, lambda: self.copy.setText(" " + tr("Copy")))

    def _save(self) -> None:
        dialog = QFileDialog(self, tr("Save the recovery codes"), _FILE)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(self.write)
        dialog.open()

    def _forget(self) -> None:
        self._codes = []
        self.text.clear()
        self.hide()
