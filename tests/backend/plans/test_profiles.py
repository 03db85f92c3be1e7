"""Profiles: names, versions, revisions, and who keeps one from being deleted."""

from typing import Any

import pytest

from backend_lite.contract.live import PROFILE, TEMPLATE
from backend_lite.contract.plans import PROFILES, TEMPLATES
from backend_lite.core.events.bus import Changed
from tests.backend.plans.conftest import Plans

pytestmark = pytest.mark.anyio


async def test_a_profile_keeps_what_it_is_given(plans: Plans) -> None:
    made = await plans.profile(description="Bootstrap", target_os_type="windows")
    assert (made["revision"], made["version"], made["task_count"], made["tasks"]) == (1, 1, 0, [])
    assert await plans.ok("GET", f"{PROFILES}/{made['id']}") == made
    (listed,) = await plans.ok("GET", PROFILES)
    assert listed == {name: value for name, value in made.items() if name != "tasks"}


@pytest.mark.parametrize("name", ['a/b\\c "quoted" <x>', "Küche 🍰 'n' more", "x" * 200])
async def test_a_name_may_be_anything_in_one_line(plans: Plans, name: str) -> None:
    made = await plans.profile(name)
    assert (await plans.ok("GET", f"{PROFILES}/{made['id']}"))["name"] == name


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": " "}, "A profile needs a name."),
        ({"name": "x" * 300}, "The name has 300 characters; at most 200 are allowed."),
        ({"name": "x", "target_os_type": "beos"}, '"beos" is no known operating system'),
        ({"name": "x", "description": "d" * 10_001}, "The description has 10,001 characters"),
        ({"name": "x", "tasks": [{"name": "t"}] * 101}, "at most 100 tasks; this would be 101"),
        ({"name": "x", "tasks": [{"name": ""}]}, 'Task 1 (""): A task needs a name.'),
    ],
)
async def test_what_is_wrong_is_said(plans: Plans, body: dict[str, Any], sentence: str) -> None:
    assert sentence in await plans.refused("POST", PROFILES, json=body)
    assert await plans.ok("GET", PROFILES) == []


async def test_a_name_is_taken_by_profiles_and_templates_alike(plans: Plans) -> None:
    await plans.profile("Kiosk", is_template=True)
    taken = "Profile with this name already exists"
    assert await plans.refused("POST", PROFILES, json={"name": "KIOSK"}) == taken
    other = await plans.profile("Other")
    assert await plans.refused("PUT", f"{PROFILES}/{other['id']}", json={"name": "kiosk"}) == taken


async def test_an_image_must_be_there(plans: Plans) -> None:
    body = {"name": "x", "os_image_id": 7}
    assert await plans.refused("POST", PROFILES, 404, json=body) == "OS image not found"


async def test_a_stale_change_is_refused_with_what_changed(plans: Plans) -> None:
    made = await plans.profile()
    path = f"{PROFILES}/{made['id']}"
    await plans.ok("PUT", path, json={"description": "new"}, version=1)
    detail = await plans.refused("PUT", path, 409, json={"name": "Mine"}, version=1)
    assert '"Baseline" was changed meanwhile (description)' in detail
    await plans.refused("DELETE", path, 409, version=1)
    await plans.refused("POST", f"{path}/tasks", 409, version=1, json={"name": "t"})


async def test_labels_and_tasks_change_as_one_revision(plans: Plans) -> None:
    script = await plans.script()
    made = await plans.profile()
    path = f"{PROFILES}/{made['id']}"
    tasks = [{"name": "One", "script_id": script}, {"name": "Two", "script_id": script}]
    body = {"name": "Better", "tasks": tasks, "message": "two tasks"}
    saved = await plans.ok("PUT", path, json=body)
    assert (saved["name"], saved["revision"], saved["version"], saved["task_count"]) == ("Better", 2, 2, 2)
    assert [(task["name"], task["order_index"]) for task in saved["tasks"]] == [("One", 10), ("Two", 20)]
    revisions = (await plans.ok("GET", f"{path}/revisions"))["items"]
    assert [(one["number"], one["author"], one["message"]) for one in revisions] == [
        (2, "ada", "two tasks"),
        (1, "ada", ""),
    ]
    assert [task["name"] for task in revisions[0]["tasks"]] == ["One", "Two"]


