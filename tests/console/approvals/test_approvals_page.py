"""The page where a second person agrees, or does not."""

from typing import Any

import httpx
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from backend_lite.contract.accounts import RIGHTS
from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.runs import ROLLOUTS
from console.features.approvals.approvals_page import ApprovalsPage
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.approvals.conftest import Open, Run, page_of
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Object = dict[str, Any]
DANGER = {"severity": "danger", "rule": "deletes", "text": "Deletes files.", "line": 1, "task": 1, "part": ""}


def ask(approval_id: int = 4, state: str = "waiting", **more: Any) -> Object:
    return objects.approval(approval_id, state, **{"rollout_id": 8, **more})


def ids(page: ApprovalsPage) -> list[int]:
    return [item["id"] for item in page.table.model_.shown_objects()]


def dialog_of(page: ApprovalsPage) -> ConfirmDialog:
    return page.findChildren(ConfirmDialog)[-1]


def choose(page: ApprovalsPage, world: World, run: Run, approval_id: int) -> None:
    async def story() -> None:
        page.show_target(str(approval_id))
        await until(lambda: not page._look.isActive() and not world.context.ops.running)

    run(story())


def test_what_waits_comes_first_then_the_newest_decision(open_: Open) -> None:
    page = open_(ask(2, "refused"), ask(3), ask(5, "approved"), ask(1))
    assert ids(page) == [3, 1, 5, 2]
    page.filter.choose("waiting")
    assert ids(page) == [3, 1]
    page.filter.choose("decided")
    assert ids(page) == [5, 2]
    assert unnamed(page) == []


def test_everything_that_has_to_be_known_is_shown(open_: Open, world: World, run: Run) -> None:
    page = open_(ask(findings=[DANGER]))
    choose(page, world, run, 4)
    pane = page.pane
    assert pane.title.text() == "Script 1"
    assert pane.reasons.said == [("Reason", "warning", "It is for 120 devices, more than 100.")]
    assert pane.findings.said == [("Danger", "bad", "Deletes files · line 1")]
    facts = {name: pane.facts.value(name) for name in ("Asked by", "Devices", "Query", "How")}
    assert facts == {
        "Asked by": "grace, 10:32",
        "Devices": "120 devices: PC-01, PC-02 and PC-03",
        "Query": "tag:lab",
        "How": "Offline devices have 7 days · time limit 10 min",
    }
    assert pane.texts.code.text() == "rm -rf /var/tmp/old\n"
    assert pane.texts.heading.text() == "1 · Script 1 · Bash, revision 1"


def test_a_text_that_may_not_be_seen_is_said_to_be_missing(open_: Open, world: World, run: Run) -> None:
    world.api.answers[f"GET {APPROVALS}/4/texts"] = (403, {"detail": "Who asked for it sees its texts."})
    page = open_(ask())
    choose(page, world, run, 4)
    assert page.pane.texts.plain.text() == "Who asked for it sees its texts."
    assert page.pane.facts.value("Query") == "tag:lab"


def test_approving_is_asked_with_the_number_and_sends_the_comment(
    open_: Open, world: World, run: Run
) -> None:
    page = open_(ask())
    choose(page, world, run, 4)
    world.api.answers[f"POST {APPROVALS}/4/approve"] = (200, ask(4, "approved", comment="Go on."))

    async def story() -> None:
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_A)
        dialog = dialog_of(page)
        assert dialog.windowTitle() == "Let “Script 1” start on 120 devices?"
        (comment,) = dialog.findChildren(QLineEdit)
        comment.setText("Go on.")
        dialog.buttons["yes"].click()
        await until(lambda: not world.context.ops.running)

    run(story())
    assert world.api.body(f"POST {APPROVALS}/4/approve") == {"comment": "Go on."}
    assert [notice.text for notice in world.notices] == ["“Script 1” was approved."]
    assert page.pane.sentence.text() == "Approved by owner, 10:40: Go on."
    assert not page.approve.isEnabled()


def test_refusing_says_that_it_is_final(open_: Open, world: World, run: Run) -> None:
    page = open_(ask())
    choose(page, world, run, 4)
    world.api.answers[f"POST {APPROVALS}/4/refuse"] = (200, ask(4, "refused"))

    async def story() -> None:
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_Delete)
        assert "it cannot be approved later: grace would have to ask anew" in dialog_of(page).text.text()
        dialog_of(page).buttons["yes"].click()
        await until(lambda: not page.refuse.isEnabled())

    run(story())
    assert world.api.body(f"POST {APPROVALS}/4/refuse") == {"comment": ""}


