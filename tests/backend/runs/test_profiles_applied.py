"""Applying profiles to devices: a line for each of them, and what is known of it afterwards."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from nacl.public import SealedBox
from sqlalchemy import event

from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.plans import PROFILES
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.tables import DeviceRow
from backend_lite.features.runs.removal import remove_runs
from backend_lite.features.runs.tables import AppliedProfileRow
from tests.backend.runs.site import Site
from tests.helpers.agents import Device

pytestmark = pytest.mark.anyio


async def profile(site: Site, *tasks: Any, **fields: Any) -> Any:
    """Its tasks are names; each runs the script `hi`."""
    script = await site.script()
    wanted = [
        {"name": task, "script_id": script, "action_type": "sh"} if isinstance(task, str) else task
        for task in tasks
    ]
    return await site.post(PROFILES, {"name": "Baseline", "tasks": wanted} | fields)


async def apply(site: Site, profile_id: int, *devices: int, **fields: Any) -> Any:
    answer = await site.call("POST", f"{PROFILES}/{profile_id}/apply", {"device_ids": list(devices)} | fields)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def compliance(site: Site, profile_id: int, **params: Any) -> list[Any]:
    found: list[Any] = await site.get(f"{PROFILES}/{profile_id}/devices", **params)
    return found


async def test_the_tasks_run_in_their_order(site: Site) -> None:
    made, worker = await profile(site, "One", "Two"), await site.worker()
    done = await apply(site, made["id"], worker.device_id)
    (line,) = done["devices"]
    assert (done["created_actions"], line["created_actions"], line["problem"]) == (2, 2, None)
    await worker.carries_out()
    await worker.carries_out()
    run = await site.run(line["run_id"])
    assert (run["state"], [step["name"] for step in run["steps"]]) == ("succeeded", ["One", "Two"])
    rollout = await site.get(f"{ROLLOUTS}/{done['rollout_id']}")
    assert (rollout["title"], rollout["profile_id"], rollout["profile_revision"]) == (
        "Baseline",
        made["id"],
        1,
    )
    assert [task["profile_task_id"] for task in rollout["tasks"]] == [task["id"] for task in made["tasks"]]


async def test_a_failure_stops_the_rest_where_the_task_says_so(site: Site) -> None:
    made, worker = await profile(site, "One", "Two"), await site.worker()
    path = f"{PROFILES}/{made['id']}/tasks/{made['tasks'][0]['id']}"
    first = await apply(site, made["id"], worker.device_id)
    await worker.carries_out(exit_code=1)
    await worker.carries_out()
    assert (await site.run(first["devices"][0]["run_id"]))["state"] == "succeeded"
    assert (await site.call("PUT", path, {"continue_on_error": False})).status_code == 200
    second = await apply(site, made["id"], worker.device_id)
    await worker.carries_out(exit_code=1)
    run = await site.run(second["devices"][0]["run_id"])
    assert (run["state"], [step["state"] for step in run["steps"]]) == ("failed", ["failed", "skipped"])


async def test_every_device_is_told(site: Site) -> None:
    made = await profile(site, "One", target_os_type="windows")
    linux, gone, apart, good = [await site.away(f"pc-{n}") for n in range(4)]
    await site.call("PUT", f"{DEVICES}/{good}", {"os_type": "windows"})
    await site.call("PUT", f"{DEVICES}/{apart}", {"os_type": "windows"})
    await site.fleet.retire(gone)

    def quarantine(unit: Unit) -> None:
        unit.session.get_one(DeviceRow, apart).admission = "quarantined"

    await site.service.kernel.database.write(quarantine)
    done = await apply(site, made["id"], 99, linux, good, gone, apart, linux)
    lines = [(line["device_id"], line["problem"], line["created_actions"]) for line in done["devices"]]
    assert lines == [
        (99, "unknown_device", 0),
        (linux, "os_mismatch", 0),
        (good, None, 1),
        (gone, "retired", 0),
        (apart, "quarantined", 0),
    ]
    assert "The profile is for windows; pc-0 is linux." in [line["detail"] for line in done["devices"]]
    assert done["created_actions"] == 1


async def test_nothing_is_made_where_nobody_can_take_it(site: Site) -> None:
    made, linux = await profile(site, "One", target_os_type="windows"), await site.away()
    done = await apply(site, made["id"], 99, linux)
    assert (done["created_actions"], done["rollout_id"], len(done["devices"])) == (0, None, 2)
    assert (await site.get(ROLLOUTS))["items"] == []


async def test_what_is_refused_as_a_whole(site: Site) -> None:
    empty = await site.post(PROFILES, {"name": "Empty"})
    bare = await site.post(PROFILES, {"name": "Bare", "tasks": [{"name": "Later"}]})
    template = await profile(site, "One", is_template=True)
    device = await site.away()

    async def refusal(profile_id: int, body: Any) -> tuple[int, str]:
        return await site.refusal(f"{PROFILES}/{profile_id}/apply", body)

    one = {"device_ids": [device]}
    assert await refusal(99, one) == (404, "Profile not found")
    assert await refusal(empty["id"], {"device_ids": []}) == (400, "No device IDs provided")
    assert await refusal(empty["id"], one) == (400, "Profile has no tasks")
    assert 'Task 1 ("Later") has no script' in (await refusal(bare["id"], one))[1]
    assert "is a template" in (await refusal(template["id"], one))[1]
    assert "has no task 99" in (await refusal(bare["id"], one | {"parameters": {"99": {}}}))[1]


async def test_a_secret_is_asked_for_and_kept_for_the_device_alone(site: Site) -> None:
    script = await site.script(
        "Join", parameters=[{"name": "password", "type": "secret", "required": True}, {"name": "domain"}]
    )
    task = {"name": "Join", "script_id": script, "action_type": "sh", "parameters": {"domain": "a"}}
    made, worker = await profile(site, task), await site.worker()
    path = f"{PROFILES}/{made['id']}/apply"
    body = {"device_ids": [worker.device_id]}
    assert await site.refusal(path, body) == (400, 'Task 1 ("Join"): password is needed: give a text.')
    values = {str(made["tasks"][0]["id"]): {"password": "s3cret", "domain": "b"}}
    done = await apply(site, made["id"], worker.device_id, parameters=values)
    offer = await worker.takes()
    assert offer.parameters == {"domain": "b"}
    private = worker.device.key.to_curve25519_private_key()
    assert SealedBox(private).decrypt(b64decode(offer.secrets["password"])) == b"s3cret"
    assert "s3cret" not in str(await site.get(f"{ROLLOUTS}/{done['rollout_id']}"))


async def test_the_same_key_applies_it_once(site: Site) -> None:
    made, device = await profile(site, "One"), await site.away()
    path, body = f"{PROFILES}/{made['id']}/apply", {"device_ids": [device]}
    answers = [await site.call("POST", path, body, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await site.get(ROLLOUTS))["items"]) == 1


async def test_groups_and_queries_bring_devices_too(site: Site) -> None:
    made = await profile(site, "One")
    first, second = await site.away("pc-1"), await site.away("pc-2")
    group = await site.group("all", devices=[first])
    done = await apply(site, made["id"], groups=[group], query="name:pc-2")
    assert [line["device_id"] for line in done["devices"]] == [first, second]


async def test_who_has_it_at_which_revision_with_which_results(site: Site) -> None:
    made = await profile(site, "One", "Two")
    path = f"{PROFILES}/{made['id']}"
    worker, away, assigned = await site.worker("b-1"), await site.away("c-2"), await site.away("a-3")
    await site.call("PUT", f"{DEVICES}/{assigned}", {"profile_id": made["id"]})
    await apply(site, made["id"], worker.device_id, away)
    await worker.carries_out()
    await worker.carries_out()
    lines = await compliance(site, made["id"])
    assert [(line["hostname"], line["compliance"], line["revision"]) for line in lines] == [
        ("a-3", "assigned", None),
        ("b-1", "current", 1),
        ("c-2", "running", 1),
    ]
    assert [(task["name"], task["state"], task["task_id"]) for task in lines[1]["tasks"]] == [
        ("One", "succeeded", made["tasks"][0]["id"]),
        ("Two", "succeeded", made["tasks"][1]["id"]),
    ]
    await site.call("PUT", f"{path}/tasks/bulk", {"tasks": made["tasks"][:1]})
    await apply(site, made["id"], worker.device_id)
    await worker.carries_out(exit_code=3)
    lines = await compliance(site, made["id"], q="name:b-1")
    assert [(line["compliance"], line["revision"]) for line in lines] == [("current", 2)]
    for word, expected in (("assigned", "a-3"), ("running", "c-2"), ("current", "b-1")):
        assert [line["hostname"] for line in await compliance(site, made["id"], compliance=word)] == [
            expected
        ]
    assert await compliance(site, made["id"], compliance="failed") == []
    assert await compliance(site, made["id"], sort="-hostname", limit=1, offset=1) == lines
    assert "Unknown compliance" in (await site.refusal(f"{path}/devices?compliance=x", method="GET"))[1]
    assert await site.refusal(f"{PROFILES}/99/devices", method="GET") == (404, "Profile not found")


async def test_what_is_known_outlives_the_run(site: Site) -> None:
    made, worker = await profile(site, "One"), await site.worker()
    await apply(site, made["id"], worker.device_id)
    await worker.carries_out()
    before = (await compliance(site, made["id"]))[0]
    await site.service.kernel.database.write(lambda unit: remove_runs(unit, before=1 << 60))
    (line,) = await compliance(site, made["id"])
    assert (line["run_id"], line["rollout_id"], line["tasks"]) == (None, None, [])
    for name in ("compliance", "revision", "state", "applied_at", "ended_at"):
        assert line[name] == before[name]
    assert (await compliance(site, made["id"], compliance="current"))[0] == line


async def test_a_deleted_profile_leaves_the_history_and_frees_its_devices(site: Site) -> None:
    made, device = await profile(site, "One"), await site.away("pc-1")
    path = f"{PROFILES}/{made['id']}"
    done = await apply(site, made["id"], device)
    await site.call("PUT", f"{DEVICES}/{device}", {"profile_id": made["id"]})
    status, detail = await site.refusal(path, method="DELETE")
    assert (status, 'device "pc-1"' in detail) == (409, True)
    await site.call("PUT", f"{DEVICES}/{device}", {"profile_id": None})
    assert (await site.call("DELETE", path)).status_code == 204
    assert (await site.get(f"{ROLLOUTS}/{done['rollout_id']}"))["title"] == "Baseline"
    left = await site.service.kernel.database.read(lambda session: session.query(AppliedProfileRow).count())
    assert left == 0


async def test_a_device_takes_only_a_profile_that_there_is_and_that_fits(site: Site) -> None:
    fits = await profile(site, "One")
    template = await site.post(PROFILES, {"name": "Kiosk", "is_template": True})
    other = await site.post(PROFILES, {"name": "Windows", "target_os_type": "windows"})
    path = f"{DEVICES}/{await site.away('pc-1')}"
    assert (await site.call("PUT", path, {"profile_id": fits["id"]})).json()["profile_id"] == fits["id"]
    for wrong, sentence in (
        (99, "There is no profile 99."),
        (template["id"], '"Kiosk" is a template'),
        (other["id"], 'The profile "Windows" is for windows; pc-1 is linux.'),
    ):
        status, detail = await site.refusal(path, {"profile_id": wrong}, "PUT")
        assert (status, sentence in detail) == (400, True)


async def test_running_it_again_counts_as_applied(site: Site) -> None:
    made, worker = await profile(site, "One", "Two"), await site.worker()
    for task in made["tasks"]:
        path = f"{PROFILES}/{made['id']}/tasks/{task['id']}"
        await site.call("PUT", path, {"continue_on_error": False})
    done = await apply(site, made["id"], worker.device_id)
    await worker.carries_out()
    await worker.carries_out(exit_code=1)
    run_id = done["devices"][0]["run_id"]
    assert (await compliance(site, made["id"]))[0]["compliance"] == "failed"
    again = await site.post(f"{RUNS}/{run_id}/rerun", {"from_step": 2})
    await worker.carries_out()
    (line,) = await compliance(site, made["id"])
    assert (line["compliance"], line["run_id"], line["revision"]) == ("current", again["run_ids"][0], 3)


async def test_what_a_deleted_profile_did_is_done_again_without_it(site: Site) -> None:
    made, worker = await profile(site, "One"), await site.worker()
    done = await apply(site, made["id"], worker.device_id)
    await worker.carries_out(exit_code=1)
    assert (await site.call("DELETE", f"{PROFILES}/{made['id']}")).status_code == 204
    await site.post(f"{RUNS}/{done['devices'][0]['run_id']}/rerun", {})
    await worker.carries_out()


async def test_a_device_that_is_not_approved_yet_waits_and_is_told(site: Site) -> None:
    made = await profile(site, "One")
    device = await site.fleet.enrolled(Device(), approve=False)
    (line,) = (await apply(site, made["id"], device))["devices"]
    assert (line["problem"], "may not work before it is approved" in line["detail"]) == (None, True)
    assert (await site.run(line["run_id"]))["state"] == "queued"


async def test_part_of_it_is_not_it(site: Site) -> None:
    made, worker = await profile(site, "One", "Two"), await site.worker()
    done = await apply(site, made["id"], worker.device_id)
    await worker.carries_out(exit_code=1)
    await worker.carries_out()
    run_id = done["devices"][0]["run_id"]
    await site.post(f"{RUNS}/{run_id}/rerun", {"from_step": 2})
    await worker.carries_out()
    assert (await compliance(site, made["id"]))[0]["run_id"] == run_id


async def test_many_devices_are_read_with_few_statements(site: Site) -> None:
    made = await profile(site, "One", "Two")
    devices = [await site.away(f"pc-{n}") for n in range(6)]
    await apply(site, made["id"], *devices)
    statements: list[str] = []
    engine: Any = site.service.kernel.database._read_engine

    def told(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", told)
    counts = []
    for limit in (2, 6):
        statements.clear()
        assert len(await compliance(site, made["id"], limit=limit)) == limit
        counts.append(sum("profile" in one or "steps" in one or "devices" in one for one in statements))
    assert counts[0] == counts[1] <= 7
