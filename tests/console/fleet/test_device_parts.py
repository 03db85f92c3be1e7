"""What a device was doing and what is installed on it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.software import INSTALLED
from console.features.fleet.device_metrics import DeviceMetrics
from console.features.fleet.device_software import DeviceSoftwareView
from console.widgets.history_chart import HistoryChart
from tests.console.conftest import World
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
START = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


def point(minutes: int, cpu: float | None) -> list[Any]:
    at = START + timedelta(minutes=minutes)
    memory = None if cpu is None else 50.0
    return [f"{at:%Y-%m-%dT%H:%M:%S}.000Z", cpu, memory, None if cpu is None else 75.5]


@pytest.fixture
def metrics(world: World, qtbot: QtBot) -> DeviceMetrics:
    made = DeviceMetrics(world.context)
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show_device(7)
    made.show()
    return made


def test_the_newest_values_stand_beside_the_charts(metrics: DeviceMetrics, world: World, run: Run) -> None:
    asked: list[str] = []

    def history(request: Any) -> tuple[int, Any]:
        asked.append(request.url.params["hours"])
        return 200, {"step_s": 300, "points": [point(0, 10.0), point(5, None), point(10, 30.0)]}

    world.api.answers[f"GET {DEVICES}/7/metrics"] = history

    async def story() -> None:
        metrics.load()
        await until(lambda: metrics.values["cpu"].text() == "30 %", "the values")
        assert metrics.values["disk"].text() == "76 %"
        assert metrics.nothing.isHidden()
        metrics.span.choose("720")
        await until(lambda: len(asked) == 2, "the month")

    run(story())
    assert asked == ["24", "720"]
    assert unnamed(metrics) == []


def test_the_keyboard_goes_through_the_moments_of_all_charts(
    metrics: DeviceMetrics, world: World, run: Run
) -> None:
    points = [point(5 * n, float(n)) for n in range(40)]
    world.api.answers[f"GET {DEVICES}/7/metrics"] = lambda _r: (200, {"step_s": 300, "points": points})

    async def story() -> None:
        metrics.load()
        await until(lambda: metrics.values["cpu"].text() == "39 %", "the values")

    run(story())
    chart = metrics.charts["cpu"]
    chart.setFocus()
    for key, at in (
        (Qt.Key.Key_Left, 39),
        (Qt.Key.Key_Left, 38),
        (Qt.Key.Key_PageUp, 26),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Right, 1),
    ):
        QTest.keyClick(chart, key)
        assert {one.at for one in metrics.charts.values()} == {at}
    assert metrics.values["cpu"].text() == "1 %"
    assert metrics.moment.text() != ""
    assert "1 %" in chart.accessibleDescription()
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert metrics.values["cpu"].text() == "39 %"
    assert metrics.moment.text() == ""


def test_the_mouse_points_to_the_nearest_moment(qtbot: QtBot) -> None:
    chart = HistoryChart("Processor", "accent", lambda time: f"{time:%H:%M}")
    qtbot.addWidget(chart)
    chart.resize(400, 112)
    chart.show_points([(START, 5.0), (START, None), (START, 50.0)])
    chart.show()
    pointed: list[int] = []
    chart.pointed.connect(pointed.append)
    QTest.mouseMove(chart, chart.rect().center())
    QTest.mouseMove(chart, chart.rect().topRight())
    assert pointed[-1] == 2
    assert chart.said().endswith("50 %")
    chart.point(1)
    assert chart.said().endswith("nothing heard")


def test_a_device_that_was_never_measured_says_so(metrics: DeviceMetrics, world: World, run: Run) -> None:
    answer = {"step_s": 300, "points": [point(0, None)]}
    world.api.answers[f"GET {DEVICES}/7/metrics"] = lambda _request: (200, answer)

    async def story() -> None:
        metrics.load()
        await until(metrics.nothing.isVisible, "the sentence")

    run(story())


def installed(name: str, version: str = "1.0") -> dict[str, str]:
    return {"name": name, "version": version, "publisher": "Debian", "source": "dpkg"}


def test_software_is_listed_found_and_looked_for_elsewhere(world: World, run: Run, qtbot: QtBot) -> None:
    view = DeviceSoftwareView(world.context)
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show_device(7)
    view.show()
    items = [installed("bash"), installed("7-Zip", "24.08")]
    world.api.answers[f"GET {DEVICES}/7/software"] = lambda _request: (
        200,
        {"items": items, "reported_at": "2026-03-04T10:00:00.000Z"},
    )
    elsewhere = [{"device_id": 9, "hostname": "pc-9", "version": "23.01", "source": "dpkg"}]
    world.api.answers[f"GET {INSTALLED}/devices"] = lambda _request: (200, elsewhere)

    def names() -> list[str]:
        view.table.model_.settle()
        return [one["name"] for one in view.table.model_.shown_objects()]

    async def story() -> None:
        view.load()
        await until(lambda: names() == ["7-Zip", "bash"], "the software")
        assert view.note.text() == "2 entries, told 42 min ago"
        QTest.keyClicks(view.filter.box, "zip")
        await until(lambda: names() == ["7-Zip"], "the search")
        view.table.setFocus()
        view.table.select([view.table.model_.id_at(0)])
        QTest.keyClick(view.table, Qt.Key.Key_Return)
        await until(lambda: view.elsewhere.note.text() == "On 1 device", "the others")
        assert view.elsewhere.title.text() == "7-Zip"

    run(story())
    assert unnamed(view) == []


def test_before_the_agent_told_anything_that_is_said(world: World, run: Run, qtbot: QtBot) -> None:
    view = DeviceSoftwareView(world.context)
    qtbot.addWidget(view)
    view.show_device(7)
    world.api.answers[f"GET {DEVICES}/7/software"] = lambda _r: (200, {"items": [], "reported_at": None})

    async def story() -> None:
        view.load()
        await until(lambda: view.nothing.title.text() == "Not told yet", "the sentence")

    run(story())
