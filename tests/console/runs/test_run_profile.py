"""The run dialog with software and with profiles, against the real service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.plans import PROFILES
from backend_lite.contract.runs import ROLLOUTS, TaskAction
from backend_lite.contract.software import SOFTWARE
from console.core.run_request import RunRequest
from console.features.runs import preview_loader
from console.features.runs.run_dialog import RunDialog
from tests.backend.runs.site import Site
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext, migrated, quick_passwords, real, trips
from tests.helpers.waiting import until

__all__ = ["migrated", "quick_passwords", "real", "trips"]

Open = Callable[[RunRequest], RunDialog]
Run = Callable[[Any], Any]
PASSWORD = {"name": "Password", "type": "secret", "required": True}
DAYS = {"name": "Days", "type": "number", "minimum": 1}


@pytest.fixture
def open_(real: RealContext, trips: Trips, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setattr(preview_loader, "AFTER_MS", 1)
    window = QWidget()
    qtbot.addWidget(window)

    def opened(request: RunRequest) -> RunDialog:
        dialog = RunDialog(window, real.context, request)
        dialog.open()
        return dialog

    return opened


async def _known(real: RealContext, kind: str, object_id: int) -> None:
    await until(lambda: real.context.live.get(kind, object_id), kind)


async def _profile(site: Site, *parameters: dict[str, Any], **task: Any) -> dict[str, Any]:
    script_id = await site.script("Join", parameters=list(parameters))
    made: dict[str, Any] = await site.post(
        PROFILES,
        {"name": "Office", "tasks": [{"name": "Join", "action_type": "sh", "script_id": script_id} | task]},
    )
    return made


def test_a_profile_asks_for_its_secrets_and_is_applied(
    real: RealContext, open_: Open, trips: Trips, run: Run
) -> None:
    site = real.site

    async def story() -> None:
        made = await _profile(site, PASSWORD, DAYS, parameters={"Days": 7})
        device_id = await site.away("lab-1")
        await _known(real, "device", device_id)
        await _known(real, "profile", made["id"])
        dialog = open_(RunRequest(profile_id=made["id"], device_ids=(device_id,)))
        profile = dialog.what.profile
        assert profile is not None
        await until(lambda: profile.is_loaded, "the profile")
        assert dialog.windowTitle() == "Apply a profile"
        assert dialog.sentence.text() == "Task 1, “Join”: Fill in “Password”."
        assert unnamed(dialog) == []
        needed, other = profile.forms[made["tasks"][0]["id"]]
        assert (list(needed.inputs), list(other.inputs)) == (["Password"], ["Days"])
        assert other.inputs["Days"].box.text() == "7"  # type: ignore[attr-defined]
        QTest.keyClicks(needed.inputs["Password"].box, "geheim")  # type: ignore[attr-defined]
        await until(dialog.run.isEnabled, "the preview")
        assert dialog.run.text() == "Run on lab-1"
        dialog.run.click()
        await until(lambda: trips.opened, "the run")
        rollout = (await site.get(ROLLOUTS))["items"][0]
        assert (rollout["profile_id"], rollout["tasks"][0]["secrets"]) == (made["id"], ["Password"])
        assert rollout["tasks"][0]["parameters"] == {"Days": 7}

    run(story())


def test_another_value_is_for_this_time_only(real: RealContext, open_: Open, trips: Trips, run: Run) -> None:
    site = real.site

    async def story() -> None:
        made = await _profile(site, DAYS, parameters={"Days": 7})
        device_id = await site.away("lab-1")
        await _known(real, "device", device_id)
        await _known(real, "profile", made["id"])
        dialog = open_(RunRequest(profile_id=made["id"], device_ids=(device_id,)))
        profile = dialog.what.profile
        assert profile is not None
        await until(lambda: profile.is_loaded, "the profile")
        profile.fold.click()
        box = profile.forms[made["tasks"][0]["id"]][0].inputs["Days"].box  # type: ignore[attr-defined]
        box.selectAll()
        QTest.keyClicks(box, "9")
        await until(dialog.run.isEnabled, "the preview")
        dialog.run.click()
        await until(lambda: trips.opened, "the run")
        rollout = (await site.get(ROLLOUTS))["items"][0]
        assert rollout["tasks"][0]["parameters"] == {"Days": 9}
        kept = await site.get(f"{PROFILES}/{made['id']}")
        assert kept["tasks"][0]["parameters"] == {"Days": 7}

    run(story())


def test_looking_says_what_would_happen_and_starts_nothing(real: RealContext, open_: Open, run: Run) -> None:
    site = real.site

    async def story() -> None:
        made = await _profile(site)
        device_id = await site.away("lab-1")
        await _known(real, "device", device_id)
        await _known(real, "profile", made["id"])
        request = RunRequest(profile_id=made["id"], device_ids=(device_id,), only_look=True)
        dialog = open_(request)
        await until(lambda: dialog.loader.preview is not None, "the preview")
        assert (dialog.windowTitle(), dialog.cancel.text()) == ("What would run where", "Close")
        assert dialog.run.isHidden()
        assert any("lab-1" in text for _word, _tone, text in dialog.preview.lines.said)
        assert dialog.preview.tasks.said == []
        dialog.start()
        assert (await site.get(ROLLOUTS))["items"] == []

    run(story())


def test_it_is_said_which_tasks_are_for_which_device(real: RealContext, open_: Open, run: Run) -> None:
    site = real.site

    async def story() -> None:
        made = await _profile(site)
        script_id = made["tasks"][0]["script_id"]
        only = {"query": "name:lab-2"}
        second = {"name": "Lab 2 only", "action_type": "sh", "script_id": script_id, "condition": only}
        await site.call("POST", f"{PROFILES}/{made['id']}/tasks", second | {"order_index": 20})
        ids = tuple([await site.away(f"lab-{n}") for n in (1, 2)])
        await _known(real, "device", ids[1])
        await _known(real, "profile", made["id"])
        dialog = open_(RunRequest(profile_id=made["id"], device_ids=ids, only_look=True))
        await until(lambda: dialog.loader.preview is not None, "the preview")
        said = [(word, text) for word, _tone, text in dialog.preview.tasks.said]
        assert said == [("1", "Join"), ("2", "Lab 2 only: on 1 of 2 devices, by its condition")]
        table = dialog.preview.table
        cells = [table.model_.columns[1].text(one) for one in table.model_.shown_objects()]
        assert cells == ["1 of 2, not 2", "all 2"]
        assert not table.isColumnHidden(1)
        dialog.reject()

    run(story())


@pytest.mark.parametrize("action", [None, TaskAction.UNINSTALL])
def test_software_is_installed_and_taken_away(
    real: RealContext, open_: Open, trips: Trips, run: Run, action: TaskAction | None
) -> None:
    site = real.site

    async def story() -> None:
        item = await site.post(SOFTWARE, {"name": "curl", "installer_type": "apt", "source": "curl"})
        device_id = await site.away("lab-1")
        await _known(real, "device", device_id)
        await _known(real, "software", item["id"])
        dialog = open_(RunRequest(software_id=item["id"], action=action, device_ids=(device_id,)))
        (task,) = dialog.what.tasks
        assert task.work.line.text() == "curl"
        assert not task.revision.isVisible()
        assert not task.arguments.add.isVisible()
        assert task.action.currentText() == ("Uninstall" if action else "Install")
        await until(dialog.run.isEnabled, "the preview")
        dialog.run.click()
        await until(lambda: trips.opened, "the run")
        rollout = (await site.get(ROLLOUTS))["items"][0]
        assert rollout["software_id"] == item["id"]
        assert rollout["tasks"][0]["action"] == (action or TaskAction.INSTALL)

    run(story())


def test_a_script_is_undone(real: RealContext, open_: Open, run: Run) -> None:
    site = real.site

    async def story() -> None:
        script_id = await site.script("Greet", undo="echo bye\n")
        device_id = await site.away("lab-1")
        await _known(real, "device", device_id)
        await _known(real, "script", script_id)
        dialog = open_(RunRequest(script_id=script_id, device_ids=(device_id,)))
        (task,) = dialog.what.tasks
        assert [task.action.itemText(at) for at in range(task.action.count())] == ["Run", "Undo"]
        task.action.setCurrentIndex(1)
        wanted = dialog.wanted()
        assert wanted is not None
        assert (wanted.script_id, wanted.action) == (script_id, TaskAction.UNDO)
        dialog.reject()

    run(story())
