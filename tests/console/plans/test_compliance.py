"""Which devices have a profile, and how it went there; against the real service."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from agent.wire.states import StepState
from backend_lite.contract.plans import Compliance, ProfileDevice, TaskResult
from backend_lite.contract.runs import ROLLOUTS
from console.core.plan_request import ASSIGN_DIALOG, AssignRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.plans import compliance_view
from console.features.plans.assign_dialog import AssignDialog
from console.widgets.table_columns import Kind
from console.widgets.table_delegate import TableDelegate
from tests.backend.runs.site import Site
from tests.console.plans.conftest import Desk, Run
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

STATES = StepState


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compliance_view, "NEWS_MS", 1)


def device(
    device_id: int, compliance: Compliance, revision: int | None = 1, *states: StepState
) -> ProfileDevice:
    tasks = [TaskResult(n, n, f"Task {n}", state, "", None) for n, state in enumerate(states, 1)]
    run_id = None if revision is None else device_id * 10
    at = None if revision is None else "2026-03-04T10:00:00.000Z"
    return ProfileDevice(
        device_id, f"lab-{device_id}", compliance, revision, run_id, None, None, at, None, tasks
    )


MIXED = [
    device(1, Compliance.CURRENT, 1, STATES.SUCCEEDED, STATES.SUCCEEDED),
    device(2, Compliance.FAILED, 1, STATES.FAILED, STATES.SKIPPED),
    device(3, Compliance.OUTDATED, 0, STATES.SUCCEEDED),
    device(4, Compliance.ASSIGNED, None),
]


@pytest.fixture
def mixed(desk: Desk) -> Desk:
    """Its page shows devices in every state."""
    desk.page.devices._asking = True
    desk.page.tabs.setCurrentIndex(1)
    desk.page.devices._fill(MIXED)
    return desk


def cell(desk: Desk, device_id: int, key: str) -> str:
    model = desk.page.devices.table.model_
    found = model.get(device_id)
    assert found is not None
    return next(column.text(found) for column in model.columns if column.key == key)


def test_a_device_that_gets_the_profile_appears(desk: Desk, site: Site, run: Run) -> None:
    view = desk.page.devices

    async def story() -> None:
        desk.page.tabs.setCurrentIndex(1)
        await until(lambda: not view._asking, "the answer")
        assert view.centre.currentWidget() is view.nothing
        device_id = await site.away("lab-1")
        await site.call("PUT", f"/api/v1/devices/{device_id}", {"profile_id": desk.profile_id})
        await until(lambda: view.table.model_.total == 1, "the device")
        assert cell(desk, device_id, "state") == "Never applied"

    run(story())


def test_an_applied_profile_is_seen_running(desk: Desk, site: Site, run: Run, trips: Trips) -> None:
    view = desk.page.devices

    async def story() -> None:
        desk.page.tabs.setCurrentIndex(1)
        device_id = await site.away("lab-1")
        clean = desk.task("Clean").key
        body = {
            "profile_id": desk.profile_id,
            "targets": {"devices": [device_id]},
            "task_parameters": {str(clean): {"Password": "secret"}},
        }
        made = await site.post(ROLLOUTS, body)
        await until(lambda: view.table.model_.total == 1, "the device")
        assert (cell(desk, device_id, "state"), cell(desk, device_id, "revision")) == ("Running", "1")
        view.table.opened.emit(device_id)
        assert trips.opened[-1] == ("run", str(made["run_ids"][0]))

    run(story())


def test_states_are_words_and_those_to_mend_come_first(mixed: Desk) -> None:
    table = mixed.page.devices.table
    order = [item["id"] for item in table.model_.shown_objects()]
    assert order[:2] == [2, 3]
    assert cell(mixed, 2, "tasks") == "1 Failed, 2 Skipped"
    assert cell(mixed, 3, "revision") == "0 1 behind"
    assert cell(mixed, 4, "revision") == ""
    assert unnamed(mixed.page) == []


def test_each_state_says_its_task(mixed: Desk) -> None:
    table = mixed.page.devices.table
    column = next(at for at, one in enumerate(table.model_.columns) if one.kind is Kind.CELLS)
    index = table.model_.index(table.model_.position_of(2) or 0, column)
    delegate = table.itemDelegate()
    assert isinstance(delegate, TableDelegate)
    left = table.visualRect(index).left() + 10
    found = [delegate.cell_at(index, left + x) for x in (2, 19, 23, 60)]
    words = [one and (one.glyph, one.words) for one in found]
    assert words == [("✕", "1. Task 1: Failed"), None, ("–", "2. Task 2: Skipped"), None]
    assert not table.grab(table.visualRect(index).translated(QPoint(0, 30))).isNull()


def test_states_filter(mixed: Desk, qtbot: QtBot) -> None:
    view = mixed.page.devices
    view.filter.choose("failed")
    qtbot.waitUntil(lambda: [item["id"] for item in view.table.model_.shown_objects()] == [2])


def test_it_is_applied_again_where_it_failed_or_is_outdated(mixed: Desk, trips: Trips) -> None:
    view = mixed.page.devices
    assert view.again.text() == "Apply again to 2 failed or outdated…"
    view.again.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(profile_id=mixed.profile_id, device_ids=(2, 3)))]


def test_devices_can_be_assigned_from_here(mixed: Desk, trips: Trips) -> None:
    mixed.page.devices.assign.click()
    assert trips.asked == [(ASSIGN_DIALOG, AssignRequest(profile_id=mixed.profile_id))]


def test_three_thousand_devices_are_shown_in_slices(mixed: Desk, run: Run) -> None:
    view = mixed.page.devices
    many = [device(n, Compliance.CURRENT, 1, *[STATES.SUCCEEDED] * 8) for n in range(1, 3001)]
    before = time.thread_time()
    view._fill(many)
    taken = time.thread_time() - before

    async def story() -> None:
        await until(lambda: view.table.model_.rowCount() == 3000, "all of them")

    run(story())
    # Making 3,000 rows of 8 results each is all that is done at once; the model builds itself in slices.
    assert taken < 1.0


# ---- assigning


def test_devices_get_a_profile_and_it_is_applied_on_request(
    desk: Desk, site: Site, trips: Trips, run: Run
) -> None:
    context = desk.real.context

    async def story() -> None:
        device_id = await site.away("lab-1")
        await until(lambda: context.live.get("device", device_id), "the device")
        dialog = AssignDialog(desk.page, context, AssignRequest((device_id,)))
        dialog.open()
        assert (dialog.profile.currentIndex(), dialog.save.isEnabled()) == (-1, False)
        assert unnamed(dialog) == []
        dialog.profile.setCurrentIndex(dialog.profile.findData(desk.profile_id))
        dialog.apply.setChecked(True)
        dialog.save.click()
        await until(lambda: trips.asked, "the dialog that applies it")
        assert trips.asked == [(RUN_DIALOG, RunRequest(profile_id=desk.profile_id, device_ids=(device_id,)))]
        found = await site.get(f"/api/v1/devices/{device_id}")
        assert found["profile_id"] == desk.profile_id

    run(story())


def test_a_profile_for_another_system_is_not_assigned(desk: Desk, site: Site, run: Run) -> None:
    context = desk.real.context

    async def story() -> None:
        body = {"target_os_type": "windows", "name": "Windows only"}
        made = await site.post("/api/v1/profiles", body)
        device_id = await site.away("lab-1")
        await until(lambda: context.live.get("device", device_id) and context.live.get("profile", made["id"]))
        dialog = AssignDialog(desk.page, context, AssignRequest((device_id,)))
        dialog.open()
        dialog.profile.setCurrentIndex(dialog.profile.findData(made["id"]))
        assert dialog.warning.text() == "The profile is for Windows; lab-1 cannot take it."
        assert not dialog.save.isEnabled()
        dialog.reject()

    run(story())


def test_a_profile_gets_devices(desk: Desk, site: Site, run: Run) -> None:
    context = desk.real.context

    async def story() -> None:
        ids = [await site.away(f"lab-{n}") for n in (1, 2)]
        await until(lambda: context.live.get("device", ids[1]), "the devices")
        dialog = AssignDialog(desk.page, context, AssignRequest(profile_id=desk.profile_id))
        dialog.open()
        assert not dialog.save.isEnabled()
        await until(lambda: dialog.picker.table.model_.total == 2, "the list")
        dialog.picker.toggle(ids)
        dialog.picker.toggle(ids[:1])
        assert dialog.about.text() == "“Baseline” for 1 device."
        dialog.save.click()
        await until(lambda: desk.real.notices, "the end")
        found = [(await site.get(f"/api/v1/devices/{one}"))["profile_id"] for one in ids]
        assert found == [None, desk.profile_id]

    run(story())