async def test_nothing_changed_is_no_revision(plans: Plans) -> None:
    script = await plans.script()
    made = await plans.profile(tasks=[{"name": "One", "script_id": script}])
    path = f"{PROFILES}/{made['id']}"
    again = await plans.ok("PUT", path, json={"name": "Baseline", "tasks": made["tasks"]})
    assert (again["revision"], again["version"]) == (1, 1)
    labels = await plans.ok("PUT", path, json={"description": "only this"})
    assert (labels["revision"], labels["version"]) == (1, 2)


async def test_going_back_makes_the_old_tasks_again(plans: Plans) -> None:
    script = await plans.script()
    made = await plans.profile(tasks=[{"name": "One", "script_id": script}, {"name": "Two"}])
    path = f"{PROFILES}/{made['id']}"
    await plans.ok("PUT", f"{path}/tasks/bulk", json={"tasks": [made["tasks"][1]]})
    old = await plans.ok("GET", f"{path}/revisions/1")
    back = await plans.ok("PUT", path, json={"tasks": old["tasks"], "message": "back to 1"})
    assert [task["name"] for task in back["tasks"]] == ["One", "Two"]
    assert back["tasks"][1]["id"] == made["tasks"][1]["id"]
    assert back["revision"] == 3
    assert await plans.refused("GET", f"{path}/revisions/9", 404) == "The profile has no revision 9."


async def test_lists_are_found_sorted_and_cut(plans: Plans) -> None:
    for name, system in (("Baseline", "windows"), ("Kiosk", "ubuntu"), ("Servers", None)):
        await plans.profile(name, target_os_type=system, is_template=name == "Kiosk")

    async def names(path: str, **query: Any) -> list[str]:
        return [one["name"] for one in await plans.ok("GET", path, params=query)]

    assert await names(PROFILES) == ["Baseline", "Kiosk", "Servers"]
    assert await names(TEMPLATES) == ["Kiosk"]
    assert await names(PROFILES, q="os:linux") == ["Kiosk"]
    assert await names(PROFILES, q="-template:yes tasks:0 base*") == ["Baseline"]
    assert await names(PROFILES, sort="-name", limit=1, offset=1) == ["Kiosk"]
    answer = await plans.call("GET", PROFILES, params={"limit": 1})
    assert answer.headers["x-total-count"] == "3"
    assert "Cannot sort" in await plans.refused("GET", PROFILES, params={"sort": "colour"})
    assert "colour" in await plans.refused("GET", PROFILES, params={"q": "colour:red"})


async def test_a_deleted_profile_is_gone_with_all_it_had(plans: Plans) -> None:
    script = await plans.script()
    made = await plans.profile(tasks=[{"name": "One", "script_id": script}])
    await plans.ok("DELETE", f"{PROFILES}/{made['id']}", 204)
    assert await plans.refused("GET", f"{PROFILES}/{made['id']}", 404) == "Profile not found"
    await plans.ok("DELETE", f"/api/v1/scripts/{script}", 204)


async def test_consoles_follow_profiles_and_templates_apart(plans: Plans) -> None:
    seen: list[tuple[str, int, Any]] = []
    bus = plans.service.kernel.bus
    bus.subscribe(Changed, lambda event: seen.append((event.kind, event.id, event.change)))
    profile, template = await plans.profile(), await plans.profile("Kiosk", is_template=True)
    await plans.ok("DELETE", f"{PROFILES}/{template['id']}", 204)
    assert [(kind, one) for kind, one, _ in seen] == [
        (PROFILE, profile["id"]),
        (TEMPLATE, template["id"]),
        (TEMPLATE, template["id"]),
    ]
    assert "tasks" not in seen[0][2]
    assert seen[2][2] is None
    kinds = plans.service.kernel.live.kinds
    snapshot = kinds[TEMPLATE].snapshot
    assert snapshot is not None
    assert (kinds[TEMPLATE].permission, await snapshot()) == ("templates:view", [])
