"""Devices that are to come: written down one by one or as a table, and met when they enroll."""

import dataclasses
import time
from typing import Any

import pytest

from backend_lite.contract.enroll import ENROLLMENT_TOKENS
from backend_lite.contract.fleet import DEVICES, EXPECTED_DEVICES, GROUPS
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.expected_csv import KnownGroup, read_expected
from tests.backend.fleet.conftest import Fleet
from tests.backend.fleet.test_devices import call
from tests.helpers.agents import FACTS, Device
from tests.helpers.service import OWNER

pytestmark = pytest.mark.anyio

IMPORT, EXPORT = f"{EXPECTED_DEVICES}/import", f"{EXPECTED_DEVICES}/export"


async def expect(fleet: Fleet, status: int = 201, **fields: Any) -> Any:
    return await call(fleet, "POST", EXPECTED_DEVICES, status, json=fields)


async def arrived(fleet: Fleet, hostname: str, serial: str = "") -> dict[str, Any]:
    """A device that enrolls and waits for approval."""
    facts = dataclasses.replace(FACTS, hostname=hostname, serial=serial, machine_id=f"id-{hostname}{serial}")
    return await fleet.get(await fleet.enrolled(Device(), approve=False, facts=facts))


async def group(fleet: Fleet, name: str, **fields: Any) -> int:
    return int((await call(fleet, "POST", GROUPS, 201, json={"name": name} | fields))["id"])


async def imported(fleet: Fleet, text: str, *, dry_run: bool = False) -> Any:
    return await call(fleet, "POST", IMPORT, json={"text": text, "dry_run": dry_run})


async def hostnames(fleet: Fleet, query: str = "") -> list[str]:
    return [one["hostname"] for one in await call(fleet, "GET", f"{EXPECTED_DEVICES}?{query}")]


async def test_a_device_that_is_met_by_its_serial_number_gets_what_it_was_to_get(
    fleet_service: Fleet,
) -> None:
    lab = await group(fleet_service, "Lab")
    made = await expect(
        fleet_service, hostname="any", serial="ABC-123", tags=["new", " new "], groups=[lab], note="Room 4"
    )
    assert made["tags"] == ["new"]
    assert (made["created_by"], made["device_id"], made["arrived_at"]) == (OWNER, None, None)
    device = await arrived(fleet_service, "pc-9", "abc-123")
    assert device["tags"] == ["new"]
    assert device["admission"] == "pending", "to be expected approves nobody"
    assert [one["id"] for one in await call(fleet_service, "GET", f"{GROUPS}/{lab}/devices")] == [
        device["id"]
    ]
    now = await call(fleet_service, "GET", f"{EXPECTED_DEVICES}/{made['id']}")
    assert (now["device_id"], now["arrived_at"]) == (device["id"], "2027-01-15T08:00:00.000Z")


async def test_by_its_name_only_where_no_serial_number_is_expected(fleet_service: Fleet) -> None:
    await expect(fleet_service, hostname="PC-1", serial="OTHER-1", tags=["wrong"])
    await expect(fleet_service, hostname="Pc-1", tags=["right"])
    assert (await arrived(fleet_service, "pc-1", "S-77"))["tags"] == ["right"]
    assert (await arrived(fleet_service, "pc-1", "S-78"))["tags"] == [], "who has come is expected no longer"


async def test_placeholders_of_makers_are_no_serial_numbers(fleet_service: Fleet) -> None:
    problem = await expect(fleet_service, 400, serial="To be filled by O.E.M.")
    assert "many devices" in problem["detail"]
    problem = await expect(fleet_service, 400)
    assert "serial number or its host name" in problem["detail"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"hostname": "x" * 256}, "255"),
        ({"serial": "x1" * 101}, "200"),
        ({"hostname": "a", "note": "x" * 2001}, "2000"),
        ({"hostname": "a", "tags": ["x" * 61]}, "60"),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(
    fleet_service: Fleet, fields: dict[str, Any], word: str
) -> None:
    assert word in (await expect(fleet_service, 400, **fields))["detail"]


async def test_the_same_device_is_expected_once(fleet_service: Fleet) -> None:
    await expect(fleet_service, serial="S1", hostname="a")
    assert '"s1" is expected already' in (await expect(fleet_service, 400, serial="s1"))["detail"]
    other = await expect(fleet_service, hostname="b")
    problem = await call(
        fleet_service, "PUT", f"{EXPECTED_DEVICES}/{other['id']}", 400, json={"serial": "S1"}
    )
    assert "expected already" in problem["detail"]


async def test_an_entry_is_changed_and_deleted_and_one_that_has_come_stays_known_by_what_it_was(
    fleet_service: Fleet,
) -> None:
    one = await expect(fleet_service, hostname="a", tags=["x"])
    path = f"{EXPECTED_DEVICES}/{one['id']}"
    changed = await call(fleet_service, "PUT", path, json={"serial": "S 9", "note": "here"})
    assert changed == one | {"serial": "S 9", "note": "here"}
    device = await arrived(fleet_service, "a", "S 9")
    assert "come already" in (await call(fleet_service, "PUT", path, 409, json={"hostname": "b"}))["detail"]
    assert (await call(fleet_service, "PUT", path, json={"note": "done"}))["note"] == "done"
    await call(fleet_service, "DELETE", path, 204)
    await call(fleet_service, "GET", path, 404)
    assert (await fleet_service.get(device["id"]))["tags"] == ["x"]


