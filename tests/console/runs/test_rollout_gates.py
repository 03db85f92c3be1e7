"""What the page of a rollout says and asks where a second person, or a number, stands before work."""

import json
from typing import Any

import httpx
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from shiboken6 import isValid

from backend_lite.contract.runs import ROLLOUTS
from console.features.runs.rollout_page import RolloutPage
from console.widgets.confirm import ConfirmDialog
from console.widgets.count_check import CountCheck
from tests.console import objects
from tests.console.conftest import World
from tests.console.runs.test_rollout_page import COUNTERS, Open, Run, open_, page, trips
from tests.console.trips import Trips
from tests.helpers.waiting import until

__all__ = ["open_", "page", "trips"]


def test_one_that_is_held_says_for_whom_it_waits(
    page: RolloutPage, open_: Open, trips: Trips, world: World, run: Run
) -> None:
    asked = [objects.approval(4, rollout_id=8), objects.approval(5, rollout_id=9)]
    open_(state="held", counters={"total": 5, "waiting": 5, "succeeded": 0}, approvals=asked)
    assert page.header.mark.text() == "Held"
    assert page.origin.text() == "revision 1 · asked for 10:41 by owner"
    assert page.head.waiting.text() == (
        "Asked for by grace. Nothing starts before a second person agrees, until 7 Mar 10:32."
    )
    page.head.approval.click()
    assert trips.opened == [("approvals", "4")]

    async def story() -> None:
        refused = objects.approval(4, "refused", rollout_id=8, comment="Not on a Friday.")
        world.live.change(2, "approval", 4, refused)
        await until(lambda: page.head.waiting.text() == "Refused by owner, 10:40: Not on a Friday.")

    run(story())


def test_no_approval_is_offered_where_none_was_asked_for(page: RolloutPage, open_: Open) -> None:
    open_(approvals=[objects.approval(5, rollout_id=9)])
    assert page.head.approval.isHidden()


def test_running_again_asks_for_the_number_where_the_service_does(
    page: RolloutPage, open_: Open, world: World, run: Run, trips: Trips
) -> None:
    open_(counters={**COUNTERS, "unknown": 1})

    def answer(request: httpx.Request) -> tuple[int, Any]:
        if json.loads(request.content)["confirmed_devices"] == 2:
            return 201, objects.rollout(9, "held") | {"run_ids": [41]}
        return 409, {"detail": "It is dangerous, and for 2 devices.", "code": "confirm_needed"}

    world.api.answers[f"POST {ROLLOUTS}/8/rerun-failed"] = answer

    async def type_in(number: str) -> None:
        await until(lambda: not world.context.ops.running and page.findChildren(CountCheck))
        asking = page.findChildren(ConfirmDialog)[-1]
        assert asking.text.text() == "It is dangerous, and for 2 devices."
        (box,) = asking.findChildren(QLineEdit)
        QTest.keyClicks(box, "many")
        assert not asking.buttons["yes"].isEnabled()
        box.clear()
        QTest.keyClicks(box, number)
        asking.buttons["yes"].click()
        await until(lambda: not isValid(asking))

    async def story() -> None:
        page.controls.failed.click()
        page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await type_in("3")
        await type_in("2")
        await until(lambda: trips.opened == [("rollout", "9")])

    run(story())
    assert [notice.text for notice in world.notices] == ["“Script 1” waits for a second person."]
