"""What the run dialog says before Run is pressed, and what it sends."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.runs import ROLLOUTS
from console.core.run_request import RunRequest
from console.features.runs.run_dialog import RunDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
POST = f"POST {ROLLOUTS}"
FLEET = [
    objects.device(1, "lab-1"),
    objects.away(2, hostname="lab-2"),
    objects.windows(3, hostname="win-3"),
    objects.device(4, "new-4", admission="pending"),
    objects.device(5, "old-5", facts=objects.facts("linux", "sh")),
]
LIBRARY = [
    objects.script(1, "Greet", target_os_type="linux"),
    objects.script(2, "Spooler", language="cmd", target_os_type="windows"),
]


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


Open = Callable[..., RunDialog]


@pytest.fixture
def open_(world: World, trips: Trips, run: Run, qtbot: QtBot) -> Open:
    run(world.go_live(device=FLEET, script=LIBRARY))

    window = QWidget()
    qtbot.addWidget(window)

    def opened(**request: Any) -> RunDialog:
        dialog = RunDialog(window, world.context, RunRequest(**{"script_id": 1, **request}))
        dialog.open()
        return dialog

    return opened


def created(*run_ids: int) -> tuple[int, Any]:
    return 201, {**objects.rollout(7), "run_ids": list(run_ids)}


def remarks(dialog: RunDialog) -> str:
    return "" if dialog.remarks.isHidden() else dialog.remarks.text.text()


# ---- what it says


def test_everything_is_proposed_as_asked(open_: Open) -> None:
    dialog = open_(device_ids=(1,), arguments=("a b", ""), parameters={"Days": 14}, timeout_s=90)
    assert dialog.script.currentText() == "Greet"
    assert dialog.picker.chosen == [1]
    assert dialog.inputs.argument_values() == ["a b", ""]
    assert dialog.inputs.parameter_values() == {"Days": "14"}
    assert dialog.inputs.timeout_s == 90
    assert dialog.run.text() == "Run"
    assert dialog.sentence.text() == "“Greet” starts at once on lab-1."
    assert unnamed(dialog) == []


@pytest.mark.parametrize(
    ("request_", "obstacle"),
    [
        ({"device_ids": ()}, "Choose at least one device."),
        ({"device_ids": (1,), "script_id": None}, "Choose a script."),
        ({"device_ids": (1, 3)}, "Take out the devices that cannot take part."),
    ],
)
def test_what_is_missing_is_said_and_run_waits(open_: Open, request_: dict[str, Any], obstacle: str) -> None:
    dialog = open_(**request_)
    assert dialog.sentence.text() == obstacle
    assert not dialog.run.isEnabled()
    assert dialog.wanted() is None


def test_a_device_of_another_system_is_named_and_can_be_taken_out(open_: Open) -> None:
    dialog = open_(device_ids=(1, 3))
    assert remarks(dialog) == "win-3 cannot take part: script is for Linux, device is Windows."
    dialog.remarks.press("Take them out")
    assert dialog.picker.chosen == [1]
    assert dialog.run.isEnabled()


def test_devices_that_are_away_are_named_with_how_long_it_waits(open_: Open) -> None:
    dialog = open_(device_ids=(1, 2))
    assert remarks(dialog) == "lab-2 is not connected: it runs when it is back, until 11 Mar 10:42."
    assert dialog.run.isEnabled()
    assert dialog.run.text() == "Run on 2 devices"
    assert dialog.sentence.text() == "“Greet” starts at once on 1 device, and later on 1 device."


def test_a_missing_language_is_named(open_: Open) -> None:
    dialog = open_(device_ids=(5,))
    assert remarks(dialog) == "old-5 has not reported Bash: the run would fail there."
    assert dialog.run.isEnabled()


def test_devices_that_wait_for_approval_cannot_be_chosen(open_: Open) -> None:
    dialog = open_(device_ids=(4,))
    assert dialog.picker.chosen == []
    assert "new-4" not in [item["hostname"] for item in dialog.picker.table.model_.shown_objects()]


def test_news_of_chosen_devices_change_what_is_said(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(1, 2))

    async def story() -> None:
        world.live.change(2, "device", 2, {"connected": True, "contact": "online"})
        await until(lambda: remarks(dialog) == "")
        world.live.change(3, "device", 1, None)
        await until(lambda: dialog.picker.chosen == [2])

    run(story())


# ---- choosing


def test_devices_are_chosen_by_click_space_and_all_shown(open_: Open, qtbot: QtBot) -> None:
    dialog = open_()
    table = dialog.picker.table
    model = table.model_
    box = table.visualRect(model.index(0, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, box)
    assert dialog.picker.chosen == [1]
    table.select([2, 5])
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert dialog.picker.chosen == [1, 2, 5]
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert dialog.picker.chosen == [1]
    dialog.picker.filter.box.setText("win")
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    dialog.picker.all_shown.click()
    assert dialog.picker.chosen == [1, 3]
    dialog.picker.none.click()
    assert dialog.picker.chosen == []


def test_another_script_changes_what_is_possible(open_: Open) -> None:
    dialog = open_(device_ids=(3,))
    dialog.script.setCurrentIndex(dialog.script.findData(2))
    assert remarks(dialog) == ""
    assert dialog.run.isEnabled()


# ---- inputs


def test_arguments_are_a_vector(open_: Open) -> None:
    dialog = open_(device_ids=(1,))
    editor = dialog.inputs.arguments
    editor.add.click()
    QTest.keyClicks(editor.rows[0].cells[0], "one two; $x")
    QTest.keyClick(editor.rows[0].cells[0], Qt.Key.Key_Return)
    QTest.keyClicks(editor.rows[1].cells[0], "second")
    editor.add_below(editor.rows[0])
    assert dialog.inputs.argument_values() == ["one two; $x", "", "second"]
    editor.rows[2].up.click()
    editor.rows[2].remove.click()
    assert dialog.inputs.argument_values() == ["one two; $x", "second"]
    assert dialog.isVisible()
    assert [cell.accessibleName() for row in editor.rows for cell in row.cells] == [
        "Argument 1",
        "Argument 2",
    ]


def test_a_pasted_text_stays_one_argument(open_: Open) -> None:
    dialog = open_(arguments=("",))
    pasted = QMimeData()
    pasted.setText("a b\nc 'd'")
    QApplication.clipboard().setMimeData(pasted)
    dialog.inputs.arguments.rows[0].cells[0].paste()
    assert dialog.inputs.argument_values() == ["a b\nc 'd'"]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([("", "x")], "A parameter has no name."),
        ([("a-b", "x")], "“a-b” cannot be the name of a parameter: use letters, digits and _."),
        ([("grün", "x")], "“grün” cannot be the name of a parameter: use letters, digits and _."),
        ([("a", "x"), ("a", "y")], "The parameter “a” stands there twice."),
    ],
)
def test_wrong_parameters_are_said_and_run_waits(
    open_: Open, rows: list[tuple[str, str]], wrong: str
) -> None:
    dialog = open_(device_ids=(1,))
    dialog.inputs.parameters.set_values(rows)
    dialog.inputs.parameters.changed.emit()
    assert dialog.inputs.problem.text() == dialog.sentence.text() == wrong
    assert not dialog.run.isEnabled()


def test_a_cmd_script_takes_no_arguments(open_: Open) -> None:
    dialog = open_(script_id=2, device_ids=(3,), arguments=("x",))
    wanted = dialog.wanted()
    assert wanted is not None
    assert wanted.arguments == []
    assert not dialog.inputs.arguments.isVisible()


# ---- running


def test_run_sends_what_it_says_and_opens_the_run(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1,), arguments=("-n", "a b"), parameters={"Days": "14"})
    world.api.answers[POST] = created(31)

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened == [("run", "31")])

    run(story())
    assert world.api.body(POST) == {
        "script_id": 1,
        "revision_id": None,
        "targets": {"devices": [1], "groups": [], "query": ""},
        "arguments": ["-n", "a b"],
        "parameters": {"Days": "14"},
        "policy": {"timeout_s": 1800, "expires_after_s": 604_800},
    }


def test_several_devices_open_the_rollout(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1, 2))
    world.api.answers[POST] = created(31, 32)

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened == [("rollout", "7")])

    run(story())


def test_a_double_press_is_one_rollout_and_a_repeat_has_the_same_key(
    open_: Open, world: World, trips: Trips, run: Run
) -> None:
    dialog = open_(device_ids=(1,))
    refusal = "The service is stopping."
    world.api.answers[POST] = (409, {"detail": refusal})

    async def story() -> None:
        dialog.start()
        dialog.start()
        await until(lambda: dialog.refusal.text() == refusal)
        assert dialog.run.isEnabled()
        world.api.answers[POST] = created(31)
        dialog.start()
        await until(lambda: trips.opened)

    run(story())
    keys = [request.headers["Idempotency-Key"] for request in world.api.requests]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_something_else_has_another_key(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1,))
    world.api.answers[POST] = (409, {"detail": "no"})

    async def story() -> None:
        dialog.start()
        await until(lambda: dialog.refusal.text() == "no")
        dialog.picker.toggle([2])
        world.api.answers[POST] = created(31, 32)
        dialog.start()
        await until(lambda: trips.opened)

    run(story())
    keys = [request.headers["Idempotency-Key"] for request in world.api.requests]
    assert keys[0] != keys[1]


def test_an_older_revision_is_pinned_for_its_script_only(open_: Open) -> None:
    dialog = open_(device_ids=(1,), revision_id=99)
    wanted = dialog.wanted()
    assert wanted is not None
    assert (wanted.script_id, wanted.revision_id) == (None, 99)


def test_enter_in_a_field_does_not_run(open_: Open, world: World) -> None:
    dialog = open_(device_ids=(1,), arguments=("x",))
    QTest.keyClick(dialog.inputs.arguments.rows[0].cells[0], Qt.Key.Key_Return)
    QTest.keyClick(dialog.inputs.timeout, Qt.Key.Key_Return)
    QTest.keyClick(dialog.picker.filter.box, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert world.api.requests == []
