"""Profiles and templates as their document describes them: its own example bodies, answers and refusals."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import FACTS, Device

pytestmark = pytest.mark.anyio

SCRIPTS, PROFILES, TEMPLATES = "/api/v1/scripts", "/api/v1/profiles", "/api/v1/templates"
BASELINE = {
    "name": "Windows Baseline",
    "description": "Bootstrap and harden a Windows endpoint",
    "target_os_type": "windows",
}
TASK = {
    "name": "Install agent",
    "order_index": 10,
    "action_type": "powershell_inline",
    "script_id": 1,
    "continue_on_error": True,
}
APPLY = {"device_ids": [1]}
PROFILE_FIELDS = {
    "id",
    "name",
    "description",
    "target_os_type",
    "is_template",
    "created_at",
    "updated_at",
}
TASK_FIELDS = {
    "id",
    "profile_id",
    "name",
    "description",
    "order_index",
    "action_type",
    "script_id",
    "continue_on_error",
    "created_at",
    "updated_at",
}


class Client:
    """Signed in, and otherwise what the document says."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    async def ok(self, method: str, path: str, status: int, body: Any = None) -> Any:
        answer = await self._send(method, path, body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, status: int, body: Any = None) -> str:
        answer = await self._send(method, path, body)
        assert answer.status_code == status, answer.text
        return str(answer.json()["detail"])

    async def _send(self, method: str, path: str, body: Any) -> Any:
        client = self.fleet.service.client
        return await client.request(method, path, headers=self.fleet.owner, json=body)


@pytest.fixture
async def client(fleet_service: Fleet) -> Client:
    """With the script 1 and the device 1, a Windows machine."""
    client = Client(fleet_service)
    facts = dataclasses.replace(FACTS, os_type="windows", languages=("powershell", "cmd"))
    assert await fleet_service.enrolled(Device(), facts=facts) == 1
    await client.ok("POST", SCRIPTS, 201, {"name": "Agent", "content": "Install-Agent"})
    return client


async def test_the_examples_of_the_document_work_as_written(client: Client) -> None:
    profile = await client.ok("POST", PROFILES, 201, BASELINE)
    assert profile.keys() >= PROFILE_FIELDS
    assert BASELINE.items() <= profile.items()
    assert profile["is_template"] is False
    path = f"{PROFILES}/{profile['id']}"
    task = await client.ok("POST", f"{path}/tasks", 201, TASK)
    assert task.keys() >= TASK_FIELDS
    assert (TASK | {"profile_id": profile["id"]}).items() <= task.items()
    assert await client.ok("GET", f"{path}/tasks", 200) == [task]
    assert (await client.ok("GET", path, 200))["tasks"] == [task]
    assert (await client.ok("POST", f"{path}/apply", 202, APPLY))["created_actions"] == 1
    (action,) = await client.ok("GET", "/api/v1/devices/1/actions", 200)
    assert (action["type"], action["status"], action["payload"], action["script_id"]) == (
        "powershell_inline",
        "pending",
        "Install-Agent",
        1,
    )


async def test_lists_are_by_name_and_profiles_include_templates(client: Client) -> None:
    for name, is_template in (("b", True), ("c", False), ("a", False)):
        await client.ok("POST", PROFILES, 201, {"name": name, "is_template": is_template})
    assert [one["name"] for one in await client.ok("GET", PROFILES, 200)] == ["a", "b", "c"]
    assert [one["name"] for one in await client.ok("GET", TEMPLATES, 200)] == ["b"]


async def test_a_template_is_instantiated_with_its_tasks(client: Client) -> None:
    template = await client.ok("POST", PROFILES, 201, BASELINE | {"is_template": True})
    await client.ok("POST", f"{PROFILES}/{template['id']}/tasks", 201, TASK)
    path = f"{TEMPLATES}/{template['id']}"
    assert [task["name"] for task in (await client.ok("GET", path, 200))["tasks"]] == ["Install agent"]
    copy = await client.ok("POST", f"{path}/instantiate", 201, {})
    assert (copy["name"], copy["is_template"], len(copy["tasks"])) == ("Windows Baseline (copy)", False, 1)
    named = await client.ok("POST", f"{path}/instantiate", 201, {"name": "Mine", "description": "d"})
    assert (named["name"], named["description"]) == ("Mine", "d")
    taken = await client.refused("POST", f"{path}/instantiate", 400, {"name": "Mine"})
    assert taken == "Profile with this name already exists"
    again = await client.ok("POST", f"{path}/instantiate", 201, {})
    assert again["name"] == "Windows Baseline (copy 2)"


