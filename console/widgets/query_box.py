"""A line for the query language: completes words, and underlines the one that cannot be understood."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from PySide6.QtCore import QPointF, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from backend_lite.contract.query import Completion, Field, Node, QueryError, complete, parse
from console.core.texts import tr
from console.shell.theme import set_role, theme

Known = Callable[[], Mapping[str, Iterable[str]]]

MOST_OFFERED = 12
_SAY_MS = 500
"""A word that is still being typed is not wrong yet."""
_WAVE = 2.0


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
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self)
        self._popup = QListView()
        self._popup.setAccessibleName(tr("What could stand here"))
        self._completer.setPopup(self._popup)
        self._completer.activated.connect(lambda _text: self._insert())
        self._said = ""
        self._say_later = QTimer(self)
        self._say_later.setSingleShot(True)
        self._say_later.setInterval(_SAY_MS)
        self._say_later.timeout.connect(self._say)
        self.textChanged.connect(lambda _text: self._parse())
        self.textEdited.connect(lambda _text: self.offer())

    @property
    def offers(self) -> list[str]:
        """What the popup shows."""
        return [offer.text for offer in self._offers] if self._popup.isVisible() else []

    def offer(self) -> None:
        """Shows what the word at the cursor could become."""
        known = self._known() if self._known is not None else {}
        found = complete(self.text(), self.cursorPosition(), self._fields, known)
        self._offers = list(islice(found, MOST_OFFERED))
        typed = self.text()[: self.cursorPosition()]
        if not self._offers or not typed or typed[-1].isspace():
            self._popup.hide()
            return
        self._words.setStringList([_line(offer) for offer in self._offers])
        self._completer.complete()
        self._popup.setCurrentIndex(self._words.index(0, 0))

    def say_now(self) -> None:
        """Nobody is typing any more: what is wrong is said."""
        self._say_later.stop()
        self._say()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        popup, key = self._popup, event.key()
        if popup.isVisible() and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self._insert()
        elif popup.isVisible() and key == Qt.Key.Key_Escape:
            popup.hide()
        elif key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.offer()
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.say_now()
            self.left.emit()
        else:
            super().keyPressEvent(event)

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

    def _insert(self) -> None:
        row = self._popup.currentIndex().row()
        self._popup.hide()
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
