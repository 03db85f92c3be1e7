"""Offers words while a script is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QObject, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QCompleter, QListView, QPlainTextEdit

from console.core.texts import tr
from console.shell.theme import set_role, theme

_BEFORE = re.compile(r"[$%\w:{.\[\"]+$")
_LEAST = 2
_SHOWN = 8


class CodeCompletion(QObject):
    """`offer(words)`: those that a person may mean. A list opens when what stands before the cursor begins
    one of them, or the name in it; Ctrl+Space opens it with all. Tab and Enter take one, Esc closes."""

    def __init__(self, edit: QPlainTextEdit) -> None:
        super().__init__(edit)
        self._edit = edit
        self._words: list[str] = []
        self._shown = QStringListModel(self)
        self._before = ""
        self.popup = QListView()
        self.popup.setAccessibleName(tr("Parameters of the script"))
        self.popup.setFont(theme().font("mono"))
        set_role(self.popup, "completion")
        self._completer = QCompleter(self._shown, self)
        self._completer.setPopup(self.popup)
        # Otherwise it belongs to no window, and looks like none of them.
        self.popup.setParent(edit, self.popup.windowFlags())
        self._completer.setWidget(edit)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(_SHOWN)
        self._completer.activated.connect(lambda _which: self._insert_current())

    def offer(self, words: Sequence[str]) -> None:
        self._words = list(words)

    @property
    def is_open(self) -> bool:
        return self.popup.isVisible()

    @property
    def offered(self) -> list[str]:
        return self._shown.stringList() if self.is_open else []

    def take_key(self, event: QKeyEvent) -> bool:
        """True for a key that the open list, or Ctrl+Space, has used up."""
        key = event.key()
        if key == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self._open(self._typed(), every=True)
            return True
        if not self.is_open:
            return False
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._insert_current()
        elif key == Qt.Key.Key_Escape:
            self.popup.hide()
        else:
            return False
        return True

    def typed(self) -> None:
        """After a key that wrote something."""
        before = self._typed()
        if len(before) >= _LEAST:
            self._open(before, every=False)
        else:
            self.popup.hide()

    def _typed(self) -> str:
        cursor = self._edit.textCursor()
        found = _BEFORE.search(cursor.block().text()[: cursor.positionInBlock()])
        return found[0] if found else ""

    def _open(self, before: str, *, every: bool) -> None:
        fitting = [word for word in self._words if _begins(word, before)]
        if every and not fitting:
            fitting, before = list(self._words), ""
        if not fitting or fitting == [before]:
            self.popup.hide()
            return
        self._before = before
        self._shown.setStringList(fitting)
        area = self._edit.cursorRect()
        area.setWidth(self.popup.sizeHintForColumn(0) + 32)
        self._completer.complete(area)
        self.popup.setCurrentIndex(self._shown.index(0))

    def _insert_current(self) -> None:
        self.popup.hide()
        row = self.popup.currentIndex().row()
        words = self._shown.stringList()
        if words:
            self._insert(words[max(row, 0)])

    def _insert(self, word: str) -> None:
        cursor = self._edit.textCursor()
        cursor.movePosition(
            QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, len(self._before)
        )
        cursor.insertText(word)
        self._edit.setTextCursor(cursor)


def _begins(word: str, before: str) -> bool:
    """`$DF_DAYS` is begun by `$D`, `DF_D`, `$env:DF` and `Day`."""
    folded, typed = word.casefold(), before.casefold()
    name = re.sub(r"^\W*(env:|os\.environ\[\")?(df_)?", "", folded)
    bare = re.sub(r"^\W*(env:|os\.environ\[\")?", "", folded)
    return any(one.startswith(typed) for one in (folded, bare, name)) and typed != folded
