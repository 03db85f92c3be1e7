"""Live output: both streams in the order of their arrival, with the time at which each line began."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from backend_lite.contract.output import OutputMatch
from backend_lite.contract.streams import STDERR, STDOUT
from console.core import formatting
from console.core.encodings import AUTOMATIC, TITLES
from console.core.output_feed import Place
from console.core.output_lines import Line, Update, plain_text
from console.core.texts import tr
from console.shell.parts import button, icon_button, label, row
from console.shell.theme import set_role
from console.widgets.find_bar import FindBar
from console.widgets.gutter import GutteredText
from console.widgets.output_matches import MatchList
from console.widgets.output_text import MOST_LINES, OutputText

_MARGIN = 12
_SHORTEST = 11
_WITH_TITLE = 560


class OutputView(QWidget):
    """Shows what an OutputFeed gives it (it is its sink).

    The wishes of the reader are signals: `earlier_wanted`, `later_wanted`, `start_wanted`, `end_wanted`,
    `encoding_chosen(codec)`, `save_wanted`, `copy_wanted`, `search_wanted(text, match_case)` in all of the
    output, `search_ended`, `place_wanted(stream, offset)`.
    """

    earlier_wanted = Signal()
    later_wanted = Signal()
    start_wanted = Signal()
    end_wanted = Signal()
    encoding_chosen = Signal(str)
    save_wanted = Signal()
    copy_wanted = Signal()
    search_wanted = Signal(str, bool)
    search_ended = Signal()
    place_wanted = Signal(int, object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.text = OutputText()
        self.text.setAccessibleName(name)
        self.setFocusProxy(self.text)
        self.find_bar = FindBar(self.text, replace=False)
        self.find_bar.marks_changed.connect(lambda: self.text.setExtraSelections(self.find_bar.marks))
        self.matches = MatchList()
        self.matches.chosen.connect(self._go_to_match)
        self.matches.closed.connect(self.search_ended)
        self._search_all = button(tr("Search all of it"), self._ask_search, "link")
        self.find_bar.add_tool(self._search_all)
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._asked = False
        self._match = ""
        self._streams = (STDOUT, STDERR)
        self._last_stream = STDOUT
        self._anchor: tuple[int | None, bool] | None = None
        self._following = True
        self._place = Place(0, 0, 0, damaged=False)
        self._build_bars()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.tools, self.find_bar, self.matches, self.before_bar):
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
        self.matches.close_list()
        self.place(Place(0, 0, 0, damaged=False))

    # ---- the feed's sink

    def begin(self, anchor: int | None, *, at_top: bool = True) -> None:
        self._lines.clear()
        self._anchor = (anchor, at_top)
        self._asked = False
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
            anchor = self._anchor
            self._scroll_to(*anchor)
            self._anchor = None
            self._show_match(anchor[0])
        self._keep_end()

    def place(self, place: Place) -> None:
        self._place, self._asked = place, False
        self.before_bar.setVisible(place.before > 0)
        self.behind_bar.setVisible(place.behind > 0)
        self._before.setText(tr("{size} of earlier output", size=formatting.size(place.before)))
        self._behind.setText(tr("{size} of later output", size=formatting.size(place.behind)))
        self.size_note.setText(formatting.size(place.total) if place.total else "")
        self.damage_note.setText(tr("Not all of it is text in this encoding.") if place.damaged else "")
        self.damage_note.setVisible(place.damaged)
        self.encoding.setItemText(0, tr("Auto: {name}", name=_short(place.encoding)))
        self._search_all.setVisible(place.before > 0 or place.behind > 0)
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
        menu.addAction(tr("Copy all")).triggered.connect(lambda _checked: self.copy_wanted.emit())
        menu.addAction(tr("Save output…")).triggered.connect(lambda _checked: self.save_wanted.emit())
        menu.popup(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where there is little room it goes to what can be chosen.
        self.title.setVisible(self.width() >= _WITH_TITLE)

    # ---- inside

    def _build_bars(self) -> None:
        self.streams = self._combo(tr("Streams shown"))
        for title, streams in (
            (tr("Both streams"), (STDOUT, STDERR)),
            (tr("stdout only"), (STDOUT,)),
            (tr("stderr only"), (STDERR,)),
        ):
            self.streams.addItem(title, streams)
        self.streams.currentIndexChanged.connect(self._choose_streams)
        self.encoding = self._combo(tr("Encoding"))
        self.encoding.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.encoding.setMinimumContentsLength(_SHORTEST)
        self.encoding.addItem(tr("Automatic"), AUTOMATIC)
        for codec, title in TITLES.items():
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
        self.title = label(tr("Output"), "title")
        line = row(self.title, self.size_note, self.damage_note, None, self.streams, self.encoding)
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
        if self._anchor is not None or self._asked or not self.text.lines or bar.maximum() == 0:
            return
        # Who scrolls on at the edge of what is here gets more of it.
        if bar.value() <= bar.minimum() and self._place.before > 0:
            self._asked = True
            self.earlier_wanted.emit()
        elif bar.value() >= bar.maximum() and self._place.behind > 0:
            self._asked = True
            self.later_wanted.emit()

    def _ask_search(self) -> None:
        text = self.find_bar.box.text()
        if text:
            self.matches.begin(text)
            self.search_wanted.emit(text, self.find_bar.match_case.isChecked())

    def _go_to_match(self, match: OutputMatch) -> None:
        self._match = plain_text(match.text)
        self.place_wanted.emit(match.stream, match.offset)

    def _show_match(self, part: int | None) -> None:
        """Selects the line of the match that was gone to."""
        wanted, self._match = self._match, ""
        if not wanted or part is None:
            return
        for at, line in enumerate(self.text.lines):
            if line.piece >= part and (line.text in wanted or wanted in line.text) and line.text:
                cursor = QTextCursor(self.text.document().findBlockByNumber(at))
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                self.text.setTextCursor(cursor)
                self.text.centerCursor()
                return

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


def _short(encoding: str) -> str:
    return TITLES[encoding].partition(" (")[0]


def _bar(role: str, line: QHBoxLayout) -> QFrame:
    made = QFrame()
    made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    set_role(made, role)
    line.setContentsMargins(_MARGIN, 4, 8, 4)
    made.setLayout(line)
    return made
