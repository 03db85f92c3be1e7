"""Two texts, and what changed from one to the other."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QTextBlock, QTextBlockFormat, QTextCharFormat, QTextCursor

from console.core.texts import tr
from console.shell.theme import set_role, theme
from console.widgets.gutter import PAD, Gutter, GutteredText

CONTEXT = 3


@dataclass(frozen=True)
class DiffLine:
    """`sign` is `+`, `-`, a blank, or `@` for lines that were left out; numbers count from 1."""

    sign: str
    text: str
    old: int | None = None
    new: int | None = None


def diff_lines(old: str, new: str, context: int = CONTEXT) -> list[DiffLine]:
    """The changes from `old` to `new` with some lines around them; empty when there are none."""
    a, b = old.splitlines(), new.splitlines()
    found: list[DiffLine] = []
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(context)):
        if number or group[0][1] > 0:
            found.append(DiffLine("@", tr("line {number}", number=group[0][3] + 1)))
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                found += [DiffLine(" ", b[b1 + n], a1 + n + 1, b1 + n + 1) for n in range(b2 - b1)]
                continue
            found += [DiffLine("-", a[n], old=n + 1) for n in range(a1, a2)]
            found += [DiffLine("+", b[n], new=n + 1) for n in range(b1, b2)]
    return found


def summary(lines: list[DiffLine]) -> str:
    added = sum(line.sign == "+" for line in lines)
    removed = sum(line.sign == "-" for line in lines)
    if not added and not removed:
        return tr("No difference")
    return tr("{added} lines added, {removed} removed", added=added, removed=removed)


class DiffView(GutteredText):
    """Read-only; signs and line numbers in the gutter, so that nothing depends on colours alone."""

    def __init__(self, name: str) -> None:
        super().__init__()
        set_role(self, "plain")
        self.setAccessibleName(name)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setLineWrapMode(GutteredText.LineWrapMode.NoWrap)
        self.setFont(theme().font("mono"))
        self.lines: list[DiffLine] = []
        self.set_gutter(Gutter(self, self._gutter_width, self._paint_sign))
        theme().changed.connect(self._restyle)

    def show_diff(self, old: str, new: str) -> None:
        self.show_lines(diff_lines(old, new))

    def show_lines(self, lines: list[DiffLine]) -> None:
        self.lines = lines
        self.clear()
        tokens = theme().tokens
        grounds = {"+": tokens.good_tint, "-": tokens.bad_tint, "@": tokens.background}
        inks = {"+": tokens.good, "-": tokens.bad, "@": tokens.faint}
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for number, line in enumerate(lines):
            ground, ink = QTextBlockFormat(), QTextCharFormat()
            ink.setForeground(inks.get(line.sign, tokens.muted))
            if line.sign in grounds:
                ground.setBackground(grounds[line.sign])
            if number:
                cursor.insertBlock(ground)
            else:
                cursor.setBlockFormat(ground)
            cursor.insertText(line.text, ink)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _restyle(self) -> None:
        self.show_lines(self.lines)

    def _gutter_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("0000 0000 +") + 2 * PAD

    def _paint_sign(self, painter: QPainter, area: QRect, block: QTextBlock) -> None:
        at = block.blockNumber()
        if at >= len(self.lines):
            return
        line, tokens = self.lines[at], theme().tokens
        painter.setFont(self.font())
        painter.setPen(tokens.faint)
        width = self.fontMetrics().horizontalAdvance("0000 ")
        right = Qt.AlignmentFlag.AlignRight
        for column, number in enumerate((line.old, line.new)):
            if number is not None:
                box = QRect(area.left() + PAD + column * width, area.top(), width - 6, area.height())
                painter.drawText(box, right, str(number))
        if line.sign in "+-":
            painter.setPen(tokens.good if line.sign == "+" else tokens.bad)
            painter.drawText(area.adjusted(0, 0, -PAD, 0), right, line.sign)
