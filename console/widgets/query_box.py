"""A line for the query language: completes words, and underlines the one that cannot be understood."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QLineEdit, QListWidget

from backend_lite.contract.query import Completion, Field, Node, QueryError, complete, parse
from console.core.texts import tr
from console.shell.theme import set_role, theme

Known = Callable[[], Mapping[str, Iterable[str]]]

MOST_OFFERED = 12
_SAY_MS = 500
"""A word that is still being typed is not wrong yet."""
_WAVE = 2.0
_ROWS, _WIDTH, _EDGE = 8, 320, 5


class QueryBox(QLineEdit):
    """`parsed(node)`: what is typed now, whenever it can be understood. `problem_changed(sentence)`: empty
    when it can. `left`: Enter, Esc in an empty box, or Down without anything to choose from."""

    parsed = Signal(object)
    problem_changed = Signal(str)
    left = Signal()

    def __init__(self, fields: Sequence[Field], known: Known | None = None) -> None:
        super().__init__()
        self._fields, self._known = fields, known
        self.error: QueryError | None = None
        self.node: Node = parse("", fields)
        self._offers: list[Completion] = []
        self._list = QListWidget()
        self._list.setAccessibleName(tr("What could stand here"))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        set_role(self._list, "offers")
        self._list.itemClicked.connect(lambda _item: self._insert())
        self._list.hide()
        self.destroyed.connect(self._list.deleteLater)
        self._said = ""
        self._say_later = QTimer(self)
        self._say_later.setSingleShot(True)
        self._say_later.setInterval(_SAY_MS)
        self._say_later.timeout.connect(self._say)
        self.textChanged.connect(lambda _text: self._parse())
        self.textEdited.connect(lambda _text: self.offer())

    @property
    def offers(self) -> list[str]:
        """What the list below shows."""
        return [] if self._list.isHidden() else [offer.text for offer in self._offers]

    def offer(self) -> None:
        """Shows what the word at the cursor could become."""
        known = self._known() if self._known is not None else {}
        found = complete(self.text(), self.cursorPosition(), self._fields, known)
        self._offers = list(islice(found, MOST_OFFERED))
        typed = self.text()[: self.cursorPosition()]
        if not self._offers or not typed or typed[-1].isspace():
            self._list.hide()
            return
        self._list.clear()
        self._list.addItems([_line(offer) for offer in self._offers])
        self._list.setCurrentRow(0)
        self._place()

    def say_now(self) -> None:
        """Nobody is typing any more: what is wrong is said."""
        self._say_later.stop()
        self._say()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not self._list.isHidden() and self._choose(key):
            return
        if key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.offer()
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.say_now()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Tab would go to the next control before a key press is told.
        if event.type() == QEvent.Type.KeyPress and not self._list.isHidden():
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Tab:
                self._insert()
                return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._list.hide()
        self.say_now()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._list.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.error is None:
            return
        metrics, text, cursor = self.fontMetrics(), self.text(), self.cursorRect()
        origin = cursor.center().x() - metrics.horizontalAdvance(text[: self.cursorPosition()])
        left = origin + metrics.horizontalAdvance(text[: self.error.start])
        right = origin + metrics.horizontalAdvance(text[: max(self.error.end, self.error.start + 1)])
        right = max(right, left + metrics.horizontalAdvance("0"))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().tokens.bad, 1.2))
        painter.drawPolyline(_wave(left, right, cursor.bottom() - 1.0))

    # ---- inside

    def _parse(self) -> None:
        try:
            self.node, self.error = parse(self.text(), self._fields), None
        except QueryError as error:
            self.error = error
        set_role(self, str(self.property("role") or ""), "bad" if self.error else "")
        if self.error is None:
            self.say_now()
            self.parsed.emit(self.node)
        else:
            self._say_later.start()

    def _say(self) -> None:
        sentence = self.error.message if self.error is not None else ""
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)
        if sentence != self._said:
            self._said = sentence
            self.problem_changed.emit(sentence)

    def _choose(self, key: int) -> bool:
        """What a key means while there is something to choose from; False when nothing."""
        row, last = self._list.currentRow(), self._list.count() - 1
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._insert()
        elif key == Qt.Key.Key_Escape:
            self._list.hide()
        elif key == Qt.Key.Key_Down:
            self._list.setCurrentRow(0 if row == last else row + 1)
        elif key == Qt.Key.Key_Up:
            self._list.setCurrentRow(last if row == 0 else row - 1)
        else:
            return False
        return True

    def _place(self) -> None:
        """Below this line, over everything else in the window."""
        window = self.window()
        if self._list.parent() is not window:
            self._list.setParent(window)
        rows, height = min(self._list.count(), _ROWS), self._list.sizeHintForRow(0)
        self._list.setFixedSize(max(self.width(), _WIDTH), rows * height + 2 * _EDGE)
        self._list.move(self.mapTo(window, QPoint(0, self.height() + 2)))
        self._list.show()
        self._list.raise_()

    def _insert(self) -> None:
        row = self._list.currentRow()
        self._list.hide()
        if not 0 <= row < len(self._offers):
            return
        offer, text = self._offers[row], self.text()
        self.setText(text[: offer.start] + offer.text + text[offer.end :])
        self.setCursorPosition(offer.start + len(offer.text))
        # Behind the name of a field come its words.
        if offer.text.endswith(":"):
            self.offer()


def _line(offer: Completion) -> str:
    return f"{offer.text}   {tr(offer.help)}" if offer.help else offer.text


def _wave(left: float, right: float, bottom: float) -> QPolygonF:
    count = max(2, int((right - left) / _WAVE) + 1)
    return QPolygonF([QPointF(left + _WAVE * at, bottom - (_WAVE if at % 2 else 0)) for at in range(count)])
