"""Widgets side by side, and on further lines where there is little room."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from console.shell.theme import theme


class Flow(QWidget):
    """None of them is ever narrower than it wants to be, unless that is more than there is. With `right` each
    line ends at the right edge. A hidden one takes no room."""

    def __init__(self, *items: QWidget, right: bool = False) -> None:
        super().__init__()
        self._items = items
        self._right = right
        self._heights: dict[int, int] = {}
        for item in items:
            item.setParent(self)

    # ---- what Qt asks

    def sizeHint(self) -> QSize:
        """All of them on one line."""
        sizes = [_wanted(item) for item in self._shown()]
        gaps = theme().gap * max(len(sizes) - 1, 0)
        height = max((size.height() for size in sizes), default=0)
        return QSize(sum(size.width() for size in sizes) + gaps, height)

    def minimumSizeHint(self) -> QSize:
        sizes = [_wanted(item) for item in self._shown()]
        widest = max((size.width() for size in sizes), default=0)
        return QSize(widest, max((size.height() for size in sizes), default=0))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        # Each layout around this one asks for its own reasons, thousands of times for one page.
        height = self._heights.get(width)
        if height is None:
            height = max((place.bottom() + 1 for _, place in self._places(width)), default=0)
            self._heights[width] = height
        return height

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Nobody said what changed while this was hidden.
        self._items_changed()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            # One of them came, went, or has another text.
            self._items_changed()
        return super().event(event)

    # ---- inside

    def _shown(self) -> list[QWidget]:
        return [item for item in self._items if not item.isHidden()]

    def _items_changed(self) -> None:
        self._heights.clear()
        self.updateGeometry()
        self._arrange()

    def _arrange(self) -> None:
        for item, place in self._places(self.width()):
            item.setGeometry(place)

    def _places(self, width: int) -> Iterator[tuple[QWidget, QRect]]:
        gap, top = theme().gap, 0
        for line in self._lines(width):
            used = sum(size.width() for _, size in line) + gap * (len(line) - 1)
            left = max(width - used, 0) if self._right else 0
            height = max(size.height() for _, size in line)
            for item, size in line:
                down = top + (height - size.height()) // 2
                yield item, QRect(left, down, min(size.width(), width), size.height())
                left += size.width() + gap
            top += height + gap

    def _lines(self, width: int) -> list[list[tuple[QWidget, QSize]]]:
        lines: list[list[tuple[QWidget, QSize]]] = []
        left = 0
        for item in self._shown():
            size = _wanted(item)
            if not lines or left + size.width() > width:
                lines.append([])
                left = 0
            lines[-1].append((item, size))
            left += size.width() + theme().gap
        return lines


def _wanted(item: QWidget) -> QSize:
    least = item.minimumSizeHint().expandedTo(item.minimumSize())
    return item.sizeHint().expandedTo(least).boundedTo(item.maximumSize())
