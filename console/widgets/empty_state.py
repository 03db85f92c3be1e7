"""What a page shows while it has nothing to show: why, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from console.shell import icons
from console.shell.parts import label, row
from console.shell.theme import set_role, theme

_WIDTH = 420
_ICON = 32


class EmptyState(QWidget):
    def __init__(self, icon: str, title: str, text: str, *actions: QPushButton) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "surface")
        self._icon_name = icon
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.title = label(title, "title")
        self.text = label(text, "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setSpacing(theme().gap)
        column.addStretch(2)
        column.addWidget(self._icon)
        for part in (self.title, self.text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        self.text.setFixedWidth(_WIDTH)
        column.addSpacing(theme().gap)
        column.addLayout(row(None, *actions, None))
        column.addStretch(3)
        theme().changed.connect(self._tint)
        self._tint()

    def say(self, title: str, text: str) -> None:
        self.title.setText(title)
        self.text.setText(text)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        # Centred, the text gets the height of its hint, which is that of fewer lines than it has.
        self.text.setMinimumHeight(self.text.heightForWidth(_WIDTH))

    def _tint(self) -> None:
        color = theme().color("faint")
        self._icon.setPixmap(icons.pixmap(self._icon_name, color, _ICON, self.devicePixelRatioF()))
