"""Live output as a person reads it."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox
from pytestqt.qtbot import QtBot

from console.core.output_feed import Place
from console.core.output_lines import Line, LineAssembler, Update
from console.core.terminal_text import COLORS, PLAIN, Style
from console.shell.theme import Theme
from console.shell.tokens import DARK, LIGHT, Tokens
from console.widgets import output_text
from console.widgets.output_colors import OutputFormats, contrast
from console.widgets.output_text import elapsed_text
from console.widgets.output_view import OutputView

CONTROL = Qt.KeyboardModifier.ControlModifier
HERE = Place(0, 0, 100, damaged=False)
Make = Callable[[], OutputView]


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def made() -> OutputView:
        view = OutputView("Output of a script")
        qtbot.addWidget(view)
        view.resize(700, 300)
        with qtbot.waitActive(view):
            view.show()
            view.activateWindow()
        view.place(HERE)
        return view

    return made


def lines(first: int, last: int, stream: int = 0) -> list[Line]:
    return [Line(n, stream, n * 100, [(f"line {n}", PLAIN)]) for n in range(first, last)]


def whole(*parts: Line) -> Update:
    return Update(list(parts), replaces_last=False, is_open=False)


def plain_text(view: OutputView) -> str:
    return view.text.toPlainText()


def test_lines_and_colours_are_shown_as_they_come(make: Make) -> None:
    view = make()
    assembler = LineAssembler()
    for stream, data in ((0, b"\x1b[31mred\x1b[0m and "), (0, b"plain\n"), (1, b"oops\n"), (0, b"50 %")):
        assembler.feed(0, stream, 0, 0, data)
        view.take(assembler.take())
    assert plain_text(view) == "red and plain\noops\n50 %"
    assembler.feed(0, 0, 0, 0, b"\r100 %\n")
    view.take(assembler.take())
    assert plain_text(view) == "red and plain\noops\n100 %"
    assert len(view.text.lines) == view.text.blockCount() == 3
    block = view.text.document().firstBlock()
    words = {fragment.text(): fragment for fragment in _fragments(block)}
    assert words["red"].charFormat().foreground().color() == LIGHT.bad


def _fragments(block: Any) -> list[Any]:
    found = []
    at = block.begin()
    while not at.atEnd():
        found.append(at.fragment())
        at += 1
    return found


def test_stderr_is_told_apart_without_colours(make: Make) -> None:
    view = make()
    view.take(whole(*lines(0, 2)))
    out = _grey(view)
    view.begin(None)
    view.take(whole(*lines(0, 2, stream=1)))
    assert _grey(view) != out


def _grey(view: OutputView) -> QImage:
    """The gutter as who sees no colours sees it: black and white by a threshold."""
    image = view.text.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    return image.copy(0, 0, view.text._gutter_width(), 60)


def test_the_end_is_followed_until_the_reader_scrolls_up(make: Make, qtbot: QtBot) -> None:
    view = make()
    bar = view.text.verticalScrollBar()
    view.take(whole(*lines(0, 100)))
    assert bar.value() == bar.maximum() > 0
    assert not view.jump.isVisible()
    QTest.keyClick(view.text, Qt.Key.Key_PageUp)
    bar.setValue(10)
    view.take(whole(*lines(100, 200)))
    assert bar.value() == 10
    assert not view.is_following()
    assert view.jump.isVisible()
    view.jump.click()
    assert bar.value() == bar.maximum()
    view.take(whole(*lines(200, 210)))
    assert bar.value() == bar.maximum()
    assert not view.jump.isVisible()


def test_no_more_than_so_many_lines_are_laid_out(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_text, "MOST_LINES", 50)
    view = make()
    view.take(whole(*lines(0, 40)))
    view.take(whole(*lines(40, 90)))
    assert view.text.blockCount() == 50
    assert plain_text(view).split("\n")[0] == "line 40"
    assert view.text.lines[0].piece == 40


def test_earlier_output_can_be_asked_for_and_is_put_where_it_was(make: Make, qtbot: QtBot) -> None:
    view = make()
    view.place(Place(5_000_000, 0, 6_000_000, damaged=False))
    assert view.before_bar.isVisible()
    buttons = {b.text(): b for b in view.before_bar.findChildren(QAbstractButton)}
    for title, signal in (("Show earlier", view.earlier_wanted), ("From the beginning", view.start_wanted)):
        with qtbot.waitSignal(signal):
            buttons[title].click()
    view.begin(50)
    view.take(whole(*lines(0, 100)))
    assert view.top_part() == 50
    assert not view.is_following()


def test_later_output_is_reached_and_the_end_too(make: Make, qtbot: QtBot) -> None:
    view = make()
    view.take(whole(*lines(0, 100)))
    view.place(Place(0, 7_000, 9_000, damaged=False))
    assert view.behind_bar.isVisible()
    with qtbot.waitSignal(view.end_wanted):
        view.follow()


def test_one_stream_can_be_shown_alone(make: Make) -> None:
    view = make()
    view.take(whole(*lines(0, 2), *lines(2, 3, stream=1)))
    view.streams.setCurrentIndex(2)
    assert plain_text(view) == "line 2"
    view.take(Update(lines(3, 4, stream=1), replaces_last=False, is_open=True))
    view.take(Update(lines(4, 5, stream=1), replaces_last=True, is_open=False))
    view.take(Update(lines(5, 6), replaces_last=False, is_open=True))
    view.take(Update(lines(6, 7), replaces_last=True, is_open=False))
    assert plain_text(view) == "line 2\nline 4"
    view.streams.setCurrentIndex(0)
    assert plain_text(view) == "line 0\nline 1\nline 2\nline 4\nline 6"


def test_text_is_found_and_copied(make: Make) -> None:
    view = make()
    view.take(whole(*lines(0, 30)))
    QTest.keyClick(view.text, Qt.Key.Key_F, CONTROL)
    QTest.keyClicks(view.find_bar.box, "line 1")
    assert view.find_bar.count.text() == "1 of 11"
    view.find_bar.next()
    QTest.keyClick(view.find_bar.box, Qt.Key.Key_Escape)
    QTest.keyClick(view.text, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "line 1"
    assert not view.is_following()


def test_an_encoding_is_chosen_and_damage_is_said(make: Make, qtbot: QtBot) -> None:
    view = make()
    view.place(Place(0, 0, 9, damaged=True))
    assert view.damage_note.isVisible()
    with qtbot.waitSignal(view.encoding_chosen) as chosen:
        view.encoding.setCurrentIndex(view.encoding.findData("cp850"))
    assert chosen.args == ["cp850"]


def test_the_theme_recolours_what_is_shown(make: Make, light: Theme) -> None:
    view = make()
    view.take(whole(*lines(0, 3)))
    before = view.grab().toImage()
    light.apply("dark")
    assert plain_text(view) == "line 0\nline 1\nline 2"
    assert view.grab().toImage() != before


def test_ctrl_s_saves(make: Make, qtbot: QtBot) -> None:
    view = make()
    with qtbot.waitSignal(view.save_wanted):
        QTest.keyClick(view.text, Qt.Key.Key_S, CONTROL)


def test_every_control_has_a_name(make: Make) -> None:
    view = make()
    controls = [*view.findChildren(QAbstractButton), *view.findChildren(QComboBox)]
    assert [
        c for c in controls if not (c.accessibleName() or (isinstance(c, QAbstractButton) and c.text()))
    ] == []
    assert view.text.accessibleName() == "Output of a script"


@pytest.mark.parametrize(
    ("elapsed_ms", "text"),
    [(0, "0:00.0"), (7_290, "0:07.2"), (723_900, "12:03.9"), (3_723_000, "1:02:03")],
)
def test_the_time_since_the_start_is_short(elapsed_ms: int, text: str) -> None:
    assert elapsed_text(elapsed_ms) == text


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_of_a_terminal_can_be_read(tokens: Tokens) -> None:
    formats = OutputFormats(tokens)
    names = [*COLORS, *(f"bright-{name}" for name in COLORS), "#ffffff", "#000000", "#808080", "#ffff00"]
    styles = [Style(color=name) for name in names] + [Style(background=name) for name in names]
    for style in styles:
        made = formats.of(0, style)
        ground = made.background().color() if style.background else tokens.surface
        assert contrast(made.foreground().color(), ground) >= 3.0, style


def test_who_scrolls_on_at_the_edge_gets_more(make: Make, qtbot: QtBot) -> None:
    view = make()
    asked: list[str] = []
    view.earlier_wanted.connect(lambda: asked.append("earlier"))
    view.later_wanted.connect(lambda: asked.append("later"))
    view.begin(50)
    view.take(whole(*lines(0, 100)))
    view.place(Place(5_000, 5_000, 20_000, damaged=False))
    assert asked == []
    bar = view.text.verticalScrollBar()
    bar.setValue(bar.minimum())
    bar.setValue(3)
    bar.setValue(bar.minimum())
    # Once is enough until the answer is there.
    assert asked == ["earlier"]
    view.place(Place(4_000, 5_000, 20_000, damaged=False))
    bar.setValue(bar.maximum())
    assert asked == ["earlier", "later"]


def test_the_encoding_that_was_guessed_is_named(make: Make) -> None:
    view = make()
    view.place(Place(0, 0, 9, damaged=False, encoding="cp850"))
    assert view.encoding.currentText() == "Auto: CP850"
    assert view.encoding.currentData() == "auto"


def test_all_can_be_searched_only_where_not_all_is_shown(make: Make, qtbot: QtBot) -> None:
    view = make()
    view.take(whole(*lines(0, 3)))
    view.find_bar.open()
    buttons = {b.text(): b for b in view.find_bar.findChildren(QAbstractButton)}
    search = buttons["Search all of it"]
    assert not search.isVisible()
    view.place(Place(5_000, 0, 20_000, damaged=False))
    assert search.isVisible()
    view.find_bar.box.setText("line")
    with qtbot.waitSignal(view.search_wanted) as asked:
        search.click()
    assert asked.args == ["line", False]
    assert view.matches.isVisible()
