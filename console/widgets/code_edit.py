"""The editor for scripts."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QTextBlock, QTextCursor, QTextFormat
from PySide6.QtWidgets import QTextEdit, QVBoxLayout, QWidget

from console.shell.theme import set_role, theme
from console.widgets import code_text
from console.widgets.code_completion import CodeCompletion
from console.widgets.code_languages import LANGUAGES
from console.widgets.find_bar import FindBar
from console.widgets.gutter import PAD, Gutter, GutteredText
from console.widgets.highlighter import CodeHighlighter, raw_text

_CONTROL = Qt.KeyboardModifier.ControlModifier
_WIDEST_TAB = 4


class CodeText(GutteredText):
    """The text itself, with line numbers. Tab indents; Ctrl+/ comments out."""

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "plain")
        self.setLineWrapMode(GutteredText.LineWrapMode.NoWrap)
        self.setFont(theme().font("mono"))
        self.setTabStopDistance(_WIDEST_TAB * self.fontMetrics().horizontalAdvance(" "))
        self.highlighter = CodeHighlighter(self.document())
        self.completion = CodeCompletion(self)
        self.marks: list[QTextEdit.ExtraSelection] = []
        self.gutter = Gutter(self, self._gutter_width, self._paint_number)
        self.set_gutter(self.gutter)
        self.blockCountChanged.connect(lambda _count: self.fit_gutter())
        self.cursorPositionChanged.connect(self.show_marks)
        theme().changed.connect(self._restyle)
        self.show_marks()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.isReadOnly():
            super().keyPressEvent(event)
        elif not self.completion.take_key(event):
            if not self._edit_key(event):
                super().keyPressEvent(event)
            if self.completion.is_open or (event.text() and event.text().isprintable()):
                self.completion.typed()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText()

    def insertFromMimeData(self, source: QMimeData) -> None:
        # Never rich text, and no carriage returns inside of lines.
        self.textCursor().insertText(source.text().replace("\r\n", "\n").replace("\r", "\n"))

    def show_marks(self) -> None:
        line = QTextEdit.ExtraSelection()
        line.format.setBackground(theme().tokens.accent_tint)
        line.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        cursor = self.textCursor()
        cursor.clearSelection()
        line.cursor = cursor
        self.setExtraSelections([*([] if self.isReadOnly() else [line]), *self.marks])
        self.gutter.update()

    def _edit_key(self, event: QKeyEvent) -> bool:
        cursor, key = self.textCursor(), event.key()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Tab and plain:
            (code_text.indent if code_text.spans_lines(cursor) else code_text.insert_tab)(cursor)
        elif key == Qt.Key.Key_Backtab:
            code_text.unindent(cursor)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            code_text.insert_line(cursor)
            self.ensureCursorVisible()
        elif key == Qt.Key.Key_Slash and event.modifiers() & _CONTROL:
            code_text.toggle_comment(cursor, self._comment_sign())
        elif key == Qt.Key.Key_Home and not event.modifiers() & _CONTROL:
            self._smart_home(keep=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            return key == Qt.Key.Key_Backspace and plain and code_text.remove_indent_before(cursor)
        return True

    def _smart_home(self, *, keep: bool) -> None:
        """To the first letter of the line; once more, to its beginning."""
        cursor = self.textCursor()
        line = cursor.block().text()
        first = len(line) - len(line.lstrip())
        column = 0 if cursor.positionInBlock() == first else first
        mode = QTextCursor.MoveMode.KeepAnchor if keep else QTextCursor.MoveMode.MoveAnchor
        cursor.setPosition(cursor.block().position() + column, mode)
        self.setTextCursor(cursor)

    def _comment_sign(self) -> str:
        language = LANGUAGES.get(self.highlighter.language)
        return language.comment if language else "#"

    def _gutter_width(self) -> int:
        digits = max(3, len(str(self.blockCount())))
        return digits * self.fontMetrics().horizontalAdvance("0") + 2 * PAD

    def _paint_number(self, painter: QPainter, area: QRect, block: QTextBlock) -> None:
        tokens = theme().tokens
        current = block.blockNumber() == self.textCursor().blockNumber()
        painter.setFont(self.font())
        painter.setPen(tokens.text if current else tokens.faint)
        number = str(block.blockNumber() + 1)
        painter.drawText(area.adjusted(0, 0, -PAD, 0), Qt.AlignmentFlag.AlignRight, number)

    def _restyle(self) -> None:
        self.setFont(theme().font("mono"))
        self.show_marks()


class CodeEdit(QWidget):
    """`text_changed` follows every change by a person; `modified_changed(bool)` the dirty mark.

    Line ends of a script are kept: what was loaded and not touched comes back byte for byte.
    """

    text_changed = Signal()
    modified_changed = Signal(bool)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._loaded = ""
        self._line_end = "\n"
        self.edit = CodeText()
        self.edit.setAccessibleName(name)
        self.setFocusProxy(self.edit)
        self.find_bar = FindBar(self.edit, replace=True)
        self.find_bar.marks_changed.connect(self._show_hits)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.edit, 1)
        self.edit.textChanged.connect(self.text_changed)
        self.edit.document().modificationChanged.connect(self.modified_changed)

    def load(self, text: str) -> None:
        """Another text: undo begins here."""
        self._loaded = text
        self._line_end = "\r\n" if "\r\n" in text and "\n" not in text.replace("\r\n", "") else "\n"
        self.edit.setPlainText(text)
        self.edit.document().setModified(False)
        self.edit.highlighter.start()

    def replace_text(self, text: str) -> None:
        """The same document with another text, as one step that can be undone."""
        cursor = QTextCursor(self.edit.document())
        with code_text.one_step(cursor):
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text.replace("\r\n", "\n"))

    def go_to_line(self, number: int) -> None:
        """To the first letter of a line, counted from 1, in the middle of what is seen."""
        block = self.edit.document().findBlockByNumber(min(number, self.edit.blockCount()) - 1)
        cursor = QTextCursor(block)
        cursor.setPosition(block.position() + len(block.text()) - len(block.text().lstrip()))
        self.edit.setTextCursor(cursor)
        self.edit.centerCursor()
        self.edit.setFocus()

    def text(self) -> str:
        if not self.edit.document().isModified():
            return self._loaded
        return raw_text(self.edit.document()).replace("\n", self._line_end)

    def saved(self, text: str) -> None:
        """`text`, which was taken from here, is saved: only what was typed since then is a change."""
        if self.text() == text:
            self._loaded = text
            self.edit.document().setModified(False)

    @property
    def modified(self) -> bool:
        return self.edit.document().isModified()

    def set_language(self, language: str) -> None:
        self.edit.highlighter.set_language(language)

    def set_read_only(self, read_only: bool) -> None:
        self.edit.setReadOnly(read_only)
        self.find_bar.can_replace = not read_only
        self.edit.show_marks()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Find):
            self.find_bar.open()
        elif event.key() == Qt.Key.Key_H and event.modifiers() == _CONTROL:
            self.find_bar.open(replace=True)
        elif event.key() == Qt.Key.Key_Escape and self.find_bar.isVisible():
            self.find_bar.close_bar()
        elif event.matches(QKeySequence.StandardKey.FindNext):
            self.find_bar.next()
        elif event.matches(QKeySequence.StandardKey.FindPrevious):
            self.find_bar.previous()
        else:
            super().keyPressEvent(event)

    def _show_hits(self) -> None:
        self.edit.marks = self.find_bar.marks
        self.edit.show_marks()
