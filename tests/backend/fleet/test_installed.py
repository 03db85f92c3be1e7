"""What is installed on devices: reported by their agents, cleaned, counted and found."""

from typing import Any

import pytest

from agent.wire.messages import WIRE_VERSIONS, SoftwareEntry, SoftwareReport, Welcome
from backend_lite.contract.fleet import DEVICE_FIELDS, DEVICES
from backend_lite.contract.query import NeedsServiceError, matches, needs_service, parse
from backend_lite.contract.query_values import device_values
from backend_lite.contract.software import INSTALLED
from backend_lite.features.fleet.installed import MAX_ITEMS, cleaned
from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import AgentSocket, Device, say_hello

pytestmark = pytest.mark.anyio

ZIP = SoftwareEntry("7-Zip", "23.01", "Igor Pavlov", "registry", "x64", "2026-05-01")
CHROME = SoftwareEntry("Google Chrome", "120.1", "Google")


def report(*items: SoftwareEntry, digest: str = "a") -> SoftwareReport:
    return SoftwareReport(digest.ljust(64, "0"), items)


async def get(fleet: Fleet, path: str, **params: str | int) -> Any:
    answer = await fleet.service.client.get(path, params=params, headers=fleet.owner)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def connected(
    fleet: Fleet, device: Device, versions: tuple[int, ...] = WIRE_VERSIONS
) -> tuple[AgentSocket, Welcome]:
    socket = fleet.connect()
    await say_hello(socket, device, fleet.leaf, wire_versions=versions)
    return socket, await socket.expect(Welcome)


async def online(fleet: Fleet) -> tuple[int, Device, AgentSocket]:
    device = Device()
    device_id = await fleet.enrolled(device)
    socket, _welcome = await connected(fleet, device)
    return device_id, device, socket


async def told(fleet: Fleet, device_id: int, socket: AgentSocket, said: SoftwareReport) -> dict[str, Any]:
    """What is known of the device after it has said this."""
    socket.send(said)
    await socket.leave()
    known: dict[str, Any] = await get(fleet, f"{DEVICES}/{device_id}/software")
    return known


async def matching(fleet: Fleet, query: str) -> list[int]:
    ids: list[int] = (await get(fleet, f"{DEVICES}/matching", q=query))["ids"]
    listed = [device["id"] for device in await get(fleet, DEVICES, q=query)]
    assert listed == ids
    return ids


async def test_a_report_is_kept_and_the_next_welcome_knows_it(fleet_service: Fleet) -> None:
    device_id, device, socket = await online(fleet_service)
    assert await get(fleet_service, f"{DEVICES}/{device_id}/software") == {"items": [], "reported_at": None}
    known = await told(fleet_service, device_id, socket, report(CHROME, ZIP))
    assert [item["name"] for item in known["items"]] == ["7-Zip", "Google Chrome"]
    assert known["items"][0] == {
        "name": "7-Zip",
        "version": "23.01",
        "publisher": "Igor Pavlov",
        "source": "registry",
        "architecture": "x64",
        "installed_on": "2026-05-01",
    }
    assert known["reported_at"] == "2027-01-15T08:00:00.000Z"
    older, welcome = await connected(fleet_service, device, (1, 2))
    assert welcome.software_digest == ""
    await older.leave()
    again, welcome = await connected(fleet_service, device)
    assert welcome.software_digest == "a".ljust(64, "0")
    replaced = await told(fleet_service, device_id, again, report(ZIP, digest="b"))
    assert [item["name"] for item in replaced["items"]] == ["7-Zip"]
    assert [line["name"] for line in await get(fleet_service, INSTALLED)] == ["7-Zip"]


async def test_what_a_device_says_is_bounded_and_cleaned(fleet_service: Fleet) -> None:
    device_id, _device, socket = await online(fleet_service)
    hostile = report(
        SoftwareEntry("a\x1b[31m\u202eb\n" + "x" * 9000, "1\0" + "2" * 9000, "p" * 900, "s" * 90, "", "soon"),
        SoftwareEntry("  \n "),
        ZIP,
        ZIP,
    )
    known = await told(fleet_service, device_id, socket, hostile)
    first, second = known["items"]
    assert first["name"] == "7-Zip"
    assert second["name"].startswith("a [31m b xxx")
    sizes = [len(second[key]) for key in ("name", "version", "publisher", "source", "installed_on")]
    assert sizes == [400, 200, 200, 20, 0]
    assert len(cleaned([SoftwareEntry(str(n)) for n in range(MAX_ITEMS * 2)])) == MAX_ITEMS


async def test_a_digest_that_is_none_is_not_taken_for_one(fleet_service: Fleet) -> None:
    device_id, device, socket = await online(fleet_service)
    await told(fleet_service, device_id, socket, SoftwareReport("x' or 1=1", (ZIP,)))
    _socket, welcome = await connected(fleet_service, device)
    assert welcome.software_digest == ""


