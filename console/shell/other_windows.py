"""Every window of the program but one, taken off the screen and put back as it was."""

from __future__ import annotations

from dataclasses import dataclass

import shiboken6
from PySide6.QtCore import QEvent, QMetaObject, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QToolTip, QWidget

_PASSING = (Qt.WindowType.Popup, Qt.WindowType.ToolTip)


@dataclass
class _Away:
    """A dialog that ends meanwhile does not come back."""

    window: QWidget
    modality: Qt.WindowModality
    ended: bool = False
    watch: QMetaObject.Connection | None = None

    @property
    def is_wanted(self) -> bool:
        return not self.ended and shiboken6.isValid(self.window)


class OtherWindows(QObject):
    """Between `put_away` and `bring_back` none is seen beside `main`, also none that opens meanwhile: it
    waits with the others. What a dialog holds stays as it is."""

    def __init__(self, main: QWidget) -> None:
        super().__init__(main)
        self._main = main
        self._away: list[_Away] = []

    def put_away(self) -> None:
        _close_popups()
        for window in QApplication.topLevelWidgets():
            if self._concerns(window) and window.isVisible():
                self._take(window)
                window.hide()
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def bring_back(self) -> None:
        for one in self._let_go():
            # Hiding a dialog makes it forget that it was opened as a modal one.
            one.window.setWindowModality(one.modality)
            one.window.show()

    def close(self) -> None:
        """Instead of bringing them back: as if each had been closed by its person."""
        for one in self._let_go():
            if isinstance(one.window, QDialog):
                one.window.reject()
            else:
                one.window.close()

    def close_dialogs(self) -> None:
        """Those that are seen, as if each had been closed by its person."""
        for dialog in self._main.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and self._concerns(watched):
            self._take(watched)
            # It is being shown just now: it may go on to be, but not on the screen.
            watched.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
            QTimer.singleShot(0, watched, lambda: _hide_new(watched))
        return super().eventFilter(watched, event)

    def _concerns(self, window: QWidget) -> bool:
        return window.isWindow() and window is not self._main and window.windowType() not in _PASSING

    def _take(self, window: QWidget) -> None:
        away = _Away(window, window.windowModality())
        if isinstance(window, QDialog):
            away.watch = window.finished.connect(lambda _result: setattr(away, "ended", True))
        self._away.append(away)

    def _let_go(self) -> list[_Away]:
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]
        away, self._away = self._away, []
        wanted = [one for one in away if one.is_wanted]
        for one in wanted:
            if one.watch is not None:
                QObject.disconnect(one.watch)
        return wanted


def _hide_new(window: QWidget) -> None:
    window.hide()
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, on=False)


def _close_popups() -> None:
    """A menu that is open closes as by Escape: nothing is lost with it."""
    QToolTip.hideText()
    for window in QApplication.topLevelWidgets():
        if window.windowType() == Qt.WindowType.Popup and window.isVisible():
            window.close()
