"""What the signed-in person may do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from backend_lite.contract.accounts import RIGHTS
from backend_lite.contract.rights import ALL_PERMISSIONS
from console.core.own_rights import OwnRights
from tests.console.conftest import World
from tests.helpers.fake_service import Answer
from tests.helpers.waiting import until

Run = Callable[[Any], Any]


@pytest.fixture
def rights(world: World) -> OwnRights:
    return world.context.rights


def grant(world: World, *permissions: str, **limited: list[int]) -> None:
    held = {key.replace("_", ":", 1): groups for key, groups in limited.items()}
    world.api.answers[f"GET {RIGHTS}"] = (200, {"permissions": list(permissions), "limited": held})


def test_before_they_are_known_nothing_is_withheld(rights: OwnRights, world: World, run: Run) -> None:
    run(rights.read())
    assert rights.may("scripts:edit")
    assert rights.held == ALL_PERMISSIONS
    assert rights.need("scripts:edit").reason == ""


def test_one_of_several_is_enough_and_a_limited_one_counts(rights: OwnRights, world: World, run: Run) -> None:
    grant(world, "scripts:view", devices_run=[3])
    run(rights.read())
    assert rights.may("scripts:view")
    assert rights.may("devices:run")
    assert rights.held == {"scripts:view", "devices:run"}
    assert rights.may("templates:view", "scripts:view")
    assert rights.may()
    assert not rights.may("scripts:edit")


def test_what_is_about_all_devices_takes_a_right_for_all_of_them(
    rights: OwnRights, world: World, run: Run
) -> None:
    grant(world, "scripts:view", devices_view=[3])
    run(rights.read())
    assert rights.may("scripts:view", everywhere=True)
    need = rights.need("devices:view", everywhere=True)
    assert (need.is_met, need.reason) == (
        False,
        "You have the right “Devices: View” for the devices of some groups only.",
    )


def test_what_is_missing_is_called_as_in_the_roles(rights: OwnRights, world: World, run: Run) -> None:
    grant(world, "scripts:view")
    run(rights.read())
    assert rights.need("os_images:edit", "scripts:edit").reason == (
        "You do not have the right “System images: Edit”."
    )


def test_listeners_hear_of_other_rights_only(rights: OwnRights, world: World, run: Run) -> None:
    heard: list[bool] = []
    stop = rights.subscribe(lambda: heard.append(rights.may("scripts:edit")))
    for granted in (["scripts:view"], ["scripts:view"], ["scripts:edit"]):
        grant(world, *granted)
        run(rights.read())
    rights.forget()
    stop()
    grant(world)
    run(rights.read())
    assert heard == [False, True, True]


def test_they_are_read_again_when_the_stream_starts_over(rights: OwnRights, world: World, run: Run) -> None:
    async def story() -> None:
        grant(world, "scripts:view")
        stop = rights.follow(world.context.live)
        await world.go_live(service=[])
        await until(lambda: not rights.may("scripts:edit"), "the first answer")
        grant(world, "scripts:edit")
        world.live.snapshot(2, service=[])
        await until(lambda: rights.may("scripts:edit"), "the new rights")
        stop()
        asked = len(world.api.requests)
        world.live.snapshot(3, service=[{"id": 1}])
        await until(lambda: world.context.live.get("service", 1), "the third snapshot")
        assert len(world.api.requests) == asked

    run(story())


def test_the_end_of_the_window_waits_for_no_answer(
    rights: OwnRights, world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    story_of: list[str] = []

    async def never(*_arguments: object) -> None:
        story_of.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            story_of.append("ended")

    monkeypatch.setattr(world.context.client, "get", never)

    async def story() -> None:
        stop = rights.follow(world.context.live)
        await world.go_live(service=[])
        stop()
        await until(lambda: bool(story_of), "the reading")
        await rights.stop()

    run(story())
    assert story_of[0] == "began"
    assert story_of.count("began") == story_of.count("ended")
    assert rights.may("scripts:edit")


def test_an_answer_that_comes_after_the_sign_out_is_nobodys(
    rights: OwnRights, world: World, run: Run
) -> None:
    def answer(_request: httpx.Request) -> Answer:
        rights.forget()
        return 200, {"permissions": ["scripts:view"]}

    world.api.answers[f"GET {RIGHTS}"] = answer
    run(rights.read())
    assert rights.may("scripts:edit")


def test_who_has_to_set_up_a_second_factor_is_told_so(rights: OwnRights, world: World, run: Run) -> None:
    due = {"permissions": [], "limited": {}, "second_factor_due": True}
    world.api.answers[f"GET {RIGHTS}"] = (200, due)
    run(rights.read())
    assert rights.second_factor_due
    reason = rights.need("scripts:view").reason
    assert reason == "Everybody needs a second factor here. Set up yours under My account, and this opens."
    assert rights.need().reason == ""
    grant(world, "scripts:view")
    run(rights.read())
    assert not rights.second_factor_due
