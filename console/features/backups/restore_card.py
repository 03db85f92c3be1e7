"""How a backup is brought back: the exact command."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.texts import tr
from console.features.backups import words
from console.shell.parts import card, column, label
from console.shell.theme import Theme
from console.widgets.command_box import CommandBox


class RestoreCard(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.command = CommandBox(theme, tr("Bring the chosen backup back"))
        self.kit = CommandBox(theme, tr("Open a recovery kit on a new PC"))
        self.setLayout(
            column(
                card(
                    label(tr("Restore"), "title"),
                    label(
                        tr(
                            "Stop the service, then type this where it ran. What is there now is kept under "
                            "another name. Stored secrets need the same key file or account as before."
                        ),
                        "muted",
                        wrap=True,
                    ),
                    self.command,
                    self.kit,
                    None,
                )
            )
        )
        self.kit.show_command(words.kit_command())

    def show_backup(self, data_folder: str, backup: str) -> None:
        self.command.show_command(words.restore_command(data_folder, backup))
