"""The lists of profiles and templates, and what is made from them, against the real service."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.live import PROFILE, TEMPLATE
from backend_lite.contract.plans import PROFILES
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.plans.copy_dialog import CopyDialog
from console.features.plans.plans_page import PlansPage, ProfilesPage, TemplatesPage
from tests.backend.runs.site import Site
from tests.console.plans.conftest import PARAMETERS, Run
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext
from tests.helpers.waiting import until

Object = dict[str, Any]


def shown(page: PlansPage) -> list[str]:
    return [str(one["name"]) for one in page.table.model_.shown_objects()]


def press(page: PlansPage, title: str) -> None:
    menu = page.table.context_menu()
    next(action for action in menu.actions() if action.text() == title).trigger()


@pytest.fixture
def profiles(real: RealContext, trips: Trips, qtbot: QtBot) -> ProfilesPage:
    made = ProfilesPage(real.context)
    _show(made, qtbot)
    return made


@pytest.fixture
def templates(real: RealContext, trips: Trips, qtbot: QtBot) -> TemplatesPage:
    made = TemplatesPage(real.context)
    _show(made, qtbot)
    return made


def _show(page: PlansPage, qtbot: QtBot) -> None:
    qtbot.addWidget(page)
    qtbot.addWidget(page.info)
    page.resize(900, 400)
    page.show()


async def _made(site: Site, name: str, **fields: Any) -> Object:
    made: Object = await site.post(PROFILES, {"name": name} | fields)
    return made


async def _with_task(site: Site, name: str, **fields: Any) -> Object:
    script_id = await site.script(f"{name} script", parameters=PARAMETERS)
    task = {"name": "Clean", "action_type": "sh", "script_id": script_id, "parameters": {"Days": 7}}
    return await _made(site, name, tasks=[task], **fields)


def test_profiles_and_templates_are_listed_apart(
    profiles: ProfilesPage, templates: TemplatesPage, site: Site, run: Run
) -> None:
    async def story() -> None:
        assert profiles.centre.currentWidget() is profiles.nothing
        await _made(site, "Office", target_os_type="windows", description="Desks")
        await _made(site, "Base", is_template=True)
        await until(lambda: shown(profiles) == ["Office"] and shown(templates) == ["Base"], "both")

    run(story())
    assert unnamed(profiles) == unnamed(templates) == []
    assert [column.title for column in profiles.table.model_.columns] == [
        "Name",
        "Runs on",
        "Tasks",
        "Devices",
        "Revision",
        "Updated",
        "Description",
    ]


def test_the_filter_speaks_the_query_language(
    profiles: ProfilesPage, site: Site, run: Run, qtbot: QtBot
) -> None:
    async def story() -> None:
        await _made(site, "Office", target_os_type="windows")
        await _made(site, "Kiosk", target_os_type="windows", description="By the door")
        await _made(site, "Servers", target_os_type="ubuntu")
        await until(lambda: len(shown(profiles)) == 3, "three")

    run(story())
    for query, found in (
        ("os:linux", ["Servers"]),
        ("door", ["Kiosk"]),
        ("os:windows -name:kiosk", ["Office"]),
        ("updated<1h tasks:0", ["Kiosk", "Office", "Servers"]),
    ):
        profiles.filter.box.setText(query)
        qtbot.waitUntil(lambda found=found: shown(profiles) == found)  # type: ignore[misc]
    profiles.filter.box.setText("colour:red")
    profiles.filter.query_box.say_now()
    assert "no field" in profiles.problem.text.text()


def test_a_chosen_profile_shows_its_tasks(profiles: ProfilesPage, site: Site, trips: Trips, run: Run) -> None:
    async def story() -> Object:
        made = await _with_task(site, "Office")
        await until(lambda: shown(profiles) == ["Office"], "it")
        profiles.table.select([made["id"]])
        await until(lambda: profiles.info.tasks.said, "its tasks")
        return made

    made = run(story())
    assert profiles.info.tasks.said == [("1", "idle", "Clean\nOffice script")]
    profiles.info.use.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(profile_id=made["id"]))]


def test_the_devices_of_a_profile_are_counted(profiles: ProfilesPage, site: Site, run: Run) -> None:
    def count() -> str:
        column = next(one for one in profiles.table.model_.columns if one.key == "devices")
        return next((column.text(one) for one in profiles.table.model_.shown_objects()), "")

    async def story() -> None:
        made = await _made(site, "Office")
        device_id = await site.away("lab-1")
        await until(lambda: count() == "0", "the profile")
        await site.call("PUT", f"/api/v1/devices/{device_id}", {"profile_id": made["id"]})
        await until(lambda: count() == "1", "its device")
        await site.call("PUT", f"/api/v1/devices/{device_id}", {"profile_id": None})
        await until(lambda: count() == "0", "no device")

    run(story())


def test_one_that_is_in_use_is_not_deleted_and_its_users_are_named(
    profiles: ProfilesPage, site: Site, real: RealContext, run: Run
) -> None:
    async def story() -> None:
        used, free = await _made(site, "Used"), await _made(site, "Free")
        device_id = await site.away("lab-1")
        await site.call("PUT", f"/api/v1/devices/{device_id}", {"profile_id": used["id"]})
        await until(lambda: len(shown(profiles)) == 2, "both")
        profiles.table.select([used["id"], free["id"]])
        dialog = profiles.wishes.ask_delete(profiles.table.selected_objects())
        dialog.buttons["yes"].click()
        await until(lambda: shown(profiles) == ["Used"] and len(real.notices) == 2, "the deletion")

    run(story())
    assert "lab-1" in real.notices[0].text
    assert real.notices[1].text == "1 was deleted."


def test_a_profile_is_duplicated_under_a_free_name(
    profiles: ProfilesPage, site: Site, trips: Trips, run: Run
) -> None:
    async def story() -> None:
        made = await _with_task(site, "Office")
        await until(lambda: shown(profiles) == ["Office"], "it")
        profiles.table.select([made["id"]])
        press(profiles, "Duplicate")
        await until(lambda: trips.opened and len(shown(profiles)) == 2, "the copy")

    run(story())
    assert shown(profiles) == ["Office", "Office (copy)"]


async def _ready(dialog: CopyDialog) -> None:
    await until(dialog.name_box.text, "the dialog")


def test_a_template_becomes_a_profile_with_a_name_and_values(
    templates: TemplatesPage, site: Site, trips: Trips, run: Run
) -> None:
    async def story() -> Object:
        made = await _with_task(site, "Base", is_template=True)
        await until(lambda: shown(templates) == ["Base"], "it")
        dialog = templates.wishes.instantiate(made)
        await _ready(dialog)
        assert unnamed(dialog) == []
        assert dialog.name_box.text() == "Base (copy)"
        (form,) = dialog.forms.values()
        box = form.inputs["Days"].box  # type: ignore[attr-defined]
        assert box.text() == "7"
        box.setText("14")
        box.textEdited.emit("14")
        dialog.name_box.setText("Office")
        dialog.description.setText("From the base")
        dialog.make.click()
        await until(lambda: trips.opened, "the profile")
        found: Object = await site.get(f"{PROFILES}/{trips.opened[-1][1]}")
        return found

    found = run(story())
    assert (found["name"], found["description"], found["is_template"]) == ("Office", "From the base", False)
    assert [task["parameters"] for task in found["tasks"]] == [{"Days": 14}]


def test_a_name_that_is_taken_is_said_in_place(
    templates: TemplatesPage, site: Site, real: RealContext, run: Run
) -> None:
    async def story() -> None:
        made = await _with_task(site, "Base", is_template=True)
        await _made(site, "Office")
        dialog = templates.wishes.instantiate(made)
        await _ready(dialog)
        dialog.name_box.setText("Office")
        dialog.make.click()
        await until(lambda: dialog.name.error, "the refusal")
        assert dialog.make.isEnabled()
        dialog.reject()

    run(story())
    assert len(real.context.live.kind(PROFILE)) == 1


def test_a_profile_is_saved_as_a_template(
    profiles: ProfilesPage, site: Site, real: RealContext, run: Run
) -> None:
    async def story() -> None:
        made = await _with_task(site, "Office")
        dialog = profiles.wishes.save_as_template(made)
        await _ready(dialog)
        assert dialog.name_box.text() == "Office template"
        dialog.make.click()
        await until(lambda: real.notices and real.context.live.kind(TEMPLATE), "the template")

    run(story())
    assert real.notices[-1].text == "The template “Office template” was made."
    (template,) = real.context.live.kind(TEMPLATE).values()
    assert template["task_count"] == 1
