import pytest
from pytestqt.qtbot import QtBot

from console.core.drafts import Draft, Drafts
from console.features.library import script_check
from console.features.library.edited import Edited
from console.features.library.script_page import ScriptPage, drafts_of
from console.widgets import draft_keeper
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import REVISIONS, Make, Run
from tests.console.trips import Trips
from tests.helpers.waiting import until


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def drafts(world: World) -> Drafts[Draft[Edited]]:
    return drafts_of(world.context)


@pytest.fixture
def make(
    world: World, trips: Trips, drafts: Drafts[Draft[Edited]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Make:
    monkeypatch.setattr(draft_keeper, "AFTER_MS", 1)
    # Only where a test is about it, and within a running loop.
    monkeypatch.setattr(script_check, "AFTER_MS", 3_600_000)

    def made() -> ScriptPage:
        page = ScriptPage(world.context, drafts)
        qtbot.addWidget(page)
        page.resize(900, 500)
        page.show()
        return page

    world.api.answers[REVISIONS] = (
        200,
        {"items": [objects.revision(2, "echo hi\n", "louder"), objects.revision(1, "echo h\n")], "next": "1"},
    )
    return made


@pytest.fixture
def greet(make: Make, world: World, run: Run) -> ScriptPage:
    """Shows script 1."""
    made = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, "Greet")])
        made.show_target("1")
        await until(lambda: made.info.revisions)

    run(story())
    return made
