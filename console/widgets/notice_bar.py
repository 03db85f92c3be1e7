"""A sentence at the place that it is about, with what can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from console.core.errors import ApiError
from console.core.texts import tr
from console.shell.parts import button, label
from console.shell.theme import set_role, theme


class NoticeBar(QFrame):
    """Hidden until `say`; an empty sentence hides it again."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(theme().margin, 6, 12, 6)
        self._line.setSpacing(theme().gap)
        self.text = label("", wrap=True)
        self._line.addWidget(self.text, 1)
        self._actions: list[QPushButton] = []
        self.hide()

    def say(
        self, sentence: str, tone: str = "warning", actions: Mapping[str, Callable[[], object]] | None = None
    ) -> None:
        set_role(self, "banner", tone)
        # Its colour follows the tone of what it stands in, which Qt does not see by itself.
        set_role(self.text, "")
        self.text.setText(sentence)
        for old in self._actions:
            self._line.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._actions = [button(title, run) for title, run in (actions or {}).items()]
        for made in self._actions:
            self._line.addWidget(made)
        self.setVisible(bool(sentence))

    def refused(self, refusal: ApiError) -> None:
        """Says why until it is closed."""
        self.say(refusal.detail, "bad", {tr("Close"): lambda: self.say("")})

    def press(self, title: str) -> None:
        """Presses the button of that title."""
        next(made for made in self._actions if made.text() == title).click()
