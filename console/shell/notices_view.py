"""Banners above the page, and notices in the corner that go away by themselves."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.notices import Notice, Notices
from console.shell.parts import button, frame, icon_button, label, row

SHOWN_MS = 6_000
SHOWN_BAD_MS = 15_000
NOTICE_WIDTH = 380
MOST_AT_ONCE = 4


class Banners(QWidget):
    """One line for each thing in the surroundings that is not as it should be."""

    def __init__(self, notices: Notices) -> None:
        super().__init__()
        self._lines: dict[str, QFrame] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        notices.banner_changed.connect(self._change)
        for key, notice in notices.banners.items():
            self._change(key, notice)

    def texts(self) -> list[str]:
        return [line.accessibleName() for line in self._lines.values()]

    def _change(self, key: str, notice: Notice | None) -> None:
        old = self._lines.pop(key, None)
        if old is not None:
            self._column.removeWidget(old)
            old.deleteLater()
        if notice is None:
            return
        line = row(label(notice.text, wrap=True))
        line.setStretch(0, 1)
        if notice.action is not None:
            line.addWidget(button(notice.action.title, notice.action.run))
        made = frame("banner", line, (16, 6, 16, 6), notice.tone)
        made.setAccessibleName(notice.text)
        self._lines[key] = made
        self._column.addWidget(made)


class Toasts(QObject):
    """Stacks notices over the lower right corner of `ground`, `lift` pixels up; one under the mouse stays."""

    def __init__(self, notices: Notices, ground: QWidget, lift: Callable[[], int]) -> None:
        super().__init__(ground)
        self._lift = lift
        self._ground = ground
        self.shown: list[QFrame] = []
        notices.noticed.connect(self._show)
        notices.forgotten.connect(self._dismiss_all)
        ground.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._ground and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def _show(self, notice: Notice) -> None:
        made = self._toast(notice)
        self.shown.append(made)
        for old in self.shown[:-MOST_AT_ONCE]:
            self._dismiss(old)
        self._place()
        made.show()

    def _toast(self, notice: Notice) -> QFrame:
        text = label(notice.text, wrap=True)
        line = row(text)
        line.setStretch(0, 1)
        made = frame("notice", line, (14, 8, 8, 8), notice.tone)
        made.setParent(self._ground)
        made.setAccessibleName(notice.text)
        if notice.action is not None:
            line.addWidget(button(notice.action.title, notice.action.run, "link"))
        close = icon_button("close", tr("Close this notice"), lambda: self._dismiss(made))
        line.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        timer = QTimer(made)
        timer.setInterval(SHOWN_BAD_MS if notice.tone == "bad" else SHOWN_MS)
        timer.timeout.connect(lambda: None if made.underMouse() else self._dismiss(made))
        timer.start()
        return made

    def _dismiss(self, made: QFrame) -> None:
        if made in self.shown:
            self.shown.remove(made)
            made.hide()
            made.deleteLater()
            self._place()

    def _dismiss_all(self) -> None:
        for made in tuple(self.shown):
            self._dismiss(made)

    def _place(self) -> None:
        bottom = self._ground.height() - self._lift() - 12
        for made in reversed(self.shown):
            width = min(NOTICE_WIDTH, self._ground.width() - 24)
            height = max(made.heightForWidth(width), made.sizeHint().height())
            bottom -= height
            made.setGeometry(self._ground.width() - width - 12, bottom, width, height)
            made.raise_()
            bottom -= 8
