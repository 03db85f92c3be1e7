"""Short statements under each other: a word on a tint, and the sentence behind it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from console.core.texts import plural
from console.shell.parts import button, label, row
from console.widgets.status_badge import StatusBadge

_WORD = 64
"""As wide as the usual words, so that lists under each other are in line."""


class Lines(QWidget):
    """`show_lines([(word, tone, sentence)])`; with `most` the rest unfolds on request."""

    def __init__(self, name: str, most: int = 0, *, word_width: int = _WORD) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._most = most
        self._unfolded = False
        self._said: list[tuple[str, str, str]] = []
        self._rows: list[tuple[StatusBadge, QLabel]] = []
        self.more = button("", self._unfold, "link")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, word_width)
        self._more_line = row(self.more, None)
        self.more.hide()

    @property
    def said(self) -> list[tuple[str, str, str]]:
        return list(self._said)

    def show_lines(self, said: Sequence[tuple[str, str, str]]) -> None:
        if list(said) != self._said:
            self._said = list(said)
            self._unfolded = False
            self._fill()

    def _unfold(self) -> None:
        self._unfolded = True
        self._fill()

    def _fill(self) -> None:
        count = len(self._said) if self._unfolded or not self._most else min(len(self._said), self._most)
        while len(self._rows) < count:
            self._add()
        for at, (badge, text) in enumerate(self._rows):
            badge.setVisible(at < count)
            text.setVisible(at < count)
            if at < count:
                word, tone, sentence = self._said[at]
                badge.show_state(word, tone)
                text.setText(sentence)
        left = len(self._said) - count
        self._grid.removeItem(self._more_line)
        self._grid.addLayout(self._more_line, len(self._rows), 1)
        self.more.setText(plural(left, "{count} more", "{count} more"))
        self.more.setVisible(left > 0)
        self.setVisible(bool(self._said))

    def _add(self) -> None:
        badge, text = StatusBadge(), label("", wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        at = len(self._rows)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(badge, at, 0, top | Qt.AlignmentFlag.AlignLeft)
        self._grid.addWidget(text, at, 1, top)
        self._rows.append((badge, text))