async def test_the_documented_refusals(client: Client) -> None:
    profile = await client.ok("POST", PROFILES, 201, BASELINE)
    path = f"{PROFILES}/{profile['id']}"
    shell = {"name": "Shell", "content": "true", "language": "bash"}
    bash = (await client.ok("POST", SCRIPTS, 201, shell))["id"]
    for method, where, status, body, sentence in (
        ("POST", PROFILES, 400, BASELINE, "Profile with this name already exists"),
        ("GET", f"{PROFILES}/99", 404, None, "Profile not found"),
        ("GET", f"{PROFILES}/99/tasks", 404, None, "Profile not found"),
        ("POST", f"{PROFILES}/99/tasks", 404, TASK, "Profile not found"),
        ("POST", f"{PROFILES}/99/apply", 404, APPLY, "Profile not found"),
        ("POST", f"{path}/tasks", 404, TASK | {"script_id": 99}, "Script not found"),
        ("POST", f"{path}/apply", 400, {"device_ids": []}, "No device IDs provided"),
        ("POST", f"{path}/apply", 400, APPLY, "Profile has no tasks"),
        ("GET", f"{TEMPLATES}/99", 404, None, "Template not found"),
        ("GET", f"{TEMPLATES}/{profile['id']}", 404, None, "Template not found"),
        ("POST", f"{TEMPLATES}/{profile['id']}/instantiate", 404, {}, "Template not found"),
    ):
        assert await client.refused(method, where, status, body) == sentence
    mismatch = await client.refused("POST", f"{path}/tasks", 400, TASK | {"script_id": bash})
    assert mismatch.startswith("Script language mismatch for PowerShell action")
    missing = await client.fleet.service.client.post(PROFILES, headers=client.fleet.owner, json={})
    assert missing.status_code == 422


async def test_profiles_and_tasks_are_changed_and_deleted(client: Client) -> None:
    profile = await client.ok("POST", PROFILES, 201, BASELINE)
    path = f"{PROFILES}/{profile['id']}"
    changed = await client.ok("PUT", path, 200, {"description": "Other"})
    assert (changed["name"], changed["description"]) == ("Windows Baseline", "Other")
    task = await client.ok("POST", f"{path}/tasks", 201, TASK)
    renamed = await client.ok("PUT", f"{path}/tasks/{task['id']}", 200, {"name": "Renamed"})
    assert (renamed["name"], renamed["order_index"]) == ("Renamed", 10)
    whole = await client.ok("PUT", f"{path}/tasks/bulk", 200, {"tasks": [TASK, renamed]})
    assert [one["name"] for one in whole["tasks"]] == ["Install agent", "Renamed"]
    await client.ok("DELETE", f"{path}/tasks/{task['id']}", 204)
    await client.ok("DELETE", path, 204)
    assert await client.ok("GET", PROFILES, 200) == []


async def test_what_cannot_be_applied_is_told_and_not_passed_over(client: Client) -> None:
    profile = await client.ok("POST", PROFILES, 201, BASELINE)
    path = f"{PROFILES}/{profile['id']}"
    await client.ok("POST", f"{path}/tasks", 201, TASK)
    await client.ok("PUT", "/api/v1/devices/1", 200, {"os_type": "linux"})
    told = await client.ok("POST", f"{path}/apply", 202, {"device_ids": [1, 7]})
    assert told["created_actions"] == 0
    assert [line["problem"] for line in told["devices"]] == ["os_mismatch", "unknown_device"]
    assert await client.ok("GET", "/api/v1/devices/1/actions", 200) == []


async def test_software_is_an_action_too(client: Client) -> None:
    path = "/api/v1/devices/1/actions"
    wanted = {"type": "install_software", "software_id": 1}
    assert await client.refused("POST", path, 404, wanted) == "Software not found"
    assert await client.refused("POST", path, 400, {"type": "install_software"}) == (
        "software_id must be provided"
    )
    item = {"name": "7-Zip", "install_command": "setup.exe /S"}
    await client.ok("POST", "/api/v1/software/", 201, item)
    action = await client.ok("POST", path, 201, wanted)
    assert (action["type"], action["status"]) == ("install_software", "pending")
    await client.ok("PUT", "/api/v1/software/1", 200, {"target_os_type": "linux"})
    detail = await client.refused("POST", path, 400, wanted)
    assert "software linux, device windows" in detail
