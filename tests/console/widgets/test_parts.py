"""The small parts of pages."""

from functools import partial

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from console.widgets.chart import Gauge, Meter
from console.widgets.confirm import ConfirmDialog, confirm
from console.widgets.diff_view import DiffView, diff_lines, summary
from console.widgets.form import Facts, Field
from console.widgets.minutes_box import MinutesBox
from console.widgets.notice_bar import NoticeBar
from console.widgets.sparkline import points
from console.widgets.status_badge import StatusBadge


def test_a_field_says_its_error_in_place_of_its_hint(qtbot: QtBot) -> None:
    box = QLineEdit()
    field = Field("Name", box, "A short one.")
    qtbot.addWidget(field)
    assert (box.accessibleName(), box.accessibleDescription(), field.error) == ("Name", "A short one.", "")
    field.set_error("It is taken.")
    assert (field.note.text(), box.accessibleDescription()) == ("It is taken.", "It is taken.")
    field.set_error("")
    assert (field.note.text(), field.error) == ("A short one.", "")


def fits(words: QLabel) -> bool:
    return words.height() >= words.heightForWidth(words.width())


def test_a_question_is_as_high_as_its_words(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    for text in ("Short.", "It leaves the library with all its revisions. Runs keep what they ran. " * 2):
        dialog = confirm(window, "Delete this script?", text, "Delete", window.hide)
        words = dialog.text
        assert words.height() == words.heightForWidth(words.width())
        words.setText(text * 3)
        qtbot.waitUntil(partial(fits, words))
        dialog.reject()


def test_facts_change_in_place_and_hide_when_they_are_empty(qtbot: QtBot) -> None:
    facts = Facts()
    qtbot.addWidget(facts)
    facts.show_fact("System", "Debian")
    facts.show_fact("System", "Debian 12")
    assert facts.value("System") == "Debian 12"
    for when, what in (("10:00", "asked"), ("10:00", "started")):
        facts.show_line(0 if what == "asked" else 1, when, what)
    facts.show_line(1, "10:01", "ended")
    facts.clear()
    assert facts.value("System") == ""


def test_a_time_limit_keeps_its_seconds_until_a_person_changes_it(qtbot: QtBot) -> None:
    box = MinutesBox()
    qtbot.addWidget(box)
    box.show_seconds(90)
    assert (box.value(), box.seconds) == (2, 90)
    with qtbot.waitSignal(box.edited):
        QTest.keyClick(box, Qt.Key.Key_Up)
    assert box.seconds == 180


def test_a_question_is_answered_by_its_buttons_only(qtbot: QtBot) -> None:
    parent, done = QWidget(), list[int]()
    qtbot.addWidget(parent)
    dialog = confirm(parent, "Sure?", "It cannot be undone.", "Do it", lambda: done.append(1))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert done == []
    confirm(parent, "Sure?", "It cannot be undone.", "Do it", lambda: done.append(1)).buttons["yes"].click()
    assert done == [1]


def test_a_dangerous_question_begins_with_cancel(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = ConfirmDialog(parent, "Sure?", "", {"yes": ("Do it", "danger")})
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    assert dialog.cancel.hasFocus()


def test_a_notice_has_the_actions_of_its_sentence_only(qtbot: QtBot) -> None:
    bar, pressed = NoticeBar(), list[str]()
    qtbot.addWidget(bar)
    bar.say("One", "warning", {"Mend": lambda: pressed.append("mend")})
    bar.press("Mend")
    bar.say("Two")
    with pytest.raises(StopIteration):
        bar.press("Mend")
    assert pressed == ["mend"]
    bar.say("")
    assert bar.isHidden()


def test_a_badge_without_a_word_is_not_there(qtbot: QtBot) -> None:
    badge = StatusBadge("Online", "good")
    qtbot.addWidget(badge)
    assert not badge.isHidden()
    badge.show_state("", "idle")
    assert badge.isHidden()


def test_the_newest_sample_is_at_the_right_edge() -> None:
    line = points([10, 50, 200], QRectF(0, 0, 100, 100), top=100, room=11)
    assert [(point.x(), point.y()) for point in line.toList()] == [(80, 90), (90, 50), (100, 0)]


def test_charts_are_drawn_and_say_their_value(qtbot: QtBot) -> None:
    meter, gauge = Meter("CPU"), Gauge("Disk")
    for part in (meter, gauge):
        qtbot.addWidget(part)
        part.resize(200, 80)
    empty = meter.grab().toImage()
    meter.show_value("9 %", [9.0])
    assert meter.grab().toImage() != empty
    assert meter.chart.accessibleDescription() == "9 %"
    gauge.show_value("95 %", 95.0)
    full = gauge.grab().toImage()
    gauge.show_value("5 %", 5.0)
    assert gauge.grab().toImage() != full


def test_a_difference_is_told_by_signs_and_numbers(qtbot: QtBot) -> None:
    old = "\n".join(f"line {number}" for number in range(1, 21))
    new = old.replace("line 10", "line ten").replace("line 20", "line 20\nline 21")
    lines = diff_lines(old, new)
    assert [(line.sign, line.text) for line in lines if line.sign in "+-"] == [
        ("-", "line 10"),
        ("+", "line ten"),
        ("+", "line 21"),
    ]
    assert [(line.old, line.new) for line in lines if line.text == "line ten"] == [(None, 10)]
    assert summary(lines) == "2 lines added, 1 removed"
    assert summary(diff_lines(old, old)) == "No difference"
    view = DiffView("Differences")
    qtbot.addWidget(view)
    view.show_diff(old, new)
    assert view.toPlainText().split("\n") == [line.text for line in lines]