async def test_the_list_is_cut_sorted_and_found_by_the_query_language(fleet_service: Fleet) -> None:
    for name in ("b", "a", "c"):
        await expect(
            fleet_service, hostname=name, serial=f"S-{name}", tags=[f"t-{name}"], note=f"room {name}"
        )
    await arrived(fleet_service, "x", "S-c")
    assert await hostnames(fleet_service, "sort=hostname&limit=2") == ["a", "b"]
    assert await hostnames(fleet_service, "q=state:arrived") == ["c"]
    assert await hostnames(fleet_service, "q=tag:t-a or name:b&sort=-hostname") == ["b", "a"]
    assert await hostnames(fleet_service, "q=room serial:S-*&sort=hostname") == ["a", "b", "c"]
    assert await hostnames(fleet_service, "q=arrived<1d") == ["c"]
    problem = await call(fleet_service, "GET", f"{EXPECTED_DEVICES}?q=cpu>3", 400)
    assert problem["code"] == "bad_query"


async def test_a_group_that_an_expected_device_waits_for_is_not_deleted(fleet_service: Fleet) -> None:
    lab = await group(fleet_service, "Lab")
    one = await expect(fleet_service, hostname="a", groups=[lab])
    problem = await call(fleet_service, "DELETE", f"{GROUPS}/{lab}", 409)
    assert problem["code"] == "in_use"
    assert "an expected device" in problem["detail"]
    await arrived(fleet_service, "a")
    await call(fleet_service, "DELETE", f"{GROUPS}/{lab}", 204)
    assert one["groups"] == [lab]


async def test_only_groups_with_named_members_can_be_joined(fleet_service: Fleet) -> None:
    found = await group(fleet_service, "All Linux", query="os:linux")
    problem = await expect(fleet_service, 400, hostname="a", groups=[found])
    assert '"All Linux"' in problem["detail"]
    await expect(fleet_service, 404, hostname="a", groups=[found + 1])


async def test_a_token_puts_devices_into_its_groups(fleet_service: Fleet) -> None:
    lab = await group(fleet_service, "Lab")
    made = await call(fleet_service, "POST", ENROLLMENT_TOKENS, 201, json={"groups": [lab, lab]})
    assert made["enrollment_token"]["groups"] == [lab]
    answer = await fleet_service.service.client.post(
        "/api/v1/enroll", json=plain_enrolment(Device(), made["token"])
    )
    members = await call(fleet_service, "GET", f"{GROUPS}/{lab}/members")
    assert members == [answer.json()["device_id"]]
    problem = await call(fleet_service, "DELETE", f"{GROUPS}/{lab}", 409)
    assert "enrollment token" in problem["detail"]
    await call(fleet_service, "DELETE", f"{ENROLLMENT_TOKENS}/{made['enrollment_token']['id']}", 204)
    await call(fleet_service, "DELETE", f"{GROUPS}/{lab}", 204)


def plain_enrolment(device: Device, token: str) -> Any:
    from agent.wire.codec import to_plain

    return to_plain(device.enrolment(token))


async def test_a_table_is_imported_as_a_whole(fleet_service: Fleet) -> None:
    await group(fleet_service, "Büro")
    told: list[Changed] = []
    fleet_service.service.kernel.bus.subscribe(Changed, told.append)
    text = '\ufeffHost name;Serial Number;tags;groups;note\r\npc-1;S1;"a;b";büro;"x ""y"""\r\npc-2;;;;\r\n'
    dry = await imported(fleet_service, text, dry_run=True)
    assert dry == {"added": 2, "known": 0, "problems": []}
    assert await hostnames(fleet_service) == []
    assert await imported(fleet_service, text) == dry
    assert await imported(fleet_service, text) == {"added": 0, "known": 2, "problems": []}
    first, second = await call(fleet_service, "GET", EXPECTED_DEVICES)
    assert (first["tags"], first["note"], len(first["groups"])) == (["a", "b"], 'x "y"', 1)
    assert (second["hostname"], second["created_by"]) == ("pc-2", OWNER)
    changes = [one for one in told if one.kind == "expected_device"]
    assert [one.change for one in changes] == [first, second]


