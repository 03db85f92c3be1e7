"""The list of lines in which a text was found."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.output import OutputMatch
from console.widgets.output_matches import MatchList


@pytest.fixture
def matches(qtbot: QtBot) -> MatchList:
    made = MatchList()
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.begin("fox")
    return made


def test_matches_are_listed_as_they_come_and_lead_to_their_places(matches: MatchList, qtbot: QtBot) -> None:
    one = OutputMatch(0, 1_234, 99, "\x1b[31mthe fox\x1b[0m")
    two = OutputMatch(1, 7, 5, "a fox")
    assert matches.isVisible()
    matches.found([one])
    assert matches.count.text() == "Searching… 1 line so far"
    matches.found([two])
    matches.ended(whole=True)
    assert matches.count.text() == "2 lines hold “fox”"
    texts = [matches.list.item(at).text().split() for at in range(2)]
    assert texts == [["stdout", "line", "1,234", "the", "fox"], ["stderr", "line", "7", "a", "fox"]]
    with qtbot.waitSignal(matches.chosen) as chosen:
        matches.list.itemActivated.emit(matches.list.item(1))
    assert chosen.args == [two]


def test_nothing_found_and_too_much_are_said(matches: MatchList) -> None:
    matches.ended(whole=True)
    assert matches.count.text() == "“fox” is nowhere in the output."
    matches.found([OutputMatch(0, n, n, "fox") for n in range(3)])
    matches.ended(whole=False)
    assert matches.count.text() == "The first 3 lines that hold “fox”"
    matches.fail("The service does not answer.")
    assert matches.count.text() == "The service does not answer."


def test_who_closes_the_list_wants_no_more_of_it(matches: MatchList, qtbot: QtBot) -> None:
    with qtbot.waitSignal(matches.closed):
        matches.close_list()
    assert matches.isHidden()