async def test_what_is_installed_is_counted_by_name_and_version(fleet_service: Fleet) -> None:
    fleet = fleet_service
    ids, devices = [], []
    for number in range(3):
        device_id, device, socket = await online(fleet)
        newer = SoftwareEntry("7-Zip", "24.00", "Igor Pavlov")
        items = [newer if number == 2 else ZIP, *([CHROME, SoftwareEntry("google chrome")] * (number == 1))]
        await told(fleet, device_id, socket, report(*items))
        ids.append(device_id)
        devices.append(device)
    zip_line = {
        "name": "7-Zip",
        "publisher": "Igor Pavlov",
        "devices": 3,
        "versions": {"23.01": 2, "24.00": 1},
    }
    lines = await get(fleet, INSTALLED)
    assert lines[0] == zip_line
    assert list(lines[0]["versions"]) == ["23.01", "24.00"]
    assert sorted(line["name"] for line in lines[1:]) == ["Google Chrome", "google chrome"]
    assert [line["name"] for line in await get(fleet, INSTALLED, sort="name", limit=1)] == ["7-Zip"]
    assert await get(fleet, INSTALLED, q="publisher:igor devices>2") == [zip_line]
    assert await get(fleet, INSTALLED, q="ZIP") == [zip_line]
    where = await get(fleet, f"{INSTALLED}/devices", name="7-ZIP")
    assert sorted(line["device_id"] for line in where) == ids
    newest = await get(fleet, f"{INSTALLED}/devices", name="7-zip", version="24.00")
    assert [line["device_id"] for line in newest] == [ids[2]]
    both = await get(fleet, f"{INSTALLED}/devices", name="google chrome")
    assert [line["version"] for line in both] == ["120.1", ""]

    await fleet.retire(ids[0])
    assert (await get(fleet, INSTALLED))[0] == zip_line | {"devices": 2, "versions": {"23.01": 1, "24.00": 1}}
    await fleet.retire(ids[1])
    await fleet.retire(ids[2])
    assert await get(fleet, INSTALLED) == []


async def test_devices_are_found_by_what_is_installed(fleet_service: Fleet) -> None:
    fleet = fleet_service
    first, _, socket = await online(fleet)
    await told(fleet, first, socket, report(ZIP, SoftwareEntry("Visual C++ 100%_Runtime")))
    second, _, socket = await online(fleet)
    await told(fleet, second, socket, report(CHROME))
    third, _, _ = await online(fleet)
    for query, ids in {
        "software:zip": [first],
        "software:CHROME": [second],
        'software:"google chrome"': [second],
        "software=7-Zip": [first],
        "software=7-": [],
        "software:7*": [first],
        "software:zip,chrome": [first, second],
        "software:*": [first, second],
        "-software:*": [third],
        "-software:zip": [second, third],
        "installed:zip or software:chrome": [first, second],
        'software:"100%_r"': [first],
        'software:"100__r"': [],
        '"7-Zip"': [first],
        '"7-zip" or "Google Chrome"': [first, second],
        '-"7-Zip"': [second, third],
        "7-Zip": [],
        '"no such thing"': [],
    }.items():
        assert await matching(fleet, query) == ids, query


def test_only_the_service_can_tell_what_is_installed() -> None:
    for text, asks in {
        "software:x": True,
        "os:linux (tag:a or -installed:x)": True,
        '"7-Zip"': True,
        "7-Zip os:linux": False,
        'name:"x"': False,
        "": False,
    }.items():
        assert needs_service(parse(text, DEVICE_FIELDS), DEVICE_FIELDS) is asks, text
    with pytest.raises(NeedsServiceError):
        matches(parse("software:x", DEVICE_FIELDS), device_values({}, 0))


async def test_an_unknown_device_and_a_bad_query_are_told(fleet_service: Fleet) -> None:
    client, owner = fleet_service.service.client, fleet_service.owner
    for path in (f"{DEVICES}/7/software", f"{DEVICES}/99999999999999999999/software"):
        assert (await client.get(path, headers=owner)).status_code == 404
    for path in (f"{INSTALLED}?q=x:y", f"{INSTALLED}?sort=x", f"{DEVICES}/matching?q=x:y"):
        assert (await client.get(path, headers=owner)).status_code == 400, path


async def test_the_next_report_writes_only_what_differs(fleet_service: Fleet) -> None:
    device_id, device, socket = await online(fleet_service)
    many = [SoftwareEntry(f"Package {n}", "1.0") for n in range(700)]
    await told(fleet_service, device_id, socket, report(*many))
    newer = [*many[1:], SoftwareEntry("Package 5", "2.0"), ZIP]
    for digest, items in (("b", newer), ("c", many), ("d", [])):
        again, _welcome = await connected(fleet_service, device)
        known = await told(fleet_service, device_id, again, report(*items, digest=digest))
        stored = sorted((item["name"], item["version"]) for item in known["items"])
        assert stored == sorted((item.name, item.version) for item in items)
        counted = await get(fleet_service, INSTALLED)
        assert sorted(line["name"] for line in counted) == sorted({item.name for item in items})
        assert {line["devices"] for line in counted} <= {1}
