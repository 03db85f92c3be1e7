"""Devices at their documented addresses, and what agents say about themselves."""

import asyncio
import dataclasses
from typing import Any

import pytest

from agent.wire.fingerprint import fingerprint_words
from agent.wire.messages import Disk, Facts, FactsReport
from backend_lite.contract.fleet import DEVICES, Admission
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.api import DEVICE_RETIRED, RunTarget
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import FACTS, AgentSocket, Device

pytestmark = pytest.mark.anyio


def named(hostname: str, **fields: Any) -> Facts:
    return dataclasses.replace(FACTS, hostname=hostname, machine_id=f"id-of-{hostname}", **fields)


async def call(fleet: Fleet, method: str, path: str, status: int = 200, **options: Any) -> Any:
    headers = fleet.owner | options.pop("headers", {})
    answer = await fleet.service.client.request(method, path, headers=headers, **options)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_a_device_shows_what_it_is_as_plain_labels(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    found = await fleet_service.get(device_id)
    assert {
        "hostname": "web-1",
        "os_type": "linux",
        "os_version": "12",
        "os_description": "Debian GNU/Linux 12",
        "hardware_summary": "AMD EPYC, 4 threads, 8 GB",
        "uid": device.uid,
        "fingerprint": fingerprint_words(device.public_key),
        "admission": "approved",
        "agent_version": "0.1.0",
        "address": "127.0.0.1",
        "tags": [],
        "version": 1,
    }.items() <= found.items()
    assert found["facts"]["languages"] == ["bash", "sh", "python"]


async def test_the_list_is_a_bare_array_in_both_spellings(fleet_service: Fleet) -> None:
    ids = [await fleet_service.enrolled(Device(), facts=named(f"pc-{n}")) for n in range(3)]
    for path in (DEVICES, DEVICES + "/"):
        answer = await fleet_service.service.client.get(path, headers=fleet_service.owner)
        assert [one["id"] for one in answer.json()] == ids
        assert answer.headers["X-Total-Count"] == "3"


async def test_the_list_is_cut_sorted_and_searched(fleet_service: Fleet) -> None:
    for name in ("beta", "Ärger", "alpha"):
        await fleet_service.enrolled(Device(), facts=named(name))

    async def names(query: str) -> tuple[list[str], str]:
        answer = await fleet_service.service.client.get(f"{DEVICES}?{query}", headers=fleet_service.owner)
        return [one["hostname"] for one in answer.json()], answer.headers["X-Total-Count"]

    assert await names("sort=hostname&limit=2") == (["alpha", "beta"], "3")
    assert await names("sort=-hostname&offset=1") == (["beta", "alpha"], "3")
    assert await names("q=ärGER") == (["Ärger"], "1")
    assert await names("q=epyc alph") == (["alpha"], "1")
    assert await names("q=100%25") == ([], "0")
    assert await names("limit=0") == ([], "3")
    problem = await call(fleet_service, "GET", f"{DEVICES}?sort=public_key", 400)
    assert "hostname" in problem["detail"]


async def test_any_subset_can_be_changed_and_the_rest_stays(fleet_service: Fleet) -> None:
    device_id = await fleet_service.enrolled(Device())
    before = await fleet_service.get(device_id)
    wanted = {"tags": ["lab", " lab ", "", "rack 2"], "hostname": " web\u202e-2\n", "status": "online"}
    changed = await call(fleet_service, "PUT", f"{DEVICES}/{device_id}", json=wanted)
    assert changed["tags"] == ["lab", "rack 2"]
    assert changed["hostname"] == "web -2"
    assert changed["status"] == before["status"]
    assert changed == before | {"tags": ["lab", "rack 2"], "hostname": "web -2", "version": 2}
    found = await call(fleet_service, "GET", f"{DEVICES}?q=rack")
    assert [one["id"] for one in found] == [device_id]


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ({"hostname": " "}, "name"),
        ({"hostname": "x" * 256}, "255"),
        ({"tags": ["x" * 61]}, "60"),
        ({"tags": [str(n) for n in range(51)]}, "50"),
        ({"profile_id": 7}, "profile 7"),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(
    fleet_service: Fleet, wanted: dict[str, Any], word: str
) -> None:
    device_id = await fleet_service.enrolled(Device())
    problem = await call(fleet_service, "PUT", f"{DEVICES}/{device_id}", 400, json=wanted)
    assert word in problem["detail"]
    assert (await fleet_service.get(device_id))["version"] == 1


async def test_a_change_that_builds_on_an_old_version_is_refused_with_what_changed(
    fleet_service: Fleet,
) -> None:
    device_id = await fleet_service.enrolled(Device())
    path = f"{DEVICES}/{device_id}"
    client, owner = fleet_service.service.client, fleet_service.owner
    tag = (await client.get(path, headers=owner)).headers["ETag"]
    await call(fleet_service, "PUT", path, json={"tags": ["a"]}, headers={"If-Match": tag})
    problem = await call(
        fleet_service, "PUT", path, 409, json={"hostname": "other"}, headers={"If-Match": tag}
    )
    assert "tags" in problem["detail"]
    assert "hostname" not in problem["detail"]
    await call(fleet_service, "DELETE", path, 409, headers={"If-Match": tag})
    await call(fleet_service, "DELETE", path, 204, headers={"If-Match": '"2"'})


@pytest.mark.parametrize("device_id", [0, 4711, 2**63, 10**40])
async def test_a_device_that_is_not_there_is_404_in_the_documented_words(
    fleet_service: Fleet, device_id: int
) -> None:
    path = f"{DEVICES}/{device_id}"
    for method, where in (("GET", path), ("PUT", path), ("DELETE", path), ("POST", f"{path}/approve")):
        body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
        problem = await call(fleet_service, method, where, 404, **body)
        assert problem["detail"] == "Device not found"


async def test_a_removed_device_is_gone_from_everywhere_but_its_key_stays_known(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    await fleet_service.retire(device_id)
    assert await call(fleet_service, "GET", DEVICES) == []
    await call(fleet_service, "GET", f"{DEVICES}/{device_id}", 404)
    await call(fleet_service, "DELETE", f"{DEVICES}/{device_id}", 404)
    await call(fleet_service, "POST", f"{DEVICES}/{device_id}/approve", 404)
    assert fleet_service.changes[-1].change is None
    database, api = fleet_service.service.kernel.database, fleet_service.api
    known = await database.read(lambda session: api.known(session, device.uid))
    target = await database.read(lambda session: api.target(session, device_id))
    assert known
    assert known.admission == "retired"
    assert target
    assert target.admission == "retired"


async def test_removing_owes_the_higher_areas_a_reaction(fleet_service: Fleet) -> None:
    reacted: list[dict[str, Any]] = []
    done = asyncio.Event()

    def reaction(_unit: Unit, payload: dict[str, Any]) -> None:
        reacted.append(payload)
        done.set()

    outbox = fleet_service.service.kernel.outbox
    outbox.on(DEVICE_RETIRED, reaction)
    outbox.start()
    device_id = await fleet_service.enrolled(Device())
    await fleet_service.retire(device_id)
    await asyncio.wait_for(done.wait(), 30)
    await outbox.stop()
    assert reacted == [{"device_id": device_id}]


async def test_a_target_says_what_the_device_can_run(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device, approve=False)
    database, api = fleet_service.service.kernel.database, fleet_service.api
    target = await database.read(lambda session: api.target(session, device_id))
    languages, key = ("bash", "sh", "python"), device.public_key
    assert target == RunTarget(device_id, "web-1", "linux", Admission.PENDING, languages, "", key)
    many = await database.read(lambda session: api.targets(session, [4711, device_id, 0, device_id]))
    assert many == {device_id: target}
    for nobody in (0, -1, 4711, 2**64):
        assert await database.read(lambda session, nobody=nobody: api.target(session, nobody)) is None  # type: ignore[misc]


async def reported(fleet: Fleet, socket: AgentSocket, facts: Facts) -> None:
    """Report facts, and wait until they are told to consoles."""
    told = asyncio.Event()

    def on_change(event: Changed) -> None:
        if event.change and "facts" in event.change:
            told.set()

    fleet.service.kernel.bus.subscribe(Changed, on_change)
    socket.send(FactsReport(facts))
    await asyncio.wait_for(told.wait(), 30)


async def test_reported_facts_change_the_labels_but_not_those_a_person_gave(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    await call(fleet_service, "PUT", f"{DEVICES}/{device_id}", json={"hostname": "Reception"})
    socket, _welcome = await fleet_service.welcomed(device)
    await reported(fleet_service, socket, dataclasses.replace(FACTS, hostname="web-9", os_version="13"))
    found = await fleet_service.get(device_id)
    assert (found["hostname"], found["facts"]["hostname"]) == ("Reception", "web-9")
    assert (found["os_version"], found["os_description"]) == ("13", "Debian GNU/Linux 13")
    assert [one["id"] for one in await call(fleet_service, "GET", f"{DEVICES}?q=linux 13")] == [device_id]


async def test_the_same_facts_again_are_no_change(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    socket, _welcome = await fleet_service.welcomed(device)
    before = len(fleet_service.changes)
    socket.send(FactsReport(FACTS))
    await reported(fleet_service, socket, dataclasses.replace(FACTS, agent_version="0.2.0"))
    assert len(fleet_service.changes) == before + 1
    assert (await fleet_service.get(device_id))["version"] == 1


async def test_what_a_device_says_is_bounded_and_plain(fleet_service: Fleet) -> None:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    socket, _welcome = await fleet_service.welcomed(device)
    nasty = dataclasses.replace(
        FACTS,
        hostname="a\x00b\x1b[31m\u202ec\u200b" + "x" * 1000,
        cpu_model="\n",
        memory_total=10**30,
        disks=tuple(Disk(f"/{n}", "ext4\r", 10**25, 0) for n in range(500)),
        signed_in=("\u2066evil\u2069",),
    )
    await reported(fleet_service, socket, nasty)
    found = await fleet_service.get(device_id)
    assert found["hostname"].startswith("a b [31m c xxx")
    assert len(found["hostname"]) <= 255
    facts = found["facts"]
    assert len(facts["disks"]) == 64
    assert facts["disks"][0] == {"mount": "/0", "file_system": "ext4", "total": 2**53, "used": 0}
    assert (facts["cpu_model"], facts["signed_in"]) == ("", ["evil"])


async def test_a_device_without_a_name_gets_one(fleet_service: Fleet) -> None:
    device_id = await fleet_service.enrolled(Device(), facts=dataclasses.replace(FACTS, hostname="\u200b"))
    assert (await fleet_service.get(device_id))["hostname"] == "unnamed"


async def test_changes_of_a_row_leave_presence_alone(fleet_service: Fleet) -> None:
    device_id = await fleet_service.enrolled(Device())
    await call(fleet_service, "PUT", f"{DEVICES}/{device_id}", json={"tags": ["a"]})
    change = fleet_service.changes[-1].change
    assert change
    assert change["tags"] == ["a"]
    assert not {"connected", "contact", "status", "metrics", "last_check_in"} & set(change)


async def test_who_is_not_signed_in_or_is_a_machine_sees_no_devices(fleet_service: Fleet) -> None:
    answer = await fleet_service.service.client.get(DEVICES)
    assert answer.status_code == 401
    paths = {route.path for route in fleet_service.app.routes}  # type: ignore[attr-defined]
    assert not [path for path in paths if path.startswith(DEVICES)]
