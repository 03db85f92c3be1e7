"""The tasks of profiles: what each may say, and what is refused."""

from typing import Any

import pytest

from backend_lite.contract.plans import PROFILES
from backend_lite.contract.software import SOFTWARE
from tests.backend.plans.conftest import Plans

pytestmark = pytest.mark.anyio

PARAMETERS = [
    {"name": "target", "required": True},
    {"name": "count", "type": "number", "minimum": 1, "maximum": 5},
    {"name": "password", "type": "secret"},
    {"name": "seed", "type": "file"},
]


async def test_a_task_has_the_documented_defaults(plans: Plans) -> None:
    profile = await plans.profile()
    task = await plans.ok("POST", f"{PROFILES}/{profile['id']}/tasks", 201, json={"name": "Later"})
    assert task["profile_id"] == profile["id"]
    documented = {"order_index": 0, "action_type": "powershell_inline", "script_id": None}
    assert documented.items() <= task.items()
    assert task["continue_on_error"] is True
    assert task["problem"] == "The task has no script yet: choose one."


async def test_tasks_are_told_in_their_order(plans: Plans) -> None:
    path = f"{PROFILES}/{(await plans.profile())['id']}/tasks"
    for name, place in (("c", 30), ("a", 10), ("b", 10)):
        await plans.ok("POST", path, 201, json={"name": name, "order_index": place})
    assert [task["name"] for task in await plans.ok("GET", path)] == ["a", "b", "c"]


async def test_a_script_that_is_not_there_or_of_another_language_is_refused(plans: Plans) -> None:
    path = f"{PROFILES}/{(await plans.profile())['id']}/tasks"
    assert await plans.refused("POST", path, 404, json={"name": "t", "script_id": 9}) == "Script not found"
    shell = await plans.script("Shell", language="bash", content="true")
    detail = await plans.refused("POST", path, json={"name": "t", "script_id": shell})
    assert detail.startswith("Script language mismatch for PowerShell action")
    assert detail.endswith("script bash, action powershell")
    await plans.ok("POST", path, 201, json={"name": "t", "script_id": shell, "action_type": "bash"})
    missing = f"{PROFILES}/99/tasks"
    assert await plans.refused("POST", missing, 404, json={"name": "t"}) == "Profile not found"
    assert await plans.refused("GET", missing, 404) == "Profile not found"


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ({"action_type": "dance"}, 'cannot have the action type "dance"'),
        ({"action_type": "reboot"}, 'cannot have the action type "reboot"'),
        ({"action": "undo"}, "has no undo script"),
        ({"action": "detect"}, "has no detect script"),
        ({"action": "install"}, "A script cannot be told to install"),
        ({"timeout_s": 0}, "The timeout must be between 1 and"),
        ({"order_index": 10_000_000}, "order_index must be between"),
        ({"arguments": ["a\0b"]}, "cannot contain a NUL character"),
        ({"parameters": {"targt": "x"}}, "Did you mean target?"),
        ({"parameters": {"count": 9}}, "count must be at most 5"),
        ({"parameters": {"password": "s3cret"}}, "password is a secret, which a task does not keep"),
        (
            {"parameters": {"seed": {"file_name": "a", "content": ""}}},
            "seed is a file, which a task does not keep",
        ),
        ({"condition": {"os_type": "beos"}}, "no known operating system"),
        ({"condition": {"query": "os:("}}, "Say what os should be"),
        ({"software_id": 1}, "either a script or software"),
        ({"script_revision_id": 99}, 'is no revision of the script "Restart spooler"'),
    ],
)
async def test_what_a_task_cannot_be_is_said(plans: Plans, task: dict[str, Any], sentence: str) -> None:
    script = await plans.script(parameters=PARAMETERS)
    path = f"{PROFILES}/{(await plans.profile())['id']}/tasks"
    wanted = {"name": "t", "script_id": script} | task
    assert sentence in await plans.refused("POST", path, json=wanted)
    assert await plans.ok("GET", path) == []


async def test_a_secret_is_not_repeated_in_what_is_said(plans: Plans) -> None:
    script = await plans.script(parameters=PARAMETERS)
    path = f"{PROFILES}/{(await plans.profile())['id']}/tasks"
    wanted = {"name": "t", "script_id": script, "parameters": {"password": "s3cret"}}
    assert "s3cret" not in await plans.refused("POST", path, json=wanted)


async def test_a_pinned_revision_is_one_of_the_script(plans: Plans) -> None:
    mine, other = await plans.script(), await plans.script("Other")
    path = f"{PROFILES}/{(await plans.profile())['id']}/tasks"
    revision = (await plans.ok("GET", f"/api/v1/scripts/{mine}"))["revision_id"]
    wanted = {"name": "t", "script_id": other, "script_revision_id": revision}
    assert "is no revision of" in await plans.refused("POST", path, json=wanted)
    task = await plans.ok("POST", path, 201, json=wanted | {"script_id": mine})
    assert (task["script_revision_id"], task["script_revision"]) == (revision, 1)
    await plans.ok("PUT", f"/api/v1/scripts/{mine}", json={"content": "newer"})
    (pinned,) = await plans.ok("GET", path)
    assert pinned["script_revision"] == 1
    moved = await plans.ok("PUT", f"{path}/{task['id']}", json={"script_id": other})
    assert moved["script_revision_id"] is None


