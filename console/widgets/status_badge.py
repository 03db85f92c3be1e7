"""A state as a person reads it: always a word on a tint, never a colour alone."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from console.shell.theme import set_role


class StatusBadge(QLabel):
    """`tone` is one of `good warning bad accent idle`."""

    def __init__(self, word: str = "", tone: str = "idle") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.tone = ""
        self.show_state(word, tone)

    def show_state(self, word: str, tone: str) -> None:
        self.setText(word)
        self.setVisible(bool(word))
        if tone != self.tone:
            self.tone = tone
            set_role(self, "mark", tone)
