"""The list of pages on the left."""

from pytestqt.qtbot import QtBot

from console.shell.feature import NavEntry
from console.shell.navigation import Navigation
from tests.console.conftest import World


def test_entries_of_one_group_stand_together_whoever_gives_them(world: World, qtbot: QtBot) -> None:
    navigation = Navigation(world.context.theme)
    qtbot.addWidget(navigation)
    navigation.fill(
        [
            NavEntry("Activity", "Runs", "runs", "runs"),
            NavEntry("Administration", "Retention", "retention", "history"),
            NavEntry("Activity", "Approvals", "approvals", "shield"),
        ],
        world.context.live,
    )
    model = navigation.model()
    shown = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    assert shown == ["Activity", "Runs", "Approvals", "Administration", "Retention"]
