"""Somebody whose rights hold on the devices of one group only, at work with the fleet."""

from typing import Any

import pytest

from backend_lite.contract.accounts import ROLES
from backend_lite.contract.enroll import AGENT_ENDPOINT, ENROLLMENT_TOKENS
from backend_lite.contract.fleet import DEVICES, EXPECTED_DEVICES, GROUPS
from backend_lite.contract.http_agents import AGENT_REGISTER
from backend_lite.contract.live import LIVE, LiveHello
from backend_lite.contract.software import INSTALLED
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.installed import Item, Title, _replace
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.halves import Half, Halves, halves, person
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(service: InProcess) -> Halves:
    return await halves(service)


async def joined(site: Halves, half: Half, hostname: str) -> int:
    """A further device of the half."""
    wanted = {"auto_approve": True, "groups": [half.group]}
    token = (await site.done("POST", ENROLLMENT_TOKENS, wanted))["token"]
    arrival = {"hostname": hostname, "os_type": "linux", "enrollment_token": token}
    return int((await site.done("POST", AGENT_REGISTER, arrival))["device_id"])


async def has_software(site: Halves, device: int, *names: str) -> None:
    items = {Item(Title(name, "Maker"), "1", "apt", "x86", "") for name in names}

    def work(unit: Unit) -> None:
        _replace(unit, device, "", items, 1)

    await site.service.kernel.database.write(work)


async def test_the_list_its_number_its_search_and_its_order_know_of_one_half_only(site: Halves) -> None:
    other = await joined(site, site.inside, "inside-2")
    await joined(site, site.outside, "outside-2")
    for query in ("", "?q=os:linux", "?sort=-hostname&limit=2", "?q=side"):
        answer = await site.call("GET", DEVICES + query)
        assert {one["id"] for one in answer.json()} == {site.inside.device, other}
        assert answer.headers["X-Total-Count"] == "2"
    hidden = await site.call("GET", f"{DEVICES}?q=outside")
    assert (hidden.json(), hidden.headers["X-Total-Count"]) == ([], "0")
    matching = await site.call("GET", f"{DEVICES}/matching")
    assert matching.json() == {"ids": [site.inside.device, other]}


async def test_the_table_names_no_other_device_and_no_other_group(site: Halves) -> None:
    members = f"{GROUPS}/{site.outside.group}/members"
    await site.done("POST", members, {"add": [site.inside.device]})
    table = (await site.call("GET", f"{DEVICES}/export")).text
    assert "inside-1" in table
    assert "group of inside-1" in table
    assert "outside" not in table


@pytest.mark.parametrize("rest", ["", "/metrics", "/software", "/groups"])
async def test_a_device_of_the_others_is_as_one_that_does_not_exist(site: Halves, rest: str) -> None:
    assert (await site.call("GET", f"{DEVICES}/{site.inside.device}{rest}")).status_code == 200
    refused = await site.call("GET", f"{DEVICES}/{site.outside.device}{rest}")
    missing = await site.call("GET", f"{DEVICES}/{10**6}{rest}")
    assert (refused.status_code, refused.json()) == (missing.status_code, missing.json())
    assert refused.status_code == 404


async def test_what_is_changed_is_changed_inside_only(site: Halves) -> None:
    inside, outside = site.inside.device, site.outside.device
    assert (await site.call("PUT", f"{DEVICES}/{inside}", {"tags": ["mine"]})).status_code == 200
    for method, rest, body in (
        ("PUT", "", {"tags": ["mine"]}),
        ("DELETE", "", None),
        ("POST", "/approve", None),
        ("POST", "/keep-apart", None),
        ("POST", "/merge", {"replaces_id": inside}),
    ):
        assert (await site.call(method, f"{DEVICES}/{outside}{rest}", body)).status_code == 404, rest
    merged = await site.call("POST", f"{DEVICES}/{inside}/merge", {"replaces_id": outside})
    assert merged.status_code == 404
    tagged = await site.call("POST", f"{DEVICES}/tags", {"devices": [inside, outside], "add": ["x"]})
    assert tagged.status_code == 404
    assert (await site.done("GET", f"{DEVICES}/{outside}"))["tags"] == []
    assert (await site.done("GET", f"{DEVICES}/{inside}"))["tags"] == ["mine"]
    tagged = await site.call("POST", f"{DEVICES}/tags", {"devices": [inside], "add": ["x"]})
    assert tagged.json() == {"devices": [inside]}
    assert (await site.call("DELETE", f"{DEVICES}/{inside}")).status_code == 204


