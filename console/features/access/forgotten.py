"""What to do about a password that nobody knows any more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from console.core.local_service import LocalService
from console.core.texts import tr
from console.features.access.copy_line import CopyLine
from console.shell.parts import button, column, label


class Forgotten(QWidget):
    """A question; the answer shows when it is asked. `local` is the service's data folder, where it is this
    machine's own."""

    def __init__(self, local: LocalService | None, username: str = "") -> None:
        super().__init__()
        self.question = button(tr("Forgotten the password?"), self._toggle, "link")
        self.answer = label(
            tr(
                "Whoever manages users gives you a new one, on the page Users. The owner's is set on the "
                "computer of the service, under the account that it runs as, with this command; it asks for "
                "the new password and ends every session of that user:"
            ),
            "muted",
            wrap=True,
        )
        self.command = CopyLine(tr("Command on the computer of the service"))
        folder = f'"{local.data_dir}"' if local is not None else "DIR"
        text = f"python -m backend_lite reset-password --data-dir {folder} --username {username or 'NAME'}"
        self.command.show_text(text, text)
        self.setLayout(column(self.question, self.answer, self.command, gap=8))
        layout = self.layout()
        if layout is not None:
            layout.setAlignment(self.question, Qt.AlignmentFlag.AlignLeft)
        self._show(False)

    def _toggle(self) -> None:
        self._show(self.answer.isHidden())

    def _show(self, shown: bool) -> None:
        self.answer.setVisible(shown)
        self.command.setVisible(shown)
