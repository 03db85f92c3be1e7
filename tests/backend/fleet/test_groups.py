"""Groups over HTTP: named members, queries, versions, and what becomes of them with their devices."""

from typing import Any

import httpx
import pytest

from backend_lite.contract.fleet import DEVICES, GROUPS
from backend_lite.core.events.bus import Changed
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import Device

pytestmark = pytest.mark.anyio


class Client:
    """The owner at work with groups."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.changes: list[Changed] = []
        fleet.service.kernel.bus.subscribe(Changed, self._changed)

    def _changed(self, event: Changed) -> None:
        if event.kind == "group":
            self.changes.append(event)

    async def call(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        sent = self.fleet.owner | more.pop("headers", {})
        return await self.fleet.service.client.request(method, GROUPS + path, headers=sent, **more)

    async def make(self, **fields: object) -> dict[str, Any]:
        answer = await self.call("POST", json={"name": "Lab"} | fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refusal(self, method: str, path: str = "", **more: Any) -> tuple[int, str, str]:
        answer = await self.call(method, path, **more)
        return answer.status_code, answer.json()["code"], answer.json()["detail"]

    async def tag(self, device_id: int, *tags: str) -> None:
        path = f"{DEVICES}/{device_id}"
        answer = await self.fleet.service.client.put(path, headers=self.fleet.owner, json={"tags": tags})
        assert answer.status_code == 200

    async def members(self, group_id: int) -> list[int]:
        api, database = self.fleet.api, self.fleet.service.kernel.database
        return await database.read(lambda session: api.group_members(session, group_id))

    async def groups_of(self, device_id: int) -> list[int]:
        client, path = self.fleet.service.client, f"{DEVICES}/{device_id}/groups"
        return [group["id"] for group in (await client.get(path, headers=self.fleet.owner)).json()]


@pytest.fixture
def groups(fleet_service: Fleet) -> Client:
    return Client(fleet_service)


async def test_a_group_names_its_devices(groups: Client) -> None:
    first, second = [await groups.fleet.enrolled(Device()) for _ in range(2)]
    made = await groups.make(description="Room 4", devices=[first])
    assert {
        name: made[name] for name in ("id", "name", "description", "query", "device_count", "version")
    } == {
        "id": 1,
        "name": "Lab",
        "description": "Room 4",
        "query": None,
        "device_count": 1,
        "version": 1,
    }
    answer = await groups.call("POST", "/1/members", json={"add": [second, first], "remove": [4711]})
    assert (answer.status_code, answer.json()["device_count"], answer.headers["ETag"]) == (200, 2, '"2"')
    assert [device["id"] for device in await groups.get("/1/devices?sort=-id&limit=1")] == [second]
    assert (await groups.call("GET", "/1/devices?limit=1")).headers["X-Total-Count"] == "2"
    assert await groups.get("/1/devices?q=nobody") == []
    assert await groups.members(1) == [first, second]
    assert await groups.groups_of(second) == [1]
    await groups.call("POST", "/1/members", json={"remove": [first]})
    assert await groups.members(1) == [second]
    assert [event.change and event.change["device_count"] for event in groups.changes] == [1, 2, 1]


async def test_naming_a_member_again_changes_nothing(groups: Client) -> None:
    device_id = await groups.fleet.enrolled(Device())
    await groups.make(devices=[device_id, device_id])
    answer = await groups.call("POST", "/1/members", json={"add": [device_id]})
    assert answer.json()["version"] == 1
    assert len(groups.changes) == 1


async def test_a_group_has_what_its_query_finds_now(groups: Client) -> None:
    device_id = await groups.fleet.enrolled(Device())
    made = await groups.make(query=" tag:lab os:linux ")
    assert (made["query"], made["device_count"]) == ("tag:lab os:linux", 0)
    await groups.tag(device_id, "Lab")
    assert (await groups.get("/1"))["device_count"] == 1
    assert await groups.members(1) == [device_id]
    assert await groups.groups_of(device_id) == [1]
    assert [device["id"] for device in await groups.get("/1/devices")] == [device_id]
    await groups.tag(device_id)
    assert await groups.members(1) == []
    assert await groups.groups_of(device_id) == []


async def test_the_members_of_a_group_and_the_groups_of_a_device_are_told(groups: Client) -> None:
    first, second = [await groups.fleet.enrolled(Device()) for _ in range(2)]
    await groups.tag(first, "lab")
    named = await groups.make(name="b named", devices=[first, second])
    found = await groups.make(name="A by query", query="tag:lab")
    assert await groups.get(f"/{named['id']}/members") == [first, second]
    assert await groups.get(f"/{found['id']}/members") == [first]
    client, owner = groups.fleet.service.client, groups.fleet.owner
    told = [
        [group["name"] for group in (await client.get(f"{DEVICES}/{one}/groups", headers=owner)).json()]
        for one in (first, second)
    ]
    assert told == [["A by query", "b named"], ["b named"]]
    for missing in (999, 2**63):
        assert (await client.get(f"{DEVICES}/{missing}/groups", headers=owner)).status_code == 404
        assert (await groups.call("GET", f"/{missing}/members")).status_code == 404


async def test_a_retired_device_leaves_its_groups(groups: Client) -> None:
    device_id, other = [await groups.fleet.enrolled(Device()) for _ in range(2)]
    await groups.make(devices=[device_id, other])
    await groups.make(name="All", query="os:linux")
    await groups.fleet.retire(device_id)
    assert await groups.members(1) == [other]
    assert await groups.members(2) == [other]
    assert groups.changes[-1].change is not None
    assert groups.changes[-1].change["device_count"] == 1


async def test_a_group_is_changed_with_its_version(groups: Client) -> None:
    await groups.make(query="os:linux")
    answer = await groups.call("PUT", "/1", json={"name": "Linux", "query": "os:linux -tag:old"})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    unchanged = await groups.call("PUT", "/1", json={"name": "Linux"}, headers={"If-Match": '"2"'})
    assert unchanged.json()["version"] == 2
    for method, path in (("PUT", "/1"), ("POST", "/1/members"), ("DELETE", "/1")):
        stale = await groups.refusal(method, path, json={}, headers={"If-Match": '"1"'})
        assert stale[:2] == (409, "stale")
        assert "name, query" in stale[2]
    assert [group["name"] for group in await groups.get("")] == ["Linux"]


@pytest.mark.parametrize(
    ("wanted", "status", "code", "says"),
    [
        ({"name": "  "}, 400, "invalid", "needs a name"),
        ({"name": "ＬＡＢ"}, 400, "name_taken", "choose another name"),
        ({"name": "x" * 201}, 400, "invalid", "at most 200 are allowed"),
        ({"name": "A", "query": ""}, 400, "invalid", "The query is empty"),
        ({"name": "A", "query": "stauts:online"}, 400, "bad_query", "Did you mean status?"),
        (
            {"name": "A", "query": "os:linux", "devices": [1]},
            400,
            "invalid",
            "either a query or named members",
        ),
        ({"name": "A", "devices": [1, 4711, 0]}, 404, "not_found", "Device not found: 0, 1, 4711."),
        ({"name": "A", "description": "a\0"}, 400, "invalid", "NUL"),
    ],
)
async def test_what_cannot_be_a_group(
    groups: Client, wanted: dict[str, Any], status: int, code: str, says: str
) -> None:
    await groups.make()
    refused = await groups.refusal("POST", json=wanted)
    assert refused[:2] == (status, code)
    assert says in refused[2]
    assert len(await groups.get("")) == 1


async def test_a_kind_of_group_stays_what_it_is(groups: Client) -> None:
    await groups.make()
    await groups.make(name="Linux", query="os:linux")
    assert "has named members" in (await groups.refusal("PUT", "/1", json={"query": "os:linux"}))[2]
    assert "change the query" in (await groups.refusal("POST", "/2/members", json={"add": [1]}))[2]
    assert (await groups.refusal("PUT", "/2", json={"name": "lab"}))[:2] == (400, "name_taken")


async def test_a_group_that_is_needed_stays(groups: Client) -> None:
    await groups.make()
    needed = ["a pause"]
    groups.fleet.api.on_group_delete(lambda _unit, group_id: needed if group_id == 1 else [])
    refused = await groups.refusal("DELETE", "/1")
    assert refused == (409, "in_use", '"Lab" is still needed by a pause. End that first.')
    needed.clear()
    assert (await groups.call("DELETE", "/1")).status_code == 204
    assert (groups.changes[-1].id, groups.changes[-1].change) == (1, None)
    for method, path in (("GET", "/1"), ("PUT", "/1"), ("DELETE", "/1"), ("GET", "/1/devices")):
        assert (await groups.refusal(method, path, json={}))[:2] == (404, "not_found")
    assert await groups.get("") == []


async def test_devices_are_found_by_the_query_language(groups: Client) -> None:
    first, second = [await groups.fleet.enrolled(Device()) for _ in range(2)]
    await groups.tag(second, "old")
    client, owner = groups.fleet.service.client, groups.fleet.owner
    found = await client.get(DEVICES, headers=owner, params={"q": "os:linux -tag:old status:unknown"})
    assert ([device["id"] for device in found.json()], found.headers["X-Total-Count"]) == ([first], "1")
    bad = await client.get(DEVICES, headers=owner, params={"q": "os:linux cpu>high"})
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_query")
    assert "such as cpu>80. (At character 14" in bad.json()["detail"]
