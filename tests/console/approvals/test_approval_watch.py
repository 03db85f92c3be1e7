"""What is told about approvals while another page is open."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend_lite.contract.accounts import RIGHTS
from console.features.approvals.approval_watch import watch_approvals
from tests.console import objects
from tests.console.approvals.conftest import Run
from tests.console.conftest import OWNER, World
from tests.console.trips import Trips
from tests.helpers.waiting import until


@pytest.fixture
def watched(world: World, trips: Trips, run: Run) -> Iterator[World]:
    world.context.session.user = OWNER
    may(world, run, True)
    stop = watch_approvals(world.context)
    yield world
    stop()


def may(world: World, run: Run, right: bool) -> None:
    permissions = ["rollouts:approve"] if right else []
    world.api.answers[f"GET {RIGHTS}"] = (200, {"permissions": permissions, "limited": {}})
    run(world.context.rights.read())


def told(world: World) -> list[str]:
    return [notice.text for notice in world.notices]


def go(world: World, run: Run, *approvals: dict[str, Any]) -> None:
    async def story() -> None:
        await world.go_live(approval=list(approvals))
        await until(lambda: not world.context.ops.running)

    run(story())


def change(world: World, run: Run, seq: int, approval: dict[str, Any], sentences: int) -> None:
    async def story() -> None:
        world.live.change(seq, "approval", approval["id"], approval)
        await until(lambda: len(told(world)) == sentences and not world.context.ops.running)

    run(story())


def test_what_waits_at_the_sign_in_is_told_once(watched: World, run: Run) -> None:
    go(watched, run, objects.approval(1), objects.approval(2), objects.approval(3, "refused"))
    assert told(watched) == ["2 rollouts wait for approval."]


def test_who_may_approve_is_told_of_a_new_one(watched: World, run: Run, trips: Trips) -> None:
    go(watched, run)
    change(watched, run, 2, objects.approval(4), 1)
    assert told(watched) == ["grace asks for approval: “Script 1” on 120 devices."]
    action = watched.notices[0].action
    assert action is not None
    action.run()
    assert trips.opened == [("approvals", "4")]


def test_who_may_not_approve_hears_nothing(watched: World, run: Run) -> None:
    may(watched, run, False)
    go(watched, run, objects.approval(1))
    assert told(watched) == []


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("approved", "ada approved “Script 1”: it goes on."),
        ("refused", "ada refused “Script 1”. Too many."),
        ("withdrawn", "ada cancelled “Script 1” before it was approved."),
        ("expired", "Nobody approved “Script 1” in time: it does not start."),
    ],
)
def test_the_asker_is_told_how_it_was_decided(watched: World, run: Run, state: str, sentence: str) -> None:
    mine = objects.approval(4, requested_by="owner")
    go(watched, run, mine)
    assert told(watched) == []
    comment = "Too many." if state == "refused" else ""
    ended = {**mine, "state": state, "decided_by": "ada", "comment": comment}
    change(watched, run, 2, ended, 1)
    assert told(watched) == [sentence]


def test_decisions_about_others_and_own_withdrawals_are_no_news(watched: World, run: Run) -> None:
    go(watched, run, objects.approval(3), objects.approval(4, requested_by="owner"))
    asked = told(watched)
    withdrawn = objects.approval(4, "withdrawn", requested_by="owner", decided_by="owner")

    async def story() -> None:
        watched.live.change(2, "approval", 3, objects.approval(3, "refused"))
        watched.live.change(3, "approval", 4, withdrawn)
        known = watched.context.live.kind("approval")
        await until(lambda: {one["state"] for one in known.values()} == {"refused", "withdrawn"})

    run(story())
    assert told(watched) == asked
