"""Draws a task of a profile: its place, its name, what it does, and what is worth knowing about it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from console.core.texts import tr
from console.features.plans.task_model import ROW, TaskRow
from console.shell.theme import theme

Index = QModelIndex | QPersistentModelIndex
HEIGHT = 50
_NUMBER = 40
_PAD = 16
_PILL = 20
_LINE = 20
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class TaskDelegate(QStyledItemDelegate):
    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(0, HEIGHT)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, _index: Index) -> None:
        editor.setAccessibleName(tr("Name of the task"))
        area: QRect = option.rect
        height = theme().control
        top = area.top() + (HEIGHT - height) // 2
        editor.setGeometry(area.left() + _NUMBER, top, area.width() - _NUMBER - _PAD, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: TaskRow = index.data(ROW)
        tokens, area = theme().tokens, QRect(option.rect)
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(area, tokens.accent_tint if selected else tokens.surface)
        painter.setPen(tokens.line)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(QRect(area.topLeft(), QSize(3, area.height() - 1)), tokens.accent)
        painter.setFont(theme().font("secondary"))
        painter.setPen(tokens.muted)
        painter.drawText(QRect(area.left(), area.top(), _NUMBER - 12, HEIGHT), _RIGHT, str(index.row() + 1))
        inside = area.adjusted(_NUMBER, 5, -_PAD, -5)
        marks = [(tr("Problem"), "bad"), *row.marks] if row.problem else list(row.marks)
        free = self._paint_marks(painter, inside, marks, selected)
        self._paint_text(painter, QRect(inside.left(), inside.top(), free, _LINE), row)
        second = QRect(inside.left(), inside.top() + _LINE, inside.width(), _LINE - 2)
        painter.setFont(theme().font("secondary"))
        painter.setPen(tokens.bad if row.problem else tokens.muted)
        painter.drawText(second, _LEFT, _cut(painter, row.problem or row.what, second.width()))
        painter.restore()

    def _paint_text(self, painter: QPainter, area: QRect, row: TaskRow) -> None:
        painter.setFont(theme().font("strong"))
        painter.setPen(theme().tokens.text if row.name else theme().tokens.muted)
        painter.drawText(area, _LEFT, _cut(painter, row.name or tr("Without a name"), area.width()))

    def _paint_marks(
        self, painter: QPainter, area: QRect, marks: list[tuple[str, str]], selected: bool
    ) -> int:
        """From the right; answers the width that is left for the name, which is half of it at least."""
        tokens, right = theme().tokens, area.right()
        painter.setFont(theme().font("secondary"))
        metrics = QFontMetrics(theme().font("secondary"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for word, tone in reversed(marks):
            width = metrics.horizontalAdvance(word) + 16
            if right - width < area.left() + area.width() // 2:
                break
            color, tint = tokens.tone(tone)
            box = QRect(right - width, area.top(), width, _PILL)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tokens.surface if selected and tone == "accent" else tint)
            painter.drawRoundedRect(QRectF(box), _PILL / 2, _PILL / 2)
            painter.setPen(color)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)
            right -= width + 6
        return right - area.left() - 6


def _cut(painter: QPainter, text: str, width: int) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
