"""The lines of an output, with their times in the gutter."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import groupby

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QTextBlock, QTextCursor, QTextOption

from backend_lite.contract.streams import STDERR
from console.core.output_lines import Line
from console.core.terminal_text import PLAIN
from console.core.texts import tr
from console.shell.theme import set_role, theme
from console.widgets.gutter import PAD, Gutter, GutteredText
from console.widgets.output_colors import OutputFormats

MOST_LINES = 20_000


def elapsed_text(elapsed_ms: int) -> str:
    """`0:07.2`, `12:03.9`, `1:02:03`: since the start of the script."""
    seconds = elapsed_ms / 1000
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}.{int(seconds * 10) % 10}"


class OutputText(GutteredText):
    """The lines, with their times in the gutter; `err` there marks stderr for who sees no colours."""

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "plain")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFont(theme().font("mono"))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.setLineWrapMode(GutteredText.LineWrapMode.NoWrap)
        self.document().setDocumentMargin(4)
        self.lines: deque[Line] = deque()
        self._formats = OutputFormats(theme().tokens)
        self._gutter_part = Gutter(self, self._gutter_width, self._paint_time)
        self.set_gutter(self._gutter_part)
        theme().changed.connect(self._restyle)

    def replace_all(self, lines: Iterable[Line]) -> None:
        self.clear()
        self.lines = deque()
        self.append_lines(lines, replaces_last=False)

    def append_lines(self, lines: Iterable[Line], *, replaces_last: bool) -> None:
        new = list(lines)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if replaces_last and self.lines:
            self._remove_last(cursor)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for (stream, plain), group in groupby(new, key=_sameness):
            self._insert(cursor, stream, list(group), plain=plain)
        self._remove_first(cursor, len(self.lines) - MOST_LINES)
        cursor.endEditBlock()
        self._gutter_part.update()

    def _insert(self, cursor: QTextCursor, stream: int, lines: list[Line], *, plain: bool) -> None:
        first = "\n" if self.lines else ""
        self.lines.extend(lines)
        if plain:
            cursor.insertText(first + "\n".join(line.text for line in lines), self._formats.of(stream, PLAIN))
            return
        for line in lines:
            cursor.insertText(first, self._formats.of(stream, PLAIN))
            for text, style in line.runs:
                cursor.insertText(text, self._formats.of(stream, style))
            first = "\n"

    def _remove_last(self, cursor: QTextCursor) -> None:
        self.lines.pop()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if self.lines:
            cursor.deletePreviousChar()

    def _remove_first(self, cursor: QTextCursor, count: int) -> None:
        if count <= 0:
            return
        for _ in range(count):
            self.lines.popleft()
        cursor.setPosition(0)
        cursor.setPosition(
            self.document().findBlockByNumber(count).position(), QTextCursor.MoveMode.KeepAnchor
        )
        cursor.removeSelectedText()

    def _gutter_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("err 00:00.0") + 2 * PAD

    def _paint_time(self, painter: QPainter, area: QRect, block: QTextBlock) -> None:
        at = block.blockNumber()
        if at >= len(self.lines):
            return
        line, tokens = self.lines[at], theme().tokens
        painter.setFont(self.font())
        height = self.fontMetrics().height()
        box = QRect(area.left() + PAD, area.top(), area.width() - 2 * PAD, height)
        if line.gap:
            return
        if line.stream == STDERR:
            painter.fillRect(QRect(area.right() - 5, area.top(), 2, area.height()), tokens.bad)
            painter.setPen(tokens.bad)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, tr("err"))
        painter.setPen(tokens.faint)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, elapsed_text(line.elapsed_ms))

    def _restyle(self) -> None:
        self._formats = OutputFormats(theme().tokens)
        self.setFont(theme().font("mono"))
        at = self.verticalScrollBar().value()
        self.replace_all(list(self.lines))
        self.verticalScrollBar().setValue(at)


def _sameness(line: Line) -> tuple[int, bool]:
    """Lines of one stream without colours are put in at once."""
    return line.stream, all(style is PLAIN or style == PLAIN for _text, style in line.runs)