async def test_who_resembles_a_device_of_the_others_is_not_judged_by_who_cannot_see_it(site: Halves) -> None:
    twin = await joined(site, site.inside, site.outside.hostname)
    refused = await site.call("POST", f"{DEVICES}/{twin}/keep-apart")
    assert refused.status_code == 404
    assert (await site.done("GET", f"{DEVICES}/{twin}"))["possible_duplicate_of"] == site.outside.device
    like_mine = await joined(site, site.inside, site.inside.hostname)
    assert (await site.call("POST", f"{DEVICES}/{like_mine}/keep-apart")).status_code == 200


async def test_installed_software_is_counted_on_ones_own_devices(site: Halves) -> None:
    second = await joined(site, site.inside, "inside-2")
    await has_software(site, site.inside.device, "editor", "shared")
    await has_software(site, second, "editor")
    await has_software(site, site.outside.device, "secret", "shared")
    answer = await site.call("GET", INSTALLED)
    assert [(one["name"], one["devices"]) for one in answer.json()] == [("editor", 2), ("shared", 1)]
    assert answer.headers["X-Total-Count"] == "2"
    assert answer.json()[1]["versions"] == {"1": 1}
    fewer = await site.call("GET", f"{INSTALLED}?q=devices>1")
    assert [one["name"] for one in fewer.json()] == ["editor"]
    where = await site.call("GET", f"{INSTALLED}/devices?name=shared")
    assert [one["device_id"] for one in where.json()] == [site.inside.device]
    assert where.headers["X-Total-Count"] == "1"
    everything = await site.done("GET", INSTALLED)
    assert {one["name"]: one["devices"] for one in everything} == {"editor": 2, "shared": 2, "secret": 1}


async def test_only_ones_own_groups_are_there(site: Halves) -> None:
    await site.done("POST", f"{GROUPS}/{site.outside.group}/members", {"add": [site.inside.device]})
    await site.done("POST", GROUPS, {"name": "found", "query": "os:linux"})
    mine, other = site.inside.group, site.outside.group
    assert [one["id"] for one in (await site.call("GET", GROUPS)).json()] == [mine]
    of_device = await site.call("GET", f"{DEVICES}/{site.inside.device}/groups")
    assert [one["id"] for one in of_device.json()] == [mine]
    members = await site.call("GET", f"{GROUPS}/{mine}/members")
    assert members.json() == [site.inside.device]
    for rest in ("", "/devices", "/members"):
        assert (await site.call("GET", f"{GROUPS}/{mine}{rest}")).status_code == 200
        assert (await site.call("GET", f"{GROUPS}/{other}{rest}")).status_code == 404


async def test_nobody_moves_the_limits_of_their_own_rights(site: Halves) -> None:
    mine, outside = f"{GROUPS}/{site.inside.group}", site.outside.device
    for method, path, body in (
        ("POST", f"{mine}/members", {"add": [outside]}),
        ("PUT", mine, {"name": "x"}),
        ("DELETE", mine, None),
        ("POST", GROUPS, {"name": "x", "devices": [outside]}),
        ("POST", EXPECTED_DEVICES, {"hostname": "dc01", "groups": [site.inside.group]}),
        ("GET", EXPECTED_DEVICES, None),
        ("GET", f"{DEVICES}/retired", None),
    ):
        refused = await site.call(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "limited"), path


async def test_who_may_edit_groups_everywhere_needs_rights_on_roles_for_one_that_limits_a_role(
    site: Halves,
) -> None:
    grants = [{"artifact": one, "verbs": ["view", "create", "edit"]} for one in ("groups", "devices")]
    role = await site.done("POST", ROLES, {"name": "Grouper", "grants": grants})
    _, grouper = await person(site, "gus", role["id"])
    limiting, free = site.inside.group, site.outside.group
    add = {"add": [site.outside.device]}
    refused = await site.call("POST", f"{GROUPS}/{limiting}/members", add, grouper)
    assert (refused.status_code, refused.json()["code"]) == (403, "limits_rights")
    assert 'role "Half"' in refused.json()["detail"]
    assert (await site.call("POST", f"{GROUPS}/{free}/members", add, grouper)).status_code == 200
    expected = {"hostname": "dc01", "groups": [limiting]}
    refused = await site.call("POST", EXPECTED_DEVICES, expected, grouper)
    assert (refused.status_code, refused.json()["code"]) == (403, "limits_rights")
    table = {"text": "hostname,groups\ndc01,group of inside-1\n"}
    refused = await site.call("POST", f"{EXPECTED_DEVICES}/import", table, grouper)
    assert (refused.status_code, refused.json()["code"]) == (403, "limits_rights")
    entry = await site.done("POST", EXPECTED_DEVICES, expected)
    one = f"{EXPECTED_DEVICES}/{entry['id']}"
    assert (await site.call("PUT", one, {"note": "soon"}, grouper)).status_code == 200
    for change in ({"hostname": "dc02"}, {"serial": "S77123"}):
        assert (await site.call("PUT", one, change, grouper)).status_code == 403
    assert (await site.call("PUT", one, {"groups": []}, grouper)).status_code == 200
    assert (await site.call("PUT", one, {"groups": [limiting]}, grouper)).status_code == 403
    await site.done("POST", f"{GROUPS}/{limiting}/members", add)


