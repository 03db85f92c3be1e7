"""Pausing work, seeing that it is paused, and letting it go on."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.pauses import PAUSES
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.runs.feature import feature
from console.features.runs.pause_dialog import PauseDialog
from console.features.runs.pause_list import PauseList
from console.features.runs.pause_watch import PauseWatch
from console.shell.navigator import Navigator
from console.shell.page import Page
from tests.console.conftest import World
from tests.console.runs.starting import FLEET, GROUPS, Run
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

POST = f"POST {PAUSES}"


def pause(pause_id: int, scope: str = "fleet", name: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": pause_id,
        "scope": scope,
        "group_id": None,
        "device_id": None,
        "name": name,
        "reason": "patch day",
        "created_by": "owner",
        "created_at": "2026-03-04T10:00:00.000Z",
        "until": None,
        **more,
    }


@pytest.fixture
def window(qtbot: QtBot, world: World, run: Run) -> QWidget:
    run(world.go_live(device=FLEET, group=GROUPS))
    made = QWidget()
    qtbot.addWidget(made)
    return made


def ask(window: QWidget, world: World, request: PauseRequest) -> PauseDialog:
    dialog = PauseDialog(window, world.context, request)
    dialog.open()
    return dialog


@pytest.mark.parametrize(
    ("request_", "words", "wanted"),
    [
        (PauseRequest(), "Pause work on the fleet", [("fleet", None, None)]),
        (PauseRequest(group_id=2), "Pause work on the group", [("group", 2, None)]),
        (PauseRequest((1,)), "Pause work there", [("device", None, 1)]),
        (PauseRequest((1, 2)), "Pause work on 2 devices", [("device", None, 1), ("device", None, 2)]),
    ],
)
def test_the_button_says_where(
    window: QWidget, world: World, request_: PauseRequest, words: str, wanted: list[tuple[Any, ...]]
) -> None:
    dialog = ask(window, world, request_)
    assert dialog.pause.text() == words
    assert [(one.scope, one.group_id, one.device_id) for one in dialog.wanted()] == wanted
    assert unnamed(dialog) == []


def test_reason_and_end_are_sent(window: QWidget, world: World, run: Run) -> None:
    dialog = ask(window, world, PauseRequest((1,)))
    world.api.answers[POST] = (201, pause(1, "device", "lab-1"))
    closed: list[int] = []
    dialog.finished.connect(closed.append)

    async def story() -> None:
        QTest.keyClicks(dialog.reason, "patch day")
        QTest.keyClicks(dialog.until.box, "in 2 h")
        dialog.fleet.setChecked(True)
        dialog.pause.click()
        await until(lambda: closed)

    run(story())
    assert world.api.body(POST) == {
        "scope": "fleet",
        "group_id": None,
        "device_id": None,
        "reason": "patch day",
        "until": "2026-03-04T12:42:07.000Z",
    }


def test_a_time_that_is_none_is_said_in_place(window: QWidget, world: World) -> None:
    dialog = ask(window, world, PauseRequest())
    QTest.keyClicks(dialog.until.box, "soon")
    assert dialog.until.error.startswith("Write a time such as 22:00")
    assert not dialog.pause.isEnabled()


def test_a_refusal_stays_in_the_dialog(window: QWidget, world: World, run: Run) -> None:
    dialog = ask(window, world, PauseRequest())
    world.api.answers[POST] = (409, {"detail": "It is paused already."})

    async def story() -> None:
        dialog.pause.click()
        await until(lambda: dialog.problem.text() == "It is paused already.")

    run(story())
    assert dialog.pause.isEnabled()


# ---- seeing it


@pytest.fixture
def watch(world: World, run: Run) -> Iterator[PauseWatch]:
    run(world.go_live(pause=[pause(1)]))
    made = PauseWatch(world.context)
    yield made
    made.stop()


def banners(world: World) -> list[str]:
    return [notice.text for notice in world.context.notices.banners.values()]


def test_a_pause_is_said_above_every_page_until_it_ends(world: World, watch: PauseWatch, run: Run) -> None:
    said = "Work on the whole fleet is paused since 10:00 by owner: patch day"
    assert banners(world) == [said]

    async def story() -> None:
        world.live.change(
            2, "pause", 2, pause(2, "group", "Lab", reason="", until="2026-03-04T12:00:00.000Z")
        )
        await until(lambda: len(banners(world)) == 2)
        assert banners(world)[1] == "Work on the group “Lab” is paused since 10:00 by owner, until 12:00."
        world.live.change(3, "pause", 1, None)
        world.live.change(4, "pause", 2, None)
        await until(lambda: banners(world) == [])

    run(story())


@pytest.mark.parametrize("status", [204, 404])
def test_work_is_resumed_from_the_banner(world: World, watch: PauseWatch, run: Run, status: int) -> None:
    """Also when the pause has ended by itself meanwhile."""
    world.api.answers[f"DELETE {PAUSES}/1"] = (status, {"detail": "There is no such pause."})
    (notice,) = world.context.notices.banners.values()
    assert notice.action is not None
    assert notice.action.title == "Resume work"
    resume = notice.action.run

    async def story() -> None:
        resume()
        await until(lambda: world.notices)

    run(story())
    assert [one.text for one in world.notices] == ["Work on the whole fleet goes on."]


def test_many_pauses_are_one_banner_and_a_list(
    world: World, watch: PauseWatch, window: QWidget, run: Run
) -> None:
    world.api.answers[f"DELETE {PAUSES}/3"] = (204, None)
    shown: list[PauseList] = []

    async def story() -> None:
        for at in (2, 3):
            world.live.change(at + 10, "pause", at, pause(at, "device", f"lab-{at}"))
        world.live.change(20, "pause", 1, pause(1))
        await until(lambda: len(banners(world)) == 1 and "lab-3" in banners(world)[0])
        assert banners(world) == [
            "Work is paused on the whole fleet, lab-2 and lab-3, the first since 10:00."
        ]
        shown.append(PauseList(window, world.context))
        shown[0].open()
        assert len(shown[0].lines) == 3
        assert unnamed(shown[0]) == []
        shown[0]._resume([3])
        await until(lambda: f"DELETE {PAUSES}/3" in world.api.calls())
        world.live.change(21, "pause", 3, None)
        await until(lambda: len(shown[0].lines) == 2)

    run(story())


def test_nothing_is_said_after_signing_out(world: World, watch: PauseWatch) -> None:
    watch.stop()
    assert banners(world) == []


# ---- commands


class HerePage(Page):
    """A page that is about some devices."""

    here: tuple[int, ...] = ()

    def subjects(self) -> tuple[int, ...]:
        return self.here


@pytest.mark.parametrize("here", [(), (1, 2)])
def test_commands_mean_the_devices_of_the_open_page(
    window: QWidget, world: World, trips: Trips, qtbot: QtBot, here: tuple[int, ...]
) -> None:
    page = HerePage()
    page.here = here
    qtbot.addWidget(page)
    navigator = world.context.navigator
    navigator.add("here", lambda: page)
    Navigator.open(navigator, "here")
    for command in feature().commands:
        if "these devices" in command.title or "script" in command.title:
            command.run(world.context)
    wanted: list[tuple[str, Any]] = [(RUN_DIALOG, RunRequest(device_ids=here))]
    if here:
        wanted.append((PAUSE_DIALOG, PauseRequest(here)))
    assert trips.asked == wanted
    said = [] if here else ["Choose the devices first, then pause work on them."]
    assert [notice.text for notice in world.notices] == said