async def test_both_sides_of_a_wrong_system_are_named(plans: Plans) -> None:
    script = await plans.script(target_os_type="ubuntu", language="bash")
    task = {"name": "t", "script_id": script, "action_type": "bash"}
    path = f"{PROFILES}/{(await plans.profile(target_os_type='windows'))['id']}"
    sentence = 'The profile is for windows; the script "Restart spooler" is for ubuntu.'
    assert await plans.refused("POST", f"{path}/tasks", json=task) == sentence
    await plans.ok("PUT", path, json={"target_os_type": None, "tasks": [task]})
    assert sentence in await plans.refused("PUT", path, json={"target_os_type": "windows"})


async def test_a_task_changes_by_what_is_named(plans: Plans) -> None:
    script = await plans.script()
    profile = await plans.profile(tasks=[{"name": "One", "script_id": script, "timeout_s": 60}])
    (task,) = profile["tasks"]
    path = f"{PROFILES}/{profile['id']}/tasks/{task['id']}"
    changed = await plans.ok("PUT", path, json={"continue_on_error": False, "reboot": "always"})
    assert (changed["continue_on_error"], changed["reboot"], changed["timeout_s"]) == (False, "always", 60)
    answer = await plans.call("PUT", path, json={"name": "One"})
    assert answer.headers["etag"] == '"2"'
    assert await plans.refused("PUT", f"{path}9", 404, json={}) == "Task not found"
    await plans.ok("DELETE", path, 204)
    assert (await plans.ok("GET", f"{PROFILES}/{profile['id']}"))["tasks"] == []
    assert await plans.refused("DELETE", path, 404) == "Task not found"


async def test_all_tasks_are_put_at_once_or_none(plans: Plans) -> None:
    script = await plans.script()
    profile = await plans.profile(tasks=[{"name": "One", "script_id": script}, {"name": "Two"}])
    first, second = profile["tasks"]
    path = f"{PROFILES}/{profile['id']}/tasks/bulk"
    wrong = [second, first | {"parameters": {"x y": 1}}]
    assert 'Task 2 ("One"): ' in await plans.refused("PUT", path, json={"tasks": wrong})
    assert (await plans.ok("GET", f"{PROFILES}/{profile['id']}"))["tasks"] == [first, second]
    swapped = await plans.ok("PUT", path, json={"tasks": [second, {"name": "New"}, first]})
    assert [task["id"] for task in swapped["tasks"]][::2] == [second["id"], first["id"]]
    twice = {"tasks": [first, first]}
    assert "is there twice" in await plans.refused("PUT", path, json=twice)
    other = await plans.profile("Other", tasks=[{"name": "Theirs"}])
    assert "is no task of this profile" in await plans.refused("PUT", path, json={"tasks": other["tasks"]})


async def test_what_a_profile_uses_is_not_deleted(plans: Plans) -> None:
    script = await plans.script()
    item = await plans.ok("POST", SOFTWARE, 201, json={"name": "7-Zip", "install_command": "setup.exe"})
    tasks = [{"name": "One", "script_id": script}, {"name": "Two", "software_id": item["id"]}]
    await plans.profile(tasks=tasks)
    await plans.profile("Kiosk", is_template=True, tasks=tasks[:1])
    detail = await plans.refused("DELETE", f"/api/v1/scripts/{script}", 409)
    assert 'profile "Baseline", template "Kiosk"' in detail
    assert 'profile "Baseline"' in await plans.refused("DELETE", f"{SOFTWARE}/{item['id']}", 409)


async def test_software_is_installed_and_uninstalled(plans: Plans) -> None:
    item = await plans.ok("POST", SOFTWARE, 201, json={"name": "7-Zip", "install_command": "setup.exe"})
    path = f"{PROFILES}/{(await plans.profile())['id']}/tasks"
    task = await plans.ok("POST", path, 201, json={"name": "t", "software_id": item["id"]})
    assert (task["action"], task["action_type"]) == ("install", "install_software")
    assert (task["software_name"], task["problem"]) == ("7-Zip", "")
    wanted = {"name": "t", "software_id": item["id"], "action_type": "uninstall_software"}
    assert 'Nothing says how "7-Zip" is removed' in await plans.refused("POST", path, json=wanted)
    assert "Software not found" in await plans.refused(
        "POST", path, 404, json={"name": "t", "software_id": 9}
    )
    assert "Choose the software" in await plans.refused(
        "POST", path, json={"name": "t", "action_type": "install_software"}
    )
    assert "neither arguments nor parameters" in await plans.refused(
        "POST", path, json={"name": "t", "software_id": item["id"], "arguments": ["/S"]}
    )


async def test_a_task_says_what_became_wrong_with_it(plans: Plans) -> None:
    script = await plans.script(parameters=[{"name": "target"}])
    profile = await plans.profile(
        tasks=[{"name": "One", "script_id": script, "parameters": {"target": "here"}}]
    )
    await plans.ok("PUT", f"/api/v1/scripts/{script}", json={"parameters": [{"name": "place"}]})
    (task,) = (await plans.ok("GET", f"{PROFILES}/{profile['id']}"))["tasks"]
    assert 'The script has no parameter "target"' in task["problem"]
    assert task["script_name"] == "Restart spooler"
