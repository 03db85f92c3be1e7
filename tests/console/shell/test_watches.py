"""What works while somebody is signed in."""

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from console.shell.context import Context
from console.shell.feature import Feature
from console.shell.main_window import MainWindow
from console.shell.start_screens import StartingScreen
from tests.console.conftest import OWNER, World


def test_a_watch_works_from_signing_in_to_signing_out(world: World, qtbot: QtBot) -> None:
    told: list[str] = []

    def watch(context: Context) -> Callable[[], None]:
        assert context is world.context
        told.append("begun")
        return lambda: told.append("stopped")

    window = MainWindow(world.context)
    qtbot.addWidget(window)
    assert told == []
    world.context.session.user = OWNER
    window.show_workspace([Feature("some", watches=[watch])])
    assert told == ["begun"]
    window.show_screen(StartingScreen())
    assert told == ["begun", "stopped"]