async def test_new_devices_come_by_a_token_also_into_a_group_that_limits_a_role(site: Halves) -> None:
    create = [{"artifact": "enrollment", "verbs": ["create"]}]
    role = await site.done("POST", ROLES, {"name": "Enroller", "grants": create})
    _, enroller = await person(site, "gus", role["id"])
    token = await site.done("POST", ENROLLMENT_TOKENS, {"groups": [site.inside.group]}, enroller)
    arrival = {"hostname": "new-1", "os_type": "linux", "enrollment_token": token["token"]}
    came = await site.done("POST", AGENT_REGISTER, arrival)
    listed = {one["id"] for one in (await site.call("GET", DEVICES)).json()}
    assert listed == {site.inside.device, came["device_id"]}


async def test_a_group_that_limits_a_role_stays(site: Halves) -> None:
    path = f"{GROUPS}/{site.inside.group}"
    await site.done("DELETE", f"{ENROLLMENT_TOKENS}/{site.inside.token}")
    refused = await site.call("DELETE", path, who=site.owner)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert 'role "Half"' in refused.json()["detail"]
    assert (await site.call("PUT", path, {"query": "os:linux"}, site.owner)).status_code == 400
    await site.done("PUT", f"{ROLES}/{site.role}", {"groups": []})
    await site.done("DELETE", path)


async def test_tokens_lead_into_ones_own_groups(site: Halves) -> None:
    mine, other = site.inside.group, site.outside.group

    async def refusal(body: dict[str, Any]) -> tuple[int, str]:
        answer = await site.call("POST", ENROLLMENT_TOKENS, body)
        return answer.status_code, answer.json()["detail"]

    assert await refusal({}) == (
        400,
        "Name the groups that the devices come into: your rights hold on the devices of groups only.",
    )
    assert await refusal({"groups": [mine, other]}) == (404, f"There is no group {other}.")
    assert await refusal({"groups": [10**6]}) == (404, f"There is no group {10**6}.")
    made = await site.call("POST", ENROLLMENT_TOKENS, {"name": "door", "groups": [mine]})
    assert made.status_code == 201
    await site.done("POST", ENROLLMENT_TOKENS, {"name": "nowhere"})
    await site.done("POST", ENROLLMENT_TOKENS, {"name": "both", "groups": [mine, other]})
    seen = await site.call("GET", ENROLLMENT_TOKENS)
    assert [one["name"] for one in seen.json()["items"]] == ["door", "token of inside-1"]
    assert seen.headers["X-Total-Count"] == "2"
    for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        assert (await site.call(method, f"{ENROLLMENT_TOKENS}/{site.outside.token}", body)).status_code == 404
        assert (await site.call(method, f"{ENROLLMENT_TOKENS}/{site.inside.token}", body)).is_success
    assert (await site.call("GET", AGENT_ENDPOINT)).status_code == 200
    assert (await site.call("PUT", AGENT_ENDPOINT, {"host": "127.0.0.1"})).status_code == 403


async def test_the_stream_tells_of_one_half_only(site: Halves) -> None:
    bearer = site.limited["Authorization"].removeprefix("Bearer ")
    async with AsgiSocket(site.service.app, LIVE) as socket:
        await socket.send(LiveHello(bearer))
        seen = (await socket.receive())["snapshot"]
        assert [one["id"] for one in seen["device"]] == [site.inside.device]
        assert [one["id"] for one in seen["group"]] == [site.inside.group]
        assert [one["id"] for one in seen["enrollment_token"]] == [site.inside.token]
        assert "expected_device" not in seen
        await site.done("PUT", f"{DEVICES}/{site.outside.device}", {"tags": ["x"]})
        await site.done("PUT", f"{GROUPS}/{site.outside.group}", {"name": "renamed"})
        await site.done("DELETE", f"{ENROLLMENT_TOKENS}/{site.outside.token}")
        await site.done("PUT", f"{DEVICES}/{site.inside.device}", {"tags": ["y"]})
        told = await socket.receive()
        assert (told["kind"], told["id"], told["change"]["tags"]) == ("device", site.inside.device, ["y"])
        move = f"{GROUPS}/{site.inside.group}/members"
        await site.done("POST", move, {"add": [site.outside.device], "remove": [site.inside.device]})
        again = (await socket.receive())["snapshot"]
        assert [one["id"] for one in again["device"]] == [site.outside.device]
        await site.done("PUT", f"{ROLES}/{site.role}", {"groups": [site.outside.group]})
        again = (await socket.receive())["snapshot"]
        assert [one["id"] for one in again["group"]] == [site.outside.group]
