"""The line for the query language."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.query import Node, format_query
from backend_lite.contract.run_query import RUN_FIELDS
from console.widgets.query_box import QueryBox


@pytest.fixture
def box(qtbot: QtBot) -> QueryBox:
    made = QueryBox(RUN_FIELDS, lambda: {"device": ["LAB-1", "LAB-2", "SRV-1"]})
    qtbot.addWidget(made)
    made.resize(300, 30)
    made.show()
    made.setFocus()
    return made


def test_fields_and_their_words_are_completed_by_keys(box: QueryBox) -> None:
    QTest.keyClicks(box, "sta")
    assert box.offers == ["state:", "started<"]
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.text() == "state:"
    assert "failed" in box.offers
    QTest.keyClicks(box, "fai")
    assert box.offers == ["failed"]
    QTest.keyClick(box, Qt.Key.Key_Tab)
    assert box.text() == "state:failed"
    assert box.offers == []


def test_what_is_there_now_is_offered(box: QueryBox) -> None:
    QTest.keyClicks(box, "device:la")
    assert box.offers == ["LAB-1", "LAB-2"]
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert (box.offers, box.text()) == ([], "device:la")


def test_an_error_points_at_its_word_and_is_said_when_typing_rests(box: QueryBox, qtbot: QtBot) -> None:
    with qtbot.waitSignal(box.problem_changed) as said:
        box.setText("device:lab state:faild")
    assert said.args == ['state is never "faild". Did you mean failed?']
    assert box.error is not None
    assert box.text()[box.error.start : box.error.end] == "faild"
    assert box.accessibleDescription() == said.args[0]
    with qtbot.waitSignal(box.problem_changed) as gone:
        box.setText("device:lab")
    assert gone.args == [""]


def test_only_what_can_be_understood_is_told(box: QueryBox, qtbot: QtBot) -> None:
    told: list[Node] = []
    box.parsed.connect(told.append)
    box.setText("state:x")
    box.setText("exit>0")
    assert [format_query(node) for node in told] == ["exit>0"]


def test_enter_leaves_and_escape_empties_first(box: QueryBox, qtbot: QtBot) -> None:
    left: list[None] = []
    box.left.connect(lambda: left.append(None))
    box.setText("exit>0")
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert (box.text(), left) == ("", [])
    QTest.keyClick(box, Qt.Key.Key_Escape)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert len(left) == 2


def test_the_underline_stands_under_the_word(box: QueryBox) -> None:
    box.setText("state:failed")
    right = box.grab().toImage()
    box.setText("state:faild")
    wrong = box.grab().toImage()
    start = box.cursorRect().center().x() - box.fontMetrics().horizontalAdvance("faild")
    rows = range(box.height() // 2, box.height() - 4)
    red = [x for x in range(8, wrong.width() - 8) if any(is_red(wrong, x, y) for y in rows)]
    assert red
    assert abs(red[0] - start) <= 3
    assert right != wrong


def is_red(picture: QImage, x: int, y: int) -> bool:
    color = picture.pixelColor(x, y)
    return color.red() > 180 > color.green()
