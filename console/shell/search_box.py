"""The search box of the top bar, which is also the command palette."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.palette import Found, Palette
from console.shell.parts import label, row
from console.shell.search_results import SearchResults
from console.shell.theme import Theme, set_role

WIDTH = 540
POPUP_WIDTH = 600
_STAYING = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)


class SearchBox(QWidget):
    """Matches show while typing; Up and Down choose, Enter opens, Escape gives the focus back."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__()
        self._palette: Palette | None = None
        self._came_from: QWidget | None = None
        self.edit = QLineEdit()
        set_role(self.edit, "search")
        self.edit.setAccessibleName(tr("Search, or type > for commands"))
        self.set_hint("")
        self.edit.setTextMargins(24, 0, 56, 0)
        self.edit.textEdited.connect(self._show_matches)
        self.edit.installEventFilter(self)
        self._key = label("Ctrl K", "key")
        self._key.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._key.setFixedHeight(18)
        self._sign = QLabel()
        inside = row(self._sign, None, self._key)
        inside.setContentsMargins(9, 0, 8, 0)
        self.edit.setLayout(inside)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit)
        self.setMaximumWidth(WIDTH)
        self.popup = QFrame(window)
        set_role(self.popup, "popup")
        self.results = SearchResults(theme)
        column = QVBoxLayout(self.popup)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(self.results)
        self.results.picked.connect(self._run)
        self.popup.hide()
        self._theme = theme
        theme.changed.connect(self._retint)
        self._retint()

    def set_palette(self, palette: Palette | None) -> None:
        self._palette = palette
        self.edit.setEnabled(palette is not None)

    def set_hint(self, hint: str) -> None:
        self.edit.setPlaceholderText(hint or tr("Search devices, scripts, runs, pages or commands"))

    def open(self, text: str = "") -> None:
        """Focus and matches, as by Ctrl+K."""
        if not self.edit.hasFocus():
            self._came_from = self.window().focusWidget()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if text:
            self.edit.setText(text)
        self.edit.selectAll()
        self._show_matches()

    def leave(self) -> None:
        """As if nothing had been typed."""
        self.popup.hide()
        self.edit.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key_pressed(event)
        if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut:
            self.popup.hide()
            # A person who looks something up in another window comes back to the same words.
            if event.reason() not in _STAYING:
                self.leave()
        return super().eventFilter(watched, event)

    def _key_pressed(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self._give_up()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.popup.isHidden():
            self._show_matches()
        elif key == Qt.Key.Key_Down:
            self.results.move(1)
        elif key == Qt.Key.Key_Up:
            self.results.move(-1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.results.pick()
        else:
            return False
        return True

    def _give_up(self) -> None:
        self.leave()
        if self._came_from is not None:
            self._came_from.setFocus()
        else:
            self.edit.clearFocus()

    def _run(self, found: Found) -> None:
        self._give_up()
        found.run()

    def _show_matches(self, _text: str = "") -> None:
        if self._palette is None:
            return
        found = self._palette.search(self.edit.text())
        self.results.show_found(found)
        below = self.edit.mapTo(self.window(), QPoint(0, self.edit.height() + 4))
        width = min(POPUP_WIDTH, self.window().width() - below.x() - 16)
        room = self.window().height() - below.y() - 48
        self.popup.setGeometry(below.x(), below.y(), width, min(self.results.wanted_height() + 2, room))
        self.popup.raise_()
        self.popup.show()

    def _retint(self) -> None:
        self._sign.setPixmap(self._theme.icon("search").pixmap(self._theme.icon_size))
