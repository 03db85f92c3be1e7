"""What is installed, and where, against the real service."""

from __future__ import annotations

import dataclasses

import pytest
from pytestqt.qtbot import QtBot

from agent.wire.messages import WIRE_VERSIONS, SoftwareEntry, SoftwareReport, Welcome
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.live import DEVICE
from backend_lite.contract.runs import TaskAction
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.software import installed_page
from console.features.software.installed_page import InstalledPage
from console.features.software.places_page import PlacesPage
from tests.backend.runs.site import Site
from tests.console.software.conftest import Run, item
from tests.console.trips import Trips
from tests.helpers.agents import FACTS, Device, say_hello
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext
from tests.helpers.waiting import until

CHROME = SoftwareEntry("Chrome", "120", "Google", "registry")


async def device(real: RealContext, site: Site, hostname: str, *entries: SoftwareEntry) -> int:
    """A device that has told what is installed."""
    made = Device()
    facts = dataclasses.replace(FACTS, hostname=hostname, machine_id=hostname)
    device_id = await site.fleet.enrolled(made, facts=facts)
    socket = site.fleet.connect()
    await say_hello(socket, made, site.fleet.leaf, wire_versions=WIRE_VERSIONS)
    await socket.expect(Welcome)
    socket.send(SoftwareReport(hostname.encode().hex().ljust(64, "0")[:64], entries))
    await socket.leave()
    await until(lambda: real.context.live.get(DEVICE, device_id) is not None, "the device")
    return device_id


async def fleet(real: RealContext, site: Site) -> list[int]:
    zips = [SoftwareEntry("7-Zip", version, "Igor Pavlov", "registry") for version in ("23.01", "22.00")]
    return [
        await device(real, site, "lab-1", zips[0], CHROME),
        await device(real, site, "lab-2", zips[1]),
        await device(real, site, "office-1", zips[0]),
    ]


@pytest.fixture
def page(real: RealContext, trips: Trips, qtbot: QtBot) -> InstalledPage:
    made = InstalledPage(real.context)
    qtbot.addWidget(made)
    made.resize(1000, 500)
    made.show()
    return made


@pytest.fixture
def places(real: RealContext, trips: Trips, qtbot: QtBot) -> PlacesPage:
    made = PlacesPage(real.context)
    qtbot.addWidget(made)
    made.resize(1000, 500)
    made.show()
    return made


def names(page: InstalledPage) -> list[str]:
    return [str(one["name"]) for one in page.table.model_.shown_objects()]


def hosts(page: PlacesPage) -> list[str]:
    return [str(one["hostname"]) for one in page.table.model_.shown_objects()]


def test_names_come_with_their_devices_and_versions(
    page: InstalledPage, real: RealContext, site: Site, trips: Trips, run: Run
) -> None:
    async def story() -> None:
        page.show_target(None)
        await until(lambda: page.centre.currentWidget() is page.nothing, "the empty page")
        await fleet(real, site)
        page.again.click()
        await until(lambda: names(page) == ["7-Zip", "Chrome"], "the names")
        page.table.opened.emit(1)

    run(story())
    versions = next(column for column in page.table.model_.columns if column.key == "versions")
    assert versions.text(page.rows[1]) == "23.01 (2), 22.00 (1)"
    assert trips.opened == [("installed-on", "7-Zip")]
    assert unnamed(page) == []


def test_the_list_follows_what_devices_tell(
    page: InstalledPage, real: RealContext, site: Site, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    page._soon.setInterval(1)

    async def story() -> list[int]:
        await fleet(real, site)
        page.show_target(None)
        await until(lambda: names(page) == ["7-Zip", "Chrome"], "the names")
        page.table.select([row["id"] for row in page.rows.values() if row["name"] == "Chrome"])
        for hostname in ("lab-4", "lab-5", "lab-6"):
            await device(real, site, hostname, CHROME)
        await until(lambda: names(page) == ["Chrome", "7-Zip"], "the new order")
        chosen = [row["name"] for row in page.table.selected_objects()]
        page.hide()
        await device(real, site, "lab-7", SoftwareEntry("Vim", "9", "Bram", "registry"))
        await until(lambda: page._old, "news for later")
        assert names(page) == ["Chrome", "7-Zip"]
        page.show()
        await until(lambda: names(page) == ["Chrome", "7-Zip", "Vim"], "what came meanwhile")
        return chosen

    assert run(story()) == ["Chrome"]


def test_a_removed_device_leaves_the_list(
    page: InstalledPage, real: RealContext, site: Site, run: Run
) -> None:
    page._soon.setInterval(1)

    async def story() -> None:
        *_, office = await fleet(real, site)
        page.show_target(None)
        await until(lambda: [row["devices"] for row in page.rows.values()] == [3, 1], "the names")
        await real.context.client.delete(f"{DEVICES}/{office}")
        await until(lambda: [row["devices"] for row in page.rows.values()] == [2, 1], "one device less")

    run(story())


def test_the_service_searches(page: InstalledPage, real: RealContext, site: Site, run: Run) -> None:
    async def story() -> None:
        await fleet(real, site)
        page.show_target('name:"zip"')
        await until(lambda: names(page) == ["7-Zip"], "the search")
        page.filter.box.setText("devices<2")
        await until(lambda: names(page) == ["Chrome"], "the query")
        page.filter.box.setText("devices<")
        page.filter.box.setText("publisher:nobody")
        await until(lambda: page.centre.currentWidget() is page.no_match, "nothing")

    run(story())


def test_a_long_list_comes_in_parts(
    page: InstalledPage, real: RealContext, site: Site, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(installed_page, "AT_ONCE", 1)

    async def story() -> None:
        await fleet(real, site)
        page.show_target(None)
        await until(lambda: names(page) == ["7-Zip"], "the first part")
        assert page.more.text() == "Show more: 1 are left"
        page.more.click()
        await until(lambda: names(page) == ["7-Zip", "Chrome"], "the rest")
        assert page._more.isHidden()

    run(story())


def test_devices_are_chosen_by_version_and_opened(
    places: PlacesPage, real: RealContext, site: Site, trips: Trips, run: Run
) -> None:
    async def story() -> list[int]:
        ids = await fleet(real, site)
        places.show_target("7-Zip")
        await until(lambda: hosts(places) == ["lab-1", "lab-2", "office-1"], "the devices")
        places.versions.chips["22.00"].click()
        await until(lambda: hosts(places) == ["lab-2"], "the version")
        places.versions.chips["22.00"].click()
        places.filter.box.setText("office")
        await until(lambda: hosts(places) == ["office-1"], "the filter")
        places.table.opened.emit(3)
        return ids

    ids = run(story())
    assert trips.opened == [("device", str(ids[2]))]
    assert unnamed(places) == []


def test_it_is_removed_with_the_item_that_knows_how(
    places: PlacesPage, real: RealContext, site: Site, trips: Trips, run: Run
) -> None:
    async def story() -> tuple[list[int], int]:
        ids = await fleet(real, site)
        places.show_target("7-Zip")
        await until(lambda: len(hosts(places)) == 3, "the devices")
        places.uninstall()
        assert "No software item says how" in real.notices[-1].text
        detection = {"type": "installed", "value": "7-zip*"}
        made = await item(real, "Zip", installer_type="winget", source="7zip.7zip", detection=detection)
        places.table.select([1, 2])
        places.uninstall()
        return ids, int(made["id"])

    ids, software_id = run(story())
    request = RunRequest(software_id=software_id, action=TaskAction.UNINSTALL, device_ids=tuple(ids[:2]))
    assert trips.asked == [(RUN_DIALOG, request)]
