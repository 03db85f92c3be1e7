"""Live output: both streams in the order of their arrival, with the time at which each line began."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import groupby

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QTextBlock,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from backend_lite.contract.streams import STDERR, STDOUT
from console.core import formatting
from console.core.output_feed import Place
from console.core.output_lines import ENCODINGS, Line, Update
from console.core.terminal_text import PLAIN
from console.core.texts import tr
from console.shell.parts import button, icon_button, label, row
from console.shell.theme import set_role, theme
from console.widgets.find_bar import FindBar
from console.widgets.gutter import PAD, Gutter, GutteredText
from console.widgets.output_colors import OutputFormats

MOST_LINES = 20_000
_MARGIN = 12
_SHORTEST = 8


def elapsed_text(elapsed_ms: int) -> str:
    """`0:07.2`, `12:03.9`, `1:02:03`: since the start of the script."""
    seconds = elapsed_ms / 1000
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}.{int(seconds * 10) % 10}"


class OutputText(GutteredText):
    """The lines, with their times in the gutter; `err` there marks stderr for who sees no colours."""

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "plain")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFont(theme().font("mono"))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.setLineWrapMode(GutteredText.LineWrapMode.NoWrap)
        self.document().setDocumentMargin(4)
        self.lines: deque[Line] = deque()
        self._formats = OutputFormats(theme().tokens)
        self._gutter_part = Gutter(self, self._gutter_width, self._paint_time)
        self.set_gutter(self._gutter_part)
        theme().changed.connect(self._restyle)

    def replace_all(self, lines: Iterable[Line]) -> None:
        self.clear()
        self.lines = deque()
        self.append_lines(lines, replaces_last=False)

    def append_lines(self, lines: Iterable[Line], *, replaces_last: bool) -> None:
        new = list(lines)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if replaces_last and self.lines:
            self._remove_last(cursor)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for (stream, plain), group in groupby(new, key=_sameness):
            self._insert(cursor, stream, list(group), plain=plain)
        self._remove_first(cursor, len(self.lines) - MOST_LINES)
        cursor.endEditBlock()
        self._gutter_part.update()

    def _insert(self, cursor: QTextCursor, stream: int, lines: list[Line], *, plain: bool) -> None:
        first = "\n" if self.lines else ""
        self.lines.extend(lines)
        if plain:
            cursor.insertText(first + "\n".join(line.text for line in lines), self._formats.of(stream, PLAIN))
            return
        for line in lines:
            cursor.insertText(first, self._formats.of(stream, PLAIN))
            for text, style in line.runs:
                cursor.insertText(text, self._formats.of(stream, style))
            first = "\n"

    def _remove_last(self, cursor: QTextCursor) -> None:
        self.lines.pop()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if self.lines:
            cursor.deletePreviousChar()

    def _remove_first(self, cursor: QTextCursor, count: int) -> None:
        if count <= 0:
            return
        for _ in range(count):
            self.lines.popleft()
        cursor.setPosition(0)
        cursor.setPosition(
            self.document().findBlockByNumber(count).position(), QTextCursor.MoveMode.KeepAnchor
        )
        cursor.removeSelectedText()

    def _gutter_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("err 00:00.0") + 2 * PAD

    def _paint_time(self, painter: QPainter, area: QRect, block: QTextBlock) -> None:
        at = block.blockNumber()
        if at >= len(self.lines):
            return
        line, tokens = self.lines[at], theme().tokens
        painter.setFont(self.font())
        height = self.fontMetrics().height()
        box = QRect(area.left() + PAD, area.top(), area.width() - 2 * PAD, height)
        if line.stream == STDERR:
            painter.fillRect(QRect(area.right() - 5, area.top(), 2, area.height()), tokens.bad)
            painter.setPen(tokens.bad)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, tr("err"))
        painter.setPen(tokens.faint)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, elapsed_text(line.elapsed_ms))

    def _restyle(self) -> None:
        self._formats = OutputFormats(theme().tokens)
        self.setFont(theme().font("mono"))
        at = self.verticalScrollBar().value()
        self.replace_all(list(self.lines))
        self.verticalScrollBar().setValue(at)


def _sameness(line: Line) -> tuple[int, bool]:
    """Lines of one stream without colours are put in at once."""
    return line.stream, all(style is PLAIN or style == PLAIN for _text, style in line.runs)


class OutputView(QWidget):
    """Shows what an OutputFeed gives it (it is its sink).

    The wishes of the reader are signals: `earlier_wanted`, `later_wanted`, `start_wanted`, `end_wanted`,
    `encoding_chosen(codec)`, `save_wanted`.
    """

    earlier_wanted = Signal()
    later_wanted = Signal()
    start_wanted = Signal()
    end_wanted = Signal()
    encoding_chosen = Signal(str)
    save_wanted = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.text = OutputText()
        self.text.setAccessibleName(name)
        self.setFocusProxy(self.text)
        self.find_bar = FindBar(self.text, replace=False)
        self.find_bar.marks_changed.connect(lambda: self.text.setExtraSelections(self.find_bar.marks))
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._streams = (STDOUT, STDERR)
        self._last_stream = STDOUT
        self._anchor: tuple[int | None, bool] | None = None
        self._following = True
        self._place = Place(0, 0, 0, damaged=False)
        self._build_bars()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.tools, self.find_bar, self.before_bar):
            layout.addWidget(part)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.behind_bar)
        self.jump = button(tr("Follow the end"), self.follow, icon="chevron-down")
        self.jump.setParent(self.text)
        self.jump.hide()
        self.text.viewport().installEventFilter(self)
        self.text.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.text.verticalScrollBar().rangeChanged.connect(lambda _low, _high: self._keep_end())

    def reset(self) -> None:
        """Another output follows."""
        self.begin(None)
        self.place(Place(0, 0, 0, damaged=False))

    # ---- the feed's sink

    def begin(self, anchor: int | None, *, at_top: bool = True) -> None:
        self._lines.clear()
        self._anchor = (anchor, at_top)
        self._following = anchor is None
        self.text.replace_all(())

    def take(self, update: Update) -> None:
        if update.replaces_last and self._lines:
            self._lines.pop()
        replaces = update.replaces_last and self._last_stream in self._streams
        self._lines.extend(update.lines)
        shown = [line for line in update.lines if line.stream in self._streams]
        self.text.append_lines(shown, replaces_last=replaces)
        if update.lines:
            self._last_stream = update.lines[-1].stream
        if self._anchor is not None:
            anchor, self._anchor = self._anchor, None
            self._scroll_to(*anchor)
        self._keep_end()

    def place(self, place: Place) -> None:
        self._place = place
        self.before_bar.setVisible(place.before > 0)
        self.behind_bar.setVisible(place.behind > 0)
        self._before.setText(tr("{size} of earlier output", size=formatting.size(place.before)))
        self._behind.setText(tr("{size} of later output", size=formatting.size(place.behind)))
        self.size_note.setText(formatting.size(place.total) if place.total else "")
        self.damage_note.setText(tr("Not all of it is text in this encoding.") if place.damaged else "")
        self.damage_note.setVisible(place.damaged)
        self._show_jump()

    def fail(self, sentence: str) -> None:
        self.damage_note.setText(sentence)
        self.damage_note.show()

    def first_part(self) -> int | None:
        return self._lines[0].piece if self._lines else None

    def top_part(self) -> int | None:
        at = self.text.firstVisibleBlock().blockNumber()
        return self.text.lines[at].piece if at < len(self.text.lines) else None

    def is_following(self) -> bool:
        return self._following

    def is_full(self) -> bool:
        return len(self._lines) >= MOST_LINES

    # ---- for pages

    def follow(self) -> None:
        """Back to the end, and along with it."""
        self._following = True
        if self._place.behind > 0:
            self.end_wanted.emit()
        self._keep_end()
        self._show_jump()
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def shown_text(self) -> str:
        return "\n".join(line.text for line in self.text.lines)

    # ---- what Qt calls

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Find):
            self.find_bar.open()
        elif event.matches(QKeySequence.StandardKey.FindNext):
            self.find_bar.next()
        elif event.matches(QKeySequence.StandardKey.FindPrevious):
            self.find_bar.previous()
        elif event.matches(QKeySequence.StandardKey.Save):
            self.save_wanted.emit()
        elif event.key() == Qt.Key.Key_Escape and self.find_bar.isVisible():
            self.find_bar.close_bar()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            # Not now: the text has not laid itself out for the new size yet.
            QTimer.singleShot(0, self, self._resized)
        return super().eventFilter(watched, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.text.createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addSeparator()
        menu.addAction(tr("Find…")).triggered.connect(lambda _checked: self.find_bar.open())
        menu.addAction(tr("Save output…")).triggered.connect(lambda _checked: self.save_wanted.emit())
        menu.popup(event.globalPos())

    # ---- inside

    def _build_bars(self) -> None:
        self.streams = self._combo(tr("Streams shown"))
        for title, streams in (
            (tr("stdout and stderr"), (STDOUT, STDERR)),
            (tr("stdout only"), (STDOUT,)),
            (tr("stderr only"), (STDERR,)),
        ):
            self.streams.addItem(title, streams)
        self.streams.currentIndexChanged.connect(self._choose_streams)
        self.encoding = self._combo(tr("Encoding"))
        self.encoding.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.encoding.setMinimumContentsLength(_SHORTEST)
        for codec, title in ENCODINGS.items():
            self.encoding.addItem(title, codec)
        self.encoding.currentIndexChanged.connect(
            lambda _at: self.encoding_chosen.emit(self.encoding.currentData())
        )
        self.size_note = label("", "secondary")
        self.damage_note = label("", "error")
        self.damage_note.hide()
        self.wrap = icon_button("wrap", tr("Wrap long lines"), self._set_wrap)
        self.wrap.setCheckable(True)
        set_role(self.wrap, "toggle")
        find = icon_button("search", tr("Find (Ctrl+F)"), self.find_bar.open)
        save = icon_button("save", tr("Save output…"), self.save_wanted.emit)
        line = row(
            label(tr("Output"), "title"), self.size_note, self.damage_note, None, self.streams, self.encoding
        )
        for part in (self.wrap, find, save):
            line.addWidget(part)
        self.tools = _bar("tool-bar", line)
        self._before, self._behind = label("", "secondary"), label("", "secondary")
        self.before_bar = _bar(
            "tool-bar",
            row(
                self._before,
                button(tr("Show earlier"), self.earlier_wanted.emit, "link"),
                button(tr("From the beginning"), self.start_wanted.emit, "link"),
                None,
            ),
        )
        self.behind_bar = _bar(
            "tool-bar-bottom",
            row(
                self._behind,
                button(tr("Show later"), self.later_wanted.emit, "link"),
                button(tr("To the end"), self.follow, "link"),
                None,
            ),
        )
        self.before_bar.hide()
        self.behind_bar.hide()

    def _combo(self, name: str) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        made.setToolTip(name)
        return made

    def _choose_streams(self, _at: int) -> None:
        self._streams = tuple(self.streams.currentData())
        self.text.replace_all(line for line in self._lines if line.stream in self._streams)
        self._keep_end()

    def _set_wrap(self) -> None:
        mode = GutteredText.LineWrapMode
        self.text.setLineWrapMode(mode.WidgetWidth if self.wrap.isChecked() else mode.NoWrap)
        self._keep_end()

    def _scroll_to(self, part: int | None, at_top: bool) -> None:
        if part is None:
            return
        at = next((n for n, line in enumerate(self.text.lines) if line.piece >= part), None)
        if at is None:
            return
        bar = self.text.verticalScrollBar()
        line = self.text.document().findBlockByNumber(at).firstLineNumber()
        bar.setValue(line if at_top else line - bar.pageStep() + 1)

    def _scrolled(self, _value: int) -> None:
        bar = self.text.verticalScrollBar()
        self._following = bar.value() >= bar.maximum() and self._place.behind == 0
        self._show_jump()

    def _keep_end(self) -> None:
        if self._following and self._place.behind == 0:
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _resized(self) -> None:
        self._keep_end()
        self._show_jump()

    def _show_jump(self) -> None:
        self.jump.setVisible(not self._following and self._place.behind == 0)
        self.jump.adjustSize()
        area = self.text.viewport().geometry()
        self.jump.move(
            area.right() - self.jump.width() - _MARGIN, area.bottom() - self.jump.height() - _MARGIN
        )


def _bar(role: str, line: QHBoxLayout) -> QFrame:
    made = QFrame()
    made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    set_role(made, role)
    line.setContentsMargins(_MARGIN, 4, 8, 4)
    made.setLayout(line)
    return made
