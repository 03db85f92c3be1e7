"""The pane on the right: details of what is chosen on the open page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.theme import set_role


class DetailsPane(QFrame):
    """Shows a widget that a page owns; the pane hides when there is none."""

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "details")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(tr("Details"))
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)
        self.hide()

    def show_widget(self, widget: QWidget | None) -> None:
        # The scroll area would delete what it lets go of, and that is the page's.
        current = self._scroll.widget()
        if widget is not current:
            if current is not None:
                self._scroll.takeWidget().setParent(None)
            if widget is not None:
                self._scroll.setWidget(widget)
                widget.show()
        self.setVisible(widget is not None)