def test_an_own_request_can_only_be_withdrawn(open_: Open, world: World, run: Run) -> None:
    page = open_(ask(requested_by="owner"))
    choose(page, world, run, 4)
    assert (page.approve.isEnabled(), page.refuse.isEnabled(), page.withdraw.isEnabled()) == (
        False,
        False,
        True,
    )
    sentence = "You asked for this yourself: somebody else has to agree. You can withdraw it."
    assert page.pane.hint.text() == page.approve.toolTip() == sentence
    assert page.ask_approve() is None
    world.api.answers[f"POST {APPROVALS}/4/withdraw"] = (200, ask(4, "withdrawn", requested_by="owner"))

    async def story() -> None:
        page.withdraw.click()
        dialog_of(page).buttons["yes"].click()
        await until(lambda: not page.withdraw.isEnabled())

    run(story())
    assert f"POST {APPROVALS}/4/withdraw" in world.api.calls()


def test_who_lacks_the_right_is_told_so(open_: Open, world: World, run: Run) -> None:
    page = open_(ask())
    world.api.answers[f"GET {RIGHTS}"] = (200, {"permissions": ["rollouts:view"], "limited": {}})

    choose(page, world, run, 4)
    run(world.context.rights.read())
    assert not page.approve.isEnabled()
    assert page.pane.hint.text().startswith("You may not approve rollouts")
    assert not page.withdraw.isEnabled()
    assert page.withdraw.toolTip() == "Who asked for it can withdraw it while it waits."


def test_who_may_not_see_what_would_run_does_not_ask_for_it(open_: Open, world: World, run: Run) -> None:
    rights = world.api.answers
    rights[f"GET {RIGHTS}"] = (200, {"permissions": ["rollouts:view"], "limited": {}})
    run(world.context.rights.read())
    page = open_(ask())
    rights[f"GET {RIGHTS}"] = (200, {"permissions": ["rollouts:view"], "limited": {}})
    run(world.context.rights.read())
    choose(page, world, run, 4)
    texts = page.pane.texts
    assert texts.plain.text() == "What would run is shown to who asked for it, and to who may approve it."
    assert f"GET {APPROVALS}/4/texts" not in world.api.calls()
    rights[f"GET {RIGHTS}"] = (200, {"permissions": ["rollouts:view", "rollouts:approve"], "limited": {}})
    run(world.context.rights.read())
    run(until(lambda: texts.code.text() == "rm -rf /var/tmp/old\n", "the text"))


def test_a_refusal_of_the_service_is_said_in_place(open_: Open, world: World, run: Run) -> None:
    page = open_(ask())
    choose(page, world, run, 4)
    world.api.answers[f"POST {APPROVALS}/4/approve"] = (409, {"detail": "It was withdrawn meanwhile."})

    async def story() -> None:
        page.approve.click()
        dialog_of(page).buttons["yes"].click()
        await until(lambda: page.notice.text.text() == "It was withdrawn meanwhile.")

    run(story())


def test_a_decision_elsewhere_is_seen(open_: Open, world: World, run: Run) -> None:
    page = open_(ask())
    choose(page, world, run, 4)

    async def story() -> None:
        world.live.change(2, "approval", 4, {"state": "refused", "decided_by": "ada", "comment": "No."})
        await until(lambda: not page.approve.isEnabled())

    run(story())
    assert page.pane.badge.text() == "Refused"


def test_older_ones_are_read_page_by_page(open_: Open, world: World, run: Run) -> None:
    def answer(request: httpx.Request) -> tuple[int, Any]:
        if request.url.params.get("cursor"):
            return page_of(ask(1, "refused"))
        return page_of(ask(4), ask(3, "approved"), more="3")

    world.api.answers[f"GET {APPROVALS}"] = answer
    page = open_(ask(4), ask(3, "approved"))
    assert not page.foot.isHidden()

    async def story() -> None:
        page.older.click()
        await until(lambda: ids(page) == [4, 3, 1])

    run(story())
    assert page.foot.isHidden()


def test_a_target_is_chosen_and_leads_to_its_rollout(
    open_: Open, world: World, run: Run, trips: Trips
) -> None:
    page = open_(ask(4), ask(5, rollout_id=9))
    choose(page, world, run, 5)
    assert page.table.selected_ids() == [5]
    page.table.opened.emit(5)
    assert trips.opened == [("rollout", "9")]


def test_nothing_waits(open_: Open, trips: Trips) -> None:
    page = open_()
    assert page.centre.currentWidget() is page.centre.nothing
    assert page.approve.isHidden()
    assert page.pane.isHidden()


def test_the_rollout_that_is_gone_is_said(open_: Open, world: World, run: Run) -> None:
    world.api.answers[f"GET {ROLLOUTS}/99"] = (404, {"detail": "Rollout not found"})
    page = open_(ask(4), ask(5, rollout_id=99))
    choose(page, world, run, 5)
    assert page.pane.texts.plain.text() == "Rollout not found"
