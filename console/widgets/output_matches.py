"""The lines of a whole output in which a text was found: each is a way to its place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem

from backend_lite.contract.output import OutputMatch
from backend_lite.contract.streams import STREAMS
from console.core.output_lines import plain_text
from console.core.texts import plural, tr
from console.shell.parts import column, icon_button, label, row
from console.shell.theme import set_role, theme

_ROWS = 6
_LINE = Qt.ItemDataRole.UserRole


class MatchList(QFrame):
    """`chosen(match)`: the reader wants to see that place. `closed`: they want no more of it."""

    chosen = Signal(object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "tool-bar")
        self._searched = ""
        self.count = label("", "secondary")
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Lines found in all of the output"))
        set_role(self.list, "lines")
        self.list.setFont(theme().font("mono"))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemActivated.connect(self._choose)
        self.list.itemClicked.connect(self._choose)
        close = icon_button("close", tr("Close the list"), self.close_list)
        content = column(row(self.count, None, close), self.list, gap=4)
        content.setContentsMargins(12, 4, 8, 8)
        self.setLayout(content)
        self.hide()

    def begin(self, text: str) -> None:
        """A search for `text` was started."""
        self.list.clear()
        self.list.hide()
        self._searched = text
        self._say(tr("Searching all of the output for “{text}”…", text=text))
        self.show()

    def close_list(self) -> None:
        if not self.isHidden():
            self.hide()
            self.list.clear()
        self.closed.emit()

    # ---- the search's sink

    def found(self, matches: Sequence[OutputMatch]) -> None:
        for match in matches:
            text = plain_text(match.text).strip()
            place = tr("{stream} line {line}", stream=STREAMS[match.stream], line=f"{match.line:,}")
            item = QListWidgetItem(f"{place:<22}  {text}")
            item.setData(_LINE, match)
            self.list.addItem(item)
        if matches:
            self._fit()
        count = self.list.count()
        self._say(plural(count, "Searching… {count} line so far", "Searching… {count} lines so far"))

    def ended(self, *, whole: bool) -> None:
        count = self.list.count()
        if not count:
            self._say(tr("“{text}” is nowhere in the output.", text=self._searched))
        elif whole:
            self._say(
                plural(
                    count, "{count} line holds “{text}”", "{count} lines hold “{text}”", text=self._searched
                )
            )
        else:
            self._say(
                tr("The first {count} lines that hold “{text}”", count=f"{count:,}", text=self._searched)
            )

    def fail(self, sentence: str) -> None:
        self._say(sentence)

    def _say(self, text: str) -> None:
        self.count.setText(text)

    def _fit(self) -> None:
        rows = min(self.list.count(), _ROWS)
        self.list.setFixedHeight(rows * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth())
        self.list.show()

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_LINE))
