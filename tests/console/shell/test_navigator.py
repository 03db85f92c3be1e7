from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from console.shell.navigator import Navigator, Place
from console.shell.page import Page
from tests.helpers.waiting import until


class _Page(Page):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str | None] = []
        self.leave: Callable[[], Awaitable[bool] | bool] = lambda: True

    def show_target(self, target: str | None) -> None:
        self.targets.append(target)

    def may_leave(self) -> Awaitable[bool] | bool:
        return self.leave()


class _Stage:
    def __init__(self, bot: QtBot) -> None:
        self.navigator = Navigator()
        self.made: list[str] = []
        self.pages: dict[str, _Page] = {}
        for key in ("devices", "device", "runs"):
            self.navigator.add(key, lambda key=key: self._make(key, bot))  # type: ignore[misc]

    def _make(self, key: str, bot: QtBot) -> _Page:
        self.made.append(key)
        page = _Page()
        bot.addWidget(page)
        self.pages[key] = page
        return page


@pytest.fixture
def stage(qtbot: QtBot) -> _Stage:
    return _Stage(qtbot)


def test_a_page_is_made_once_and_shown_for_each_target(stage: _Stage) -> None:
    for target in ("1", "2"):
        stage.navigator.open("device", target)
    assert stage.made == ["device"]
    assert stage.pages["device"].targets == ["1", "2"]


def test_back_and_forward_go_through_the_places(stage: _Stage) -> None:
    navigator = stage.navigator
    for place in (("devices", None), ("device", "1"), ("device", "2")):
        navigator.open(*place)
    navigator.back()
    navigator.back()
    assert navigator.place == Place("devices")
    assert (navigator.can_go_back, navigator.can_go_forward) == (False, True)
    navigator.forward()
    assert navigator.place == Place("device", "1")
    navigator.open("runs")
    assert not navigator.can_go_forward


def test_opening_the_open_place_adds_no_history(stage: _Stage) -> None:
    stage.navigator.open("devices")
    stage.navigator.open("devices")
    assert not stage.navigator.can_go_back


def test_a_new_thing_that_got_its_id_keeps_its_place_in_the_history(stage: _Stage) -> None:
    stage.navigator.open("devices")
    stage.navigator.open("device", "new")
    stage.navigator.replace("device", "7")
    assert stage.navigator.place == Place("device", "7")
    stage.navigator.back()
    assert stage.navigator.place == Place("devices")


def test_a_page_with_unsaved_work_may_keep_the_person(stage: _Stage) -> None:
    stage.navigator.open("device", "1")
    stage.pages["device"].leave = lambda: False
    stage.navigator.open("runs")
    assert stage.navigator.place == Place("device", "1")


@pytest.mark.parametrize("answer", [True, False])
def test_the_question_whether_to_leave_may_take_its_time(stage: _Stage, run: Any, answer: bool) -> None:
    async def asked() -> bool:
        return answer

    async def scene() -> None:
        stage.navigator.open("device", "1")
        stage.pages["device"].leave = asked
        stage.navigator.open("runs")
        assert stage.navigator.place == Place("device", "1")
        task = stage.navigator._task
        assert task is not None
        await until(task.done)

    run(scene())
    assert stage.navigator.place == (Place("runs") if answer else Place("device", "1"))