async def test_a_table_with_problems_changes_nothing_and_names_each_place(fleet_service: Fleet) -> None:
    await group(fleet_service, "Found", query="os:linux")
    text = (
        "hostname,serial,tags,groups\n"
        "pc-1,S1,,Nowhere;Found\n"
        ",,,\n"
        ",Default string,,\n"
        "pc-2,s1,,\n"
        "pc-3,,,,extra\n"
        f"pc-4,,{'x' * 61},\n"
    )
    answer = await imported(fleet_service, text)
    assert (answer["added"], answer["known"]) == (0, 0)
    places = [(one["line"], one["column"], one["text"]) for one in answer["problems"]]
    assert [(line, column) for line, column, _ in places] == [
        (2, 10),
        (2, 10),
        (4, 2),
        (5, 1),
        (6, 9),
        (7, 7),
    ]
    sentences = " ".join(text for _, _, text in places)
    for word in ('"Nowhere"', '"Found"', "many devices", "line 2", "more cells", "60"):
        assert word in sentences
    assert await hostnames(fleet_service) == []


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("", 1, "empty"),
        ("hostname,colour\na,b\n", 10, '"colour"'),
        ("tags\nx\n", 1, "serial or hostname"),
        ("hostname,host\na,b\n", 10, "two columns hostname"),
    ],
)
def test_the_first_line_names_the_columns(text: str, column: int, word: str) -> None:
    (problem,) = read_expected(text, {}).problems
    assert (problem.line, problem.column) == (1, column)
    assert word in problem.text


async def test_what_is_exported_can_be_imported(fleet_service: Fleet) -> None:
    lab = await group(fleet_service, "=Lab")
    await expect(fleet_service, hostname="a,b", serial="-S1", tags=["@x", "y"], groups=[lab], note='"q"')
    answer = await fleet_service.service.client.get(EXPORT, headers=fleet_service.owner)
    assert answer.headers["content-type"].startswith("text/csv")
    (line,) = read_expected(answer.text, {"=lab": KnownGroup(lab, "=Lab", True)}).lines
    assert (line.identity.hostname, line.identity.serial) == ("a,b", "-S1")
    assert (line.tags, line.groups, line.note) == (["@x", "y"], [lab], '"q"')
    assert (await imported(fleet_service, answer.text))["known"] == 1


def test_fifty_thousand_lines_are_read_in_a_moment() -> None:
    text = "hostname,serial,tags,groups,note\n" + "".join(
        f"pc-{n},S-{n:06},new;floor {n % 9},lab,delivered in week {n % 52}\n" for n in range(50_000)
    )
    start = time.process_time()
    reading = read_expected(text, {"lab": KnownGroup(1, "Lab", True)})
    assert len(reading.lines) == 50_000
    assert time.process_time() - start < 10, "it takes one or two seconds"


async def test_devices_are_exported_as_a_table(fleet_service: Fleet) -> None:
    device = await arrived(fleet_service, "=cmd", "S-1")
    await group(fleet_service, "Lab", devices=[device["id"]])
    answer = await fleet_service.service.client.get(
        f"{DEVICES}/export?q=os:linux", headers=fleet_service.owner
    )
    head, line, _ = answer.text.split("\r\n")
    assert head.startswith("\ufeffid,hostname,serial")
    assert line.startswith(f"{device['id']},'=cmd,S-1,linux,")
    assert ",Lab," in line


async def test_tags_of_many_are_changed_at_once_or_not_at_all(fleet_service: Fleet) -> None:
    ids = [(await arrived(fleet_service, f"pc-{n}"))["id"] for n in range(3)]
    path = f"{DEVICES}/tags"
    await call(fleet_service, "POST", path, json={"devices": ids[:1], "add": ["lab", "old"]})
    told = len(fleet_service.changes)
    wanted = {"devices": ids, "add": ["lab"], "remove": ["old"]}
    assert await call(fleet_service, "POST", path, json=wanted) == {"devices": ids}
    assert await call(fleet_service, "POST", path, json=wanted) == {"devices": []}
    assert len(fleet_service.changes) == told + 3
    for device_id in ids:
        assert (await fleet_service.get(device_id))["tags"] == ["lab"]
    await call(fleet_service, "POST", path, 404, json={"devices": [*ids, 999], "add": ["x"]})
    problem = await call(
        fleet_service, "POST", path, 400, json={"devices": ids, "add": ["a"], "remove": list("a")}
    )
    assert '"a"' in problem["detail"]
    assert (await fleet_service.get(ids[0]))["tags"] == ["lab"]


async def test_a_device_says_by_which_token_it_came(fleet_service: Fleet) -> None:
    made = await call(fleet_service, "POST", ENROLLMENT_TOKENS, 201, json={"name": "Lab in May"})
    answer = await fleet_service.service.client.post(
        "/api/v1/enroll", json=plain_enrolment(Device(), made["token"])
    )
    assert (await fleet_service.get(answer.json()["device_id"]))["came_by"] == "Lab in May"
    token = made["enrollment_token"]
    path = f"{ENROLLMENT_TOKENS}/{token['id']}"
    renamed = await call(fleet_service, "PUT", path, json={"name": "  June "})
    assert renamed == await call(fleet_service, "GET", path)
    assert (renamed["name"], renamed["used"]) == ("June", 1)
    found = await call(fleet_service, "GET", f"{ENROLLMENT_TOKENS}?q=state:usable name:ju*&sort=-used")
    assert [one["id"] for one in found["items"]] == [token["id"]]
    await call(fleet_service, "GET", f"{ENROLLMENT_TOKENS}/999", 404)
    assert "200" in (await call(fleet_service, "PUT", path, 400, json={"name": "x" * 201}))["detail"]
