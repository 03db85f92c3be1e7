"""The column at the left of a plain text: line numbers, times, marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QTextBlock
from PySide6.QtWidgets import QPlainTextEdit, QWidget

PAD = 12


class GutteredText(QPlainTextEdit):
    """A plain text with a column beside it. `visible_blocks` yields (block, top, height) in the viewport."""

    def __init__(self) -> None:
        super().__init__()
        self._gutter: Gutter | None = None

    def set_gutter(self, gutter: Gutter) -> None:
        self._gutter = gutter
        self.updateRequest.connect(gutter.follow)
        self.fit_gutter()

    def fit_gutter(self) -> None:
        if self._gutter is not None:
            width = self._gutter.sizeHint().width()
            if self.viewportMargins().left() != width:
                self.setViewportMargins(width, 0, 0, 0)
            area = self.contentsRect()
            self._gutter.setGeometry(QRect(area.left(), area.top(), width, area.height()))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.fit_gutter()

    def visible_blocks(self) -> Iterator[tuple[QTextBlock, int, int]]:
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        bottom = self.viewport().height()
        while block.isValid() and top <= bottom:
            height = self.blockBoundingRect(block).height()
            if block.isVisible():
                yield block, round(top), round(height)
            top += height
            block = block.next()


class Gutter(QWidget):
    """Paints one line of the column by `paint_line(painter, area, block)`; `width` asks how wide it is."""

    def __init__(
        self,
        text: GutteredText,
        width: Callable[[], int],
        paint_line: Callable[[QPainter, QRect, QTextBlock], None],
    ) -> None:
        super().__init__(text)
        self._text = text
        self._width = width
        self._paint_line = paint_line
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        return QSize(self._width(), 0)

    def follow(self, area: QRect, scrolled: int) -> None:
        if scrolled:
            self.scroll(0, scrolled)
        else:
            self.update(0, area.y(), self.width(), area.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._text.palette().base())
        offset = self._text.viewport().geometry().top() - self.geometry().top()
        for block, top, height in self._text.visible_blocks():
            area = QRect(0, top + offset, self.width(), height)
            if area.intersects(event.rect()):
                self._paint_line(painter, area, block)
