"""The fleet as a person meets it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import DEVICES
from console.core.live import LiveBatch
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.fleet.device_page import DevicePage
from console.features.fleet.devices_page import DevicesPage
from console.features.fleet.feature import features
from console.features.fleet.watch import SAMPLES, FleetWatch
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
FLEET = [
    objects.device(1, "lab-1", tags=["lab"]),
    objects.away(2, hostname="lab-2"),
    objects.windows(3, hostname="office-3"),
    objects.device(4, "new-4", admission="pending", waiting="Waits for approval.", connected=True),
]


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def devices(world: World, trips: Trips, run: Run, qtbot: QtBot) -> DevicesPage:
    page = DevicesPage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(page)
    page.resize(1000, 500)
    page.show()
    run(live(world, page, *FLEET))
    return page


async def live(world: World, page: DevicesPage, *fleet: Any, **kinds: Any) -> None:
    await world.go_live(device=list(fleet), **kinds)
    await until(lambda: page.table.model_.total == len(fleet), "the devices")


def names(page: DevicesPage) -> list[str]:
    return [item["hostname"] for item in page.table.model_.shown_objects()]


def cell(page: DevicesPage, row: int, key: str) -> str:
    model = page.table.model_
    column = [column.key for column in model.columns].index(key)
    return str(model.data(model.index(row, column)))


def test_the_fleet_is_shown_with_its_state(devices: DevicesPage) -> None:
    assert names(devices) == ["lab-1", "lab-2", "new-4", "office-3"]
    assert [cell(devices, row, "contact") for row in range(4)] == [
        "Online",
        "Offline · 3 h",
        "Pending",
        "Online",
    ]
    assert [cell(devices, 0, key) for key in ("system", "tags", "cpu", "memory", "disk", "last_run")] == [
        "Debian 12",
        "lab",
        "10 %",
        "25 %",
        "25 %",
        "",
    ]
    assert devices.header.note.text() == "4"


def test_figures_of_a_device_that_is_away_are_not_shown_as_the_present(devices: DevicesPage) -> None:
    assert cell(devices, 1, "cpu") == "–"


def test_words_and_chips_filter(devices: DevicesPage, qtbot: QtBot) -> None:
    devices.filter.box.setText("lab")
    qtbot.waitUntil(lambda: names(devices) == ["lab-1", "lab-2"])
    assert devices.header.note.text() == "2 of 4"
    devices.filter.choose("away")
    assert names(devices) == ["lab-2"]
    devices.filter.choose("pending")
    assert devices.centre.currentWidget() is devices.no_match
    devices.filter.clear()
    assert len(names(devices)) == 4


def test_ctrl_f_goes_to_the_filter_and_down_comes_back(devices: DevicesPage, qtbot: QtBot) -> None:
    with qtbot.waitActive(devices):
        devices.activateWindow()
    devices.table.setFocus()
    QTest.keyClick(devices.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(devices.filter.box.hasFocus)
    QTest.keyClick(devices.filter.box, Qt.Key.Key_Down)
    assert devices.table.hasFocus()
    QTest.keyClick(devices.table, Qt.Key.Key_O)
    assert (devices.filter.box.text(), devices.filter.box.hasFocus()) == ("o", True)


def test_a_change_shows_up_and_moves_nothing(devices: DevicesPage, world: World, run: Run) -> None:
    devices.table.select([3])

    async def story() -> None:
        world.live.change(2, "device", 1, {"metrics": objects.metrics(80.0)})
        world.live.change(3, "device", 5, objects.device(5, "aaa-5"))
        await until(lambda: names(devices)[0] == "aaa-5" and cell(devices, 1, "cpu") == "80 %")
        assert devices.table.selected_ids() == [3]
        world.live.change(4, "device", 3, None)
        await until(lambda: "office-3" not in names(devices))
        assert devices.details() is None

    run(story())


def test_without_devices_the_page_says_what_to_do(world: World, trips: Trips, run: Run, qtbot: QtBot) -> None:
    page = DevicesPage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(page)
    assert page.centre.currentWidget() is page.table
    run(live(world, page))
    assert page.centre.currentWidget() is page.nobody
    page.nobody.findChildren(type(page.run))[0].click()
    assert trips.opened == [("add-device", None)]


def test_the_selection_can_be_run_on(devices: DevicesPage, trips: Trips) -> None:
    assert not devices.run.isEnabled()
    devices.table.select([1, 3])
    assert devices.run.text() == "Run on 2 devices…"
    devices.run.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(device_ids=(1, 3)))]


def test_enter_opens_the_device(devices: DevicesPage, trips: Trips) -> None:
    devices.table.select([3])
    QTest.keyClick(devices.table, Qt.Key.Key_Return)
    assert trips.opened == [("device", "3")]


def test_details_follow_the_selection(devices: DevicesPage, world: World, run: Run) -> None:
    assert devices.details() is None
    devices.table.select([1])
    assert devices.details() is devices.info
    assert devices.info.name.text() == "lab-1"
    assert devices.info.facts.value("Languages") == "Bash, sh, Python"
    assert devices.info.meters.memory.value.text() == "4 of 16 GB"
    assert devices.info.meters.disk.value.text() == "100 of 400 GB · 25 %"
    assert devices.info.meters.disk.bar.accessibleDescription() == "100 of 400 GB · 25 %"

    async def story() -> None:
        world.live.change(2, "device", 1, {"metrics": objects.metrics(66.0)})
        await until(lambda: devices.info.meters.cpu.value.text() == "66 %")

    run(story())
    devices.table.select([1, 2])
    assert devices.info.name.text() == "2 devices"
    assert devices.info.sentence.text() == "1 of them are connected."


def test_a_pending_device_shows_its_words_and_is_approved(
    devices: DevicesPage, world: World, run: Run
) -> None:
    devices.show()
    devices.table.select([4])
    assert not devices.info.approval.isHidden()
    assert devices.info.approval.words.text() == "lusab-babad-gutih-tugad"
    assert not devices.info.run.isEnabled()
    world.api.answers[f"POST {DEVICES}/4/approve"] = (200, objects.device(4))

    async def story() -> None:
        devices.info.approval.approve.click()
        await until(lambda: world.api.calls() == [f"POST {DEVICES}/4/approve"])
        world.live.change(2, "device", 4, {"admission": "approved", "waiting": ""})
        await until(devices.info.approval.isHidden)

    run(story())


def press(page: DevicesPage, title: str) -> None:
    """Chooses a line of the context menu."""
    menu = page.table.context_menu()
    next(action for action in menu.actions() if action.text() == title).trigger()


def test_removing_asks_first(devices: DevicesPage, world: World, run: Run) -> None:
    devices.table.select([1, 2])
    for device_id in (1, 2):
        world.api.answers[f"DELETE {DEVICES}/{device_id}"] = (204, None)

    async def story() -> None:
        press(devices, "Remove…")
        dialog = devices.findChild(ConfirmDialog)
        assert dialog is not None
        assert "lab-1, lab-2" in dialog.text.text()
        dialog.reject()
        assert world.api.requests == []
        press(devices, "Remove…")
        devices.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await until(lambda: len(world.api.requests) == 2)
        await until(lambda: world.notices)
        assert world.notices[-1].text == "2 devices were removed."

    run(story())


def test_the_agent_is_removed_along_when_that_is_wanted(devices: DevicesPage, world: World, run: Run) -> None:
    devices.table.select([1])
    world.api.answers[f"DELETE {DEVICES}/1"] = (204, None)

    async def story() -> None:
        press(devices, "Remove…")
        dialog = devices.findChild(ConfirmDialog)
        assert dialog is not None
        option = dialog.findChild(QCheckBox)
        assert option is not None
        assert (option.text(), option.isChecked()) == ("Also remove the agent", False)
        option.click()
        dialog.buttons["yes"].click()
        await until(lambda: world.api.requests)
        assert dict(world.api.requests[0].url.params) == {"uninstall": "true"}

    run(story())


def test_a_refusal_is_said(devices: DevicesPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {DEVICES}/4/approve"] = (403, {"detail": "You may not approve devices."})
    devices.table.select([4])

    async def story() -> None:
        press(devices, "Approve")
        await until(lambda: world.notices)
        assert world.notices[-1].text == "You may not approve devices."

    run(story())


def test_the_last_run_of_a_device_is_shown_and_follows(
    world: World, trips: Trips, run: Run, qtbot: QtBot
) -> None:
    page = DevicesPage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(page)

    async def story() -> None:
        await live(world, page, *FLEET, run=[objects.run(8, "succeeded"), objects.run(9, "waiting")])
        await until(lambda: cell(page, 0, "last_run") == "Waiting Script 1")
        page.table.select([1])
        assert page.info.sentence.text() == "Healthy. “Script 1” has not started yet."
        world.live.change(2, "run", 9, objects.run(9, "running"))
        await until(lambda: cell(page, 0, "last_run") == "Running Script 1")
        assert page.info.sentence.text() == "Healthy, running “Script 1”."
        world.live.change(3, "run", 9, objects.run(9, "failed"))
        await until(lambda: cell(page, 0, "last_run") == "Failed Script 1 · exit 3")
        assert "failed 2 s ago with exit code 3" in page.info.sentence.text()

    run(story())


def test_what_is_shown_is_exported(devices: DevicesPage, world: World, tmp_path: Path) -> None:
    devices.table.model_.filter("office")
    target = tmp_path / "devices.csv"
    devices.export_to(str(target))
    lines = target.read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("Name,Contact,System")
    assert lines[1].startswith("office-3,Online,Windows 11")
    assert len(lines) == 2
    devices.export_to(str(tmp_path / "missing" / "devices.csv"))
    assert "could not be written" in world.notices[-1].text


def test_every_control_has_a_name(devices: DevicesPage) -> None:
    devices.table.select([4])
    assert unnamed(devices) == []
    assert unnamed(devices.info) == []


# ---- one device


@pytest.fixture
def one(world: World, trips: Trips, qtbot: QtBot) -> DevicePage:
    page = DevicePage(world.context, FleetWatch(world.context.live))
    qtbot.addWidget(page)
    return page


def states(one: DevicePage) -> list[str]:
    one.runs.list.table.model_.settle()
    return [str(item["state"]) for item in one.runs.list.table.model_.shown_objects()]


def test_a_device_is_shown_with_its_runs(one: DevicePage, world: World, run: Run, trips: Trips) -> None:
    async def story() -> None:
        others = objects.run(5, device_id=2)
        await world.go_live(device=FLEET, run=[objects.run(8), objects.run(9, "running"), others])
        one.show_target("1")
        assert one.title == "lab-1"
        assert one.header.mark.text() == "Online"
        assert [item["id"] for item in one.runs.list.table.model_.shown_objects()] == [9, 8]
        world.live.change(2, "run", 9, objects.run(9, "failed"))
        world.live.change(3, "device", 1, {"contact": "offline", "connected": False})
        await until(lambda: one.header.mark.text() == "Offline · 1 s")
        await until(lambda: states(one) == ["failed", "succeeded"], "the runs")
        one.run.click()
        assert trips.asked == [(RUN_DIALOG, RunRequest(device_ids=(1,)))]

    run(story())
    assert unnamed(one) == []


def test_tags_are_saved_and_a_refusal_stays_in_place(one: DevicePage, world: World, run: Run) -> None:
    path = f"PUT {DEVICES}/1"

    async def story() -> None:
        await world.go_live(device=FLEET)
        one.show_target("1")
        box = one._tag_box()
        assert box.text() == "lab"
        world.api.answers[path] = (400, {"detail": "A tag has at most 40 characters."})
        box.selectAll()
        QTest.keyClicks(box, "lab, , floor-7,lab")
        QTest.keyClick(box, Qt.Key.Key_Return)
        await until(lambda: one.tags.error == "A tag has at most 40 characters.")
        world.api.answers[path] = (200, objects.device(1, tags=["lab", "floor-7"]))
        QTest.keyClick(box, Qt.Key.Key_Return)
        await until(lambda: not one.tags.error)
        assert world.api.body(path) == {"tags": ["lab", "floor-7"]}

    run(story())


def test_a_device_that_is_not_there_is_said_to_be_missing(one: DevicePage, world: World, run: Run) -> None:
    async def story() -> None:
        await world.go_live(device=FLEET)
        one.show_target("99")
        await until(lambda: one.centre.currentWidget() is one.missing)
        assert not one.run.isEnabled()
        one.show_target("1")
        assert one.centre.currentWidget() is not one.missing
        world.live.change(2, "device", 1, None)
        await until(lambda: one.centre.currentWidget() is one.missing)

    run(story())


# ---- what is remembered


class Live:
    """A live store that says what it is told to say."""

    def __init__(self) -> None:
        self.tell: dict[str, Callable[[LiveBatch], None]] = {}

    def subscribe(self, kind: str, callback: Callable[[LiveBatch], None]) -> Callable[[], None]:
        self.tell[kind] = callback
        return lambda: None

    def devices(self, *changed: Any, reset: bool = False, removed: tuple[int, ...] = ()) -> None:
        self.tell["device"](LiveBatch(reset, objects.by_id(*changed), frozenset(removed)))


def test_recent_figures_are_kept_and_forgotten_with_their_device() -> None:
    live = Live()
    watch = FleetWatch(live)  # type: ignore[arg-type]
    live.devices(objects.device(1), objects.device(2), reset=True)
    for number in range(SAMPLES + 5):
        live.devices(objects.device(1, metrics=objects.metrics(float(number))))
    assert list(watch.cpu(1)) == [float(number) for number in range(5, SAMPLES + 5)]
    assert list(watch.figures(1).memory) == [25.0] * SAMPLES
    same = objects.metrics(1.0)
    for hostname in ("a", "b"):
        live.devices(objects.device(2, hostname, metrics=same))
    assert list(watch.cpu(2)) == [10.0, 1.0]
    live.devices(removed=(2,))
    assert list(watch.cpu(2)) == []
    live.devices(objects.device(3), reset=True)
    assert list(watch.cpu(1)) == []


def test_the_pages_share_what_is_remembered(world: World, run: Run, qtbot: QtBot) -> None:
    made, _groups = features()
    first, second = (made.pages[key](world.context) for key in ("devices", "device"))
    for page in (first, second):
        qtbot.addWidget(page)
    assert isinstance(first, DevicesPage)
    assert isinstance(second, DevicePage)
    assert first._watch is second._watch
    assert [match.describe(FLEET[0]) for match in made.matches] == [("lab-1", "Debian 12")]
    run(asyncio.sleep(0))


def test_texts_of_devices_are_never_taken_for_markup(devices: DevicesPage, world: World, run: Run) -> None:
    async def story() -> None:
        world.live.change(2, "device", 1, {"hostname": "<b>x</b>"})
        await until(lambda: "<b>x</b>" in names(devices))
        devices.table.select([1])

    run(story())
    formats = {part.textFormat() for part in devices.info.findChildren(QLabel) if part.text()}
    assert formats == {Qt.TextFormat.PlainText}
