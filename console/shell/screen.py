"""One thing to do in the middle of the window, without navigation: start, set-up, sign-in."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLayout, QWidget

from console.shell.parts import card
from console.shell.theme import set_role

WIDTH = 400


class Screen(QWidget):
    """A card on the page's ground. A subclass fills it and says what has the focus first."""

    def __init__(self, *items: QWidget | QLayout | None, width: int = WIDTH) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "page")
        self.card = card(*items)
        self.card.setFixedWidth(width)
        margins = self.card.layout()
        if margins is not None:
            margins.setContentsMargins(28, 24, 28, 24)
        grid = QGridLayout(self)
        grid.addWidget(self.card, 1, 1)
        for edge in (0, 2):
            grid.setRowStretch(edge, 1)
            grid.setColumnStretch(edge, 1)
        grid.setRowStretch(2, 2)
