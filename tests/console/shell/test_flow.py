"""What stands side by side and finds room on further lines."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.shell.flow import Flow
from console.shell.parts import PageHeader, button, column
from console.shell.theme import theme

TITLES = ("Views", "Groups", "Columns", "Export…", "Run on selection…")


def nothing() -> None:
    """A button that is only looked at."""


@pytest.fixture
def buttons() -> list[QPushButton]:
    return [button(title, nothing) for title in TITLES]


def lines(buttons: list[QPushButton]) -> list[list[str]]:
    found: dict[int, list[str]] = {}
    for one in buttons:
        if not one.isHidden():
            found.setdefault(one.y(), []).append(one.text())
    return [found[y] for y in sorted(found)]


def shown(qtbot: QtBot, width: int, *parts: QWidget) -> QWidget:
    made = QWidget()
    theme().dress(made)
    made.setLayout(column(*parts, None))
    qtbot.addWidget(made)
    made.resize(width, 300)
    made.show()
    return made


def test_no_button_is_narrower_than_its_text(qtbot: QtBot, buttons: list[QPushButton]) -> None:
    flow = Flow(*buttons, right=True)
    window = shown(qtbot, 2000, flow)
    assert len(lines(buttons)) == 1
    window.resize(300, 300)
    qtbot.waitUntil(lambda: len(lines(buttons)) > 1)
    assert [title for line in lines(buttons) for title in line] == list(TITLES)
    assert all(one.width() >= one.sizeHint().width() for one in buttons)
    assert max(one.geometry().right() for one in buttons) == flow.width() - 1
    assert flow.height() >= max(one.geometry().bottom() for one in buttons)


def test_a_hidden_one_leaves_its_room(qtbot: QtBot, buttons: list[QPushButton]) -> None:
    flow = Flow(*buttons)
    window = shown(qtbot, 2000, flow)
    window.resize(flow.sizeHint().width() - 10, 300)
    qtbot.waitUntil(lambda: len(lines(buttons)) == 2)
    buttons[0].hide()
    qtbot.waitUntil(lambda: len(lines(buttons)) == 1)
    assert buttons[1].x() == 0
    buttons[1].setText("All the groups that there are beside the devices")
    qtbot.waitUntil(lambda: len(lines(buttons)) == 2)


def test_a_long_title_gives_way_before_the_buttons_do(qtbot: QtBot, buttons: list[QPushButton]) -> None:
    header = PageHeader("Empty the caches on every machine of the lab", *buttons[:3])
    _window = shown(qtbot, 520, header)
    qtbot.waitUntil(lambda: len(lines(buttons[:3])) == 1)
    assert header.title.width() < header.title.sizeHint().width()


def test_below_its_least_the_title_keeps_its_share(qtbot: QtBot, buttons: list[QPushButton]) -> None:
    header = PageHeader("Empty the caches on every machine of the lab", *buttons)
    _window = shown(qtbot, 460, header)
    qtbot.waitUntil(lambda: len(lines(buttons)) > 1)
    assert header.title.width() >= 100
    assert all(one.width() >= one.sizeHint().width() for one in buttons)


def test_what_changed_while_it_was_hidden_counts_when_it_is_shown(
    qtbot: QtBot, buttons: list[QPushButton]
) -> None:
    flow = Flow(*buttons)
    window = shown(qtbot, 2000, flow)
    window.resize(flow.sizeHint().width() + 10, 300)
    qtbot.waitUntil(lambda: len(lines(buttons)) == 1)
    one_line = flow.height()
    flow.hide()
    buttons[0].setText("All the groups that there are beside the devices")
    flow.show()
    qtbot.waitUntil(lambda: len(lines(buttons)) == 2 and flow.height() > 2 * one_line)
