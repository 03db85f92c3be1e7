"""Templates, and the profiles that are made of them."""

from dataclasses import replace
from typing import Any

import pytest

from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.plans import PROFILES, TEMPLATES
from backend_lite.core.security.principal import Principal
from tests.backend.plans.conftest import Plans

pytestmark = pytest.mark.anyio


async def test_a_template_is_no_profile_and_a_profile_no_template(plans: Plans) -> None:
    profile, template = await plans.profile(), await plans.profile("Kiosk", is_template=True)
    assert await plans.ok("GET", f"{TEMPLATES}/{template['id']}") == template
    for wrong in (profile["id"], 99):
        assert await plans.refused("GET", f"{TEMPLATES}/{wrong}", 404) == "Template not found"
        path = f"{TEMPLATES}/{wrong}/instantiate"
        assert await plans.refused("POST", path, 404, json={}) == "Template not found"


async def test_instantiating_twice_gives_two_free_names(plans: Plans) -> None:
    script = await plans.script()
    tasks = [{"name": "One", "script_id": script, "timeout_s": 9}, {"name": "Two"}]
    template = await plans.profile("Kiosk", is_template=True, description="d", tasks=tasks)
    path = f"{TEMPLATES}/{template['id']}/instantiate"
    made = [await plans.ok("POST", path, 201, json={}) for _ in range(3)]
    assert [one["name"] for one in made] == ["Kiosk (copy)", "Kiosk (copy 2)", "Kiosk (copy 3)"]
    assert {one["is_template"] for one in made} == {False}
    assert [(task["name"], task["timeout_s"]) for task in made[0]["tasks"]] == [("One", 9), ("Two", None)]
    assert {task["id"] for task in made[0]["tasks"]}.isdisjoint(task["id"] for task in template["tasks"])
    assert made[0]["description"] == "d"


async def test_a_name_that_is_taken_is_refused_and_nothing_is_made(plans: Plans) -> None:
    template = await plans.profile("Kiosk", is_template=True)
    path = f"{TEMPLATES}/{template['id']}/instantiate"
    made = await plans.ok("POST", path, 201, json={"name": "Lobby", "description": "at the door"})
    assert (made["name"], made["description"]) == ("Lobby", "at the door")
    taken = "Profile with this name already exists"
    assert await plans.refused("POST", path, json={"name": "lobby"}) == taken
    assert len(await plans.ok("GET", PROFILES)) == 2


async def test_values_replace_those_of_the_template(plans: Plans) -> None:
    script = await plans.script(parameters=[{"name": "host"}, {"name": "port", "type": "number"}])
    task = {"name": "One", "script_id": script, "parameters": {"host": "a", "port": 1}}
    template = await plans.profile("Kiosk", is_template=True, tasks=[task])
    path, one = f"{TEMPLATES}/{template['id']}/instantiate", template["tasks"][0]["id"]
    made = await plans.ok("POST", path, 201, json={"parameters": {str(one): {"host": "b"}}})
    assert made["tasks"][0]["parameters"] == {"host": "b", "port": 1}
    wrong = {"parameters": {str(one): {"port": "x"}}}
    assert 'Task 1 ("One"): port takes a number' in await plans.refused("POST", path, json=wrong)
    unknown: dict[str, Any] = {"parameters": {"99": {}}}
    assert await plans.refused("POST", path, json=unknown) == '"Kiosk" has no task 99.'
    assert len(await plans.ok("GET", PROFILES)) == 2


async def test_a_profile_becomes_a_template_and_a_duplicate(plans: Plans) -> None:
    script = await plans.script()
    profile = await plans.profile(target_os_type="windows", tasks=[{"name": "One", "script_id": script}])
    path = f"{PROFILES}/{profile['id']}"
    template = await plans.ok("POST", f"{path}/save-as-template", 201, json={"name": "Base"})
    assert (template["is_template"], template["target_os_type"]) == (True, "windows")
    twin = await plans.ok("POST", f"{path}/duplicate", 201, json={})
    assert (twin["name"], twin["is_template"], twin["task_count"]) == ("Baseline (copy)", False, 1)
    other = await plans.ok("POST", f"{PROFILES}/{template['id']}/duplicate", 201, json={})
    assert (other["name"], other["is_template"]) == ("Base (copy)", True)
    for one in (template, twin):
        (first,) = (await plans.ok("GET", f"{PROFILES}/{one['id']}/revisions"))["items"]
        assert first["message"] == 'Made from "Baseline"'


async def test_templates_need_a_right_of_their_own(plans: Plans, monkeypatch: pytest.MonkeyPatch) -> None:
    template = await plans.profile("Kiosk", is_template=True)
    profile = await plans.profile()
    owner = await plans.service.access.authenticator.authenticate(plans.headers["Authorization"][7:])
    assert owner is not None
    some = frozenset(one for one in owner.permissions if not one.startswith("templates:"))
    lesser = replace(owner, permissions=some)

    async def authenticate(_token: str, *, used: bool = True) -> Principal:
        return lesser

    monkeypatch.setattr(plans.service.app.state["authenticator"], "authenticate", authenticate)
    assert [one["name"] for one in await plans.ok("GET", PROFILES)] == ["Baseline"]
    path = f"{PROFILES}/{template['id']}"
    assert await plans.refused("GET", path, 404) == "Profile not found"
    assert "templates:edit" in await plans.refused("PUT", path, 403, json={"name": "x"})
    assert "templates:delete" in await plans.refused("DELETE", path, 403)
    assert "templates:edit" in await plans.refused("POST", f"{path}/tasks", 403, json={"name": "x"})
    body = {"name": "x", "is_template": True}
    assert "templates:create" in await plans.refused("POST", PROFILES, 403, json=body)
    await plans.refused("GET", TEMPLATES, 403)
    await plans.refused("POST", f"{TEMPLATES}/{template['id']}/instantiate", 403, json={})
    await plans.refused("POST", f"{PROFILES}/{profile['id']}/save-as-template", 403, json={})
    assert await plans.ok("GET", SCRIPTS) == []
