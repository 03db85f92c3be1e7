"""Find, and replace, in a plain text: all hits are marked, the keyboard goes from one to the next."""

from __future__ import annotations

import re

from PySide6.QtCore import QRegularExpression, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QLineEdit, QPlainTextEdit, QPushButton, QTextEdit, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, icon_button, label, row
from console.shell.theme import set_role, theme
from console.widgets.code_text import one_step

MOST_MARKED = 2_000
_BOX = 260
_WAIT_MS = 60


class _Box(QLineEdit):
    forth = Signal()
    back = Signal()
    escaped = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self.back if shift else self.forth).emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)


class FindBar(QFrame):
    """Belongs to one text; `marks_changed` gives the extra selections that the text should show."""

    marks_changed = Signal()

    def __init__(self, text: QPlainTextEdit, *, replace: bool) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "find-bar")
        self._text = text
        self.marks: list[QTextEdit.ExtraSelection] = []
        self.box = self._made_box(tr("Find"))
        self.count = label("", "secondary")
        self.count.setAccessibleName(tr("Matches"))
        self.match_case = self._toggle("Aa", tr("Match upper and lower case"))
        self.whole_words = self._toggle("W", tr("Whole words only"))
        self.pattern = self._toggle(".*", tr("Regular expression"))
        self._tools = QWidget()
        self._tools.setLayout(row(gap=4))
        first = row(
            self.box,
            self.match_case,
            self.whole_words,
            self.pattern,
            icon_button("chevron-up", tr("Previous match (Shift+Enter)"), self.previous),
            icon_button("chevron-down", tr("Next match (Enter)"), self.next),
            self.count,
            self._tools,
            None,
            icon_button("close", tr("Close (Esc)"), self.close_bar),
            gap=4,
        )
        self.replacement = self._made_box(tr("Replace with"))
        self._second = QWidget()
        self._second.setLayout(
            row(
                self.replacement,
                button(tr("Replace"), self.replace, "quiet"),
                button(tr("Replace all"), self.replace_all, "quiet"),
                None,
                gap=4,
            )
        )
        self.can_replace = replace
        content = column(first, self._second, gap=4)
        content.setContentsMargins(12, 6, 8, 6)
        self.setLayout(content)
        self.box.forth.connect(self.next)
        self.box.back.connect(self.previous)
        self.replacement.forth.connect(self.replace)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_WAIT_MS)
        self._later.timeout.connect(self.search)
        self.box.textChanged.connect(lambda _text: self.search(move=True))
        text.document().contentsChanged.connect(self._text_changed)
        theme().changed.connect(self._text_changed)
        self.hide()

    def add_tool(self, tool: QWidget) -> None:
        """A button of the text's own, beside the count."""
        layout = self._tools.layout()
        assert layout is not None
        layout.addWidget(tool)

    def open(self, *, replace: bool = False) -> None:
        selected = self._text.textCursor().selectedText()
        if selected and "\u2029" not in selected:
            self.box.setText(selected)
        self._second.setVisible(replace and self.can_replace)
        self.show()
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.box.selectAll()
        self.search()

    def close_bar(self) -> None:
        self.hide()
        self.marks = []
        self.marks_changed.emit()
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def search(self, *, move: bool = False) -> None:
        """Marks all hits anew; with `move` goes to the first one from where the cursor is."""
        self.marks = [self._mark(hit) for hit in self._hits()] if self.isVisible() else []
        self.marks_changed.emit()
        if move and self.marks:
            start = self._text.textCursor().selectionStart()
            after = [m.cursor for m in self.marks if m.cursor.selectionStart() >= start]
            self._go_to((after or [self.marks[0].cursor])[0])
        self._say_count()

    def next(self) -> None:
        self._step(1)

    def previous(self) -> None:
        self._step(-1)

    def replace(self) -> None:
        """Replaces the hit that is selected, then goes on to the next."""
        cursor = self._text.textCursor()
        if cursor.hasSelection() and cursor in self._cursors():
            cursor.insertText(self._replaced(cursor.selectedText()))
            self.search()
        self.next()

    def replace_all(self) -> None:
        """One step of undo."""
        editor = QTextCursor(self._text.document())
        # Numbers, because cursors move with the text that is inserted beside them.
        hits = [
            (hit.selectionStart(), hit.selectionEnd(), hit.selectedText())
            for hit in self._hits(everywhere=True)
        ]
        with one_step(editor):
            for start, end, found in reversed(hits):
                editor.setPosition(start)
                editor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                editor.insertText(self._replaced(found))
        self.search()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    def _made_box(self, name: str) -> _Box:
        box = _Box()
        box.setAccessibleName(name)
        box.setPlaceholderText(name)
        box.setFixedWidth(_BOX)
        box.escaped.connect(self.close_bar)
        return box

    def _toggle(self, sign: str, name: str) -> QPushButton:
        made = button(sign, lambda: self.search(move=True), "toggle", name=name)
        made.setCheckable(True)
        made.setFixedWidth(theme().control)
        return made

    def _expression(self) -> QRegularExpression | None:
        text = self.box.text()
        if not text:
            return None
        source = text if self.pattern.isChecked() else QRegularExpression.escape(text)
        if self.whole_words.isChecked():
            source = rf"\b(?:{source})\b"
        expression = QRegularExpression(source)
        if not self.match_case.isChecked():
            expression.setPatternOptions(QRegularExpression.PatternOption.CaseInsensitiveOption)
        return expression

    def _hits(self, *, everywhere: bool = False) -> list[QTextCursor]:
        expression = self._expression()
        if expression is None or not expression.isValid():
            return []
        document = self._text.document()
        hits: list[QTextCursor] = []
        # Without this flag Qt overrules the expression's own option.
        flags = QTextDocument.FindFlag(0)
        if self.match_case.isChecked():
            flags = QTextDocument.FindFlag.FindCaseSensitively
        cursor = document.find(expression, 0, flags)
        while not cursor.isNull() and (everywhere or len(hits) < MOST_MARKED):
            if cursor.hasSelection():
                hits.append(cursor)
                at = cursor.selectionEnd()
            else:
                at = cursor.position() + 1
            if at >= document.characterCount():
                break
            cursor = document.find(expression, at, flags)
        return hits

    def _mark(self, hit: QTextCursor) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.cursor = hit
        mark.format.setBackground(QColor(theme().tokens.warning_tint))
        return mark

    def _cursors(self) -> list[QTextCursor]:
        return [mark.cursor for mark in self.marks]

    def _step(self, direction: int) -> None:
        hits = self._cursors()
        if not hits:
            return
        now = self._text.textCursor()
        if direction > 0:
            after = [hit for hit in hits if hit.selectionStart() >= now.selectionEnd()]
            self._go_to(after[0] if after else hits[0])
        else:
            before = [hit for hit in hits if hit.selectionEnd() <= now.selectionStart()]
            self._go_to(before[-1] if before else hits[-1])
        self._say_count()

    def _go_to(self, hit: QTextCursor) -> None:
        self._text.setTextCursor(hit)

    def _say_count(self) -> None:
        expression = self._expression()
        bad = expression is not None and not expression.isValid()
        set_role(self.box, "", "bad" if bad else "")
        if bad and expression is not None:
            self.count.setText(expression.errorString())
            return
        total, now = len(self.marks), self._text.textCursor()
        more = "+" if total >= MOST_MARKED else ""
        starts = [hit.selectionStart() for hit in self._cursors()]
        if not self.box.text():
            self.count.setText("")
        elif not total:
            self.count.setText(tr("No match"))
        elif now.hasSelection() and now.selectionStart() in starts:
            at = starts.index(now.selectionStart()) + 1
            self.count.setText(tr("{at} of {total}{more}", at=at, total=total, more=more))
        else:
            self.count.setText(tr("{total}{more} found", total=total, more=more))

    def _text_changed(self) -> None:
        if self.isVisible():
            self._later.start()

    def _replaced(self, found: str) -> str:
        replacement = self.replacement.text()
        if not self.pattern.isChecked():
            return replacement
        flags = 0 if self.match_case.isChecked() else re.IGNORECASE
        try:
            return re.sub(self.box.text(), replacement, found, count=1, flags=flags)
        except re.error:
            return replacement
