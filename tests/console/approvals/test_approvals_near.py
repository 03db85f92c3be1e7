"""A second person agrees, or does not, with the real service behind the window."""

from functools import partial
from typing import Any

import httpx
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.access import ME, User
from backend_lite.contract.accounts import USERS, UserAccount, UserCreate
from backend_lite.contract.library import SCRIPTS, Language, Script, ScriptCreate
from backend_lite.contract.live import APPROVAL, ROLE, ROLLOUT, RUN
from backend_lite.contract.runs import ROLLOUTS, RolloutCreate, RolloutCreated, Targets
from backend_lite.contract.settings import SETTING_FORMS, SettingGroup
from console.core import run_ops
from console.core.client import ApiClient
from console.core.session import Session
from console.features.approvals.approval_watch import watch_approvals
from console.features.approvals.approvals_page import ApprovalsPage
from console.features.runs.rollout_head import RolloutHead
from console.widgets.confirm import ConfirmDialog
from console.widgets.count_check import CountCheck
from console.widgets.gated import open_started, start_gated
from tests.console.approvals.conftest import Run
from tests.console.fleet.near import arrives
from tests.console.people import become
from tests.console.trips import Trips
from tests.helpers.halves import halves, person
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]
PASSWORD = "three unrelated words"
TEXT = "rm -rf $CACHE/*\n"


async def ask(near: NearService, asker: ApiClient, device_id: int, name: str = "Wipe") -> RolloutCreated:
    """Dangerous work on that device, once the window knows of it."""
    wanted = ScriptCreate(name, TEXT, Language.BASH)
    script = await near.context.client.post(SCRIPTS, wanted, Script)
    order = RolloutCreate(script_id=script.id, targets=Targets(devices=[device_id]))
    made = await asker.post(ROLLOUTS, order, RolloutCreated)
    await until(lambda: near.context.live.get(ROLLOUT, made.id), "the rollout")
    return made


async def dangerous_work(near: NearService, choice: str) -> None:
    wanted = {"dangerous_work": choice}
    await near.context.client.put(f"{SETTING_FORMS}/security", wanted, SettingGroup)


async def grace(near: NearService) -> ApiClient:
    """Signed in as an operator, who may not approve."""
    (role,) = [one["id"] for one in near.known(ROLE) if one["name"] == "Operator"]
    owner = near.context.client
    await owner.post(USERS, UserCreate("grace", PASSWORD, roles=[role]), UserAccount)
    client = ApiClient(owner.base_url, transport=httpx.ASGITransport(app=near.service.app))
    await Session(client).sign_in("grace", PASSWORD)
    return client


def say_yes(parent: QWidget) -> None:
    parent.findChildren(ConfirmDialog)[-1].buttons["yes"].click()


def state_of(near: NearService, kind: str, object_id: int) -> str:
    return str((near.context.live.get(kind, object_id) or {}).get("state"))


def test_a_second_person_approves_one_and_refuses_another(
    near: NearService, run: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = Trips(near, monkeypatch)
    page = ApprovalsPage(near.context)
    qtbot.addWidget(page)

    async def story() -> None:
        page.show()
        stop = watch_approvals(near.context)
        device_id = await arrives(near, "pc-1")
        await dangerous_work(near, "approve")
        client = await grace(near)
        made = await ask(near, client, device_id)
        assert state_of(near, ROLLOUT, made.id) == "held"
        await until(lambda: page.pane.texts.code.text() == TEXT, "the text")
        asks = "grace asks for approval: “Wipe” on one device."
        await until(lambda: asks in [notice.text for notice in near.notices], "the notice")
        page.approve.click()
        say_yes(page)
        await until(lambda: state_of(near, ROLLOUT, made.id) == "running", "the start")
        await until(lambda: not page.approve.isEnabled(), "the decision")

        again = await ask(near, client, device_id, "Wipe more")
        (approval,) = [one for one in near.known(APPROVAL) if one["rollout_id"] == again.id]
        page.show_target(str(approval["id"]))
        await until(page.refuse.isEnabled, "the second one")
        page.refuse.click()
        say_yes(page)
        await until(lambda: state_of(near, ROLLOUT, again.id) == "cancelled", "the end")
        head = RolloutHead(near.context)
        qtbot.addWidget(head)
        head.show_rollout(near.context.live.get(ROLLOUT, again.id) or {}, [])
        assert head.waiting.text().startswith("Refused by ada")
        head.approval.click()
        assert trips.opened == [("approvals", str(approval["id"]))]
        await client.aclose()
        stop()

    run(story())


def test_whose_right_holds_in_a_group_decides_what_lies_there(
    near: NearService, run: Run, qtbot: QtBot
) -> None:
    async def story() -> None:
        site = await halves(near.service)
        await dangerous_work(near, "approve")
        inside = await ask(near, near.context.client, site.inside.device)
        # Somebody has to be able to approve the other one, too.
        await person(site, "hedy", 1)
        outside = await ask(near, near.context.client, site.outside.device, "Wipe the others")
        await become(near, site, site.limited)
        near.context.session.user = await near.context.client.get(ME, User)
        assert [one["rollout_id"] for one in near.known(APPROVAL)] == [inside.id]
        page = ApprovalsPage(near.context)
        qtbot.addWidget(page)
        page.show()
        await until(lambda: page.pane.texts.code.text() == TEXT, "the text")
        page.approve.click()
        say_yes(page)
        await until(lambda: state_of(near, ROLLOUT, inside.id) == "running", "the start")
        assert near.context.live.get(ROLLOUT, outside.id) is None
        assert near.forbidden == []

    run(story())


def test_running_again_what_is_dangerous_takes_its_number(
    near: NearService, run: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips, window = Trips(near, monkeypatch), QWidget()
    qtbot.addWidget(window)

    async def story() -> None:
        client = near.context.client
        made = await ask(near, client, await arrives(near, "pc-1"))
        await client.post(f"{ROLLOUTS}/{made.id}/cancel", None, dict[str, Any])
        await until(lambda: state_of(near, RUN, made.run_ids[0]) == "cancelled", "the end")
        await dangerous_work(near, "confirm")
        again = partial(run_ops.rerun, client, made.run_ids[0], 1)
        start_gated(near.context, window, again, partial(open_started, near.context))
        await until(lambda: window.findChildren(CountCheck), "the question")
        QTest.keyClicks(window.findChildren(CountCheck)[0].box, "1")
        say_yes(window)
        await until(lambda: trips.opened, "the new run")

    run(story())
    assert trips.opened[0][0] == "run"
