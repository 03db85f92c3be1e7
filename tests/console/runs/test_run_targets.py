"""Where it runs, what would happen there, and several scripts in order."""

import json
from typing import Any

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from backend_lite.contract.library import SCRIPTS
from console.core.work import Work
from tests.console import objects
from tests.console.conftest import World
from tests.console.runs.starting import (
    FLEET,
    LIBRARY,
    POST,
    PREVIEW,
    Open,
    Run,
    created,
    line,
    look,
    preview,
    said,
)
from tests.console.trips import Trips
from tests.helpers.waiting import until

# ---- groups and queries


def test_a_group_is_chosen_by_keys_and_the_service_says_who_is_in_it(open_: Open, run: Run) -> None:
    dialog = open_()
    dialog.targets.open("groups")
    table = dialog.targets.groups.table

    async def story() -> None:
        table.select([1])
        QTest.keyClick(table, Qt.Key.Key_Space)
        assert dialog.run.text() == "Run"
        assert not dialog.run.isEnabled()
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert dialog.targets.value().groups == [1]
    assert dialog.run.text() == "Run on 2 devices"
    assert dialog.run.isEnabled()


def test_a_query_says_how_many_match_and_skips_who_cannot(open_: Open, run: Run) -> None:
    dialog = open_(query="tag:lab")
    assert dialog.targets.query.count.text() == "3 devices match now."
    assert "win-3: It is for Linux, the device runs Windows 11." in said(dialog)
    assert dialog.run.text() == "Run on 2 devices"
    assert dialog.run.isEnabled()


def test_a_query_that_is_not_understood_points_at_the_word(open_: Open, world: World, run: Run) -> None:
    dialog = open_()
    dialog.targets.open("query")
    box = dialog.targets.query.box

    async def story() -> None:
        QTest.keyClicks(box, "tga:lab")
        QTest.keyClick(box, Qt.Key.Key_Return)

    run(story())
    assert box.selectedText() == "tga:"
    assert "tga" in dialog.targets.query.problem.text()
    assert dialog.sentence.text().startswith("The query:")
    assert world.api.calls() == []


def test_devices_groups_and_query_are_taken_together(open_: Open) -> None:
    dialog = open_(device_ids=(1,), group_ids=(1,), query="os:linux")
    assert dialog.targets.sentence.text() == ("Together: 1 device, the group “Lab”, what matches “os:linux”.")
    assert dialog.targets.value().devices == [1]


# ---- the preview


def test_nothing_of_before_is_shown_while_it_is_looked_at_again(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(1, 2))
    assert dialog.loader.preview is not None

    async def story() -> None:
        dialog.picker.toggle([2])
        assert dialog.loader.preview is None
        assert dialog.preview.plain.isVisible()
        assert not dialog.preview.table.isVisible()
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert dialog.preview.table.isVisible()
    assert dialog.preview.state.text().startswith("as of ")


def test_many_changes_are_one_question(open_: Open, world: World, run: Run) -> None:
    dialog = open_()

    async def story() -> None:
        for device_id in (1, 2, 5):
            dialog.picker.toggle([device_id])
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert world.api.calls() == [PREVIEW]
    assert world.api.body(PREVIEW)["targets"]["devices"] == [1, 2, 5]


def test_an_answer_to_an_earlier_question_is_dropped(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(1,))
    first = dialog.loader.preview
    assert first is not None

    async def story() -> None:
        dialog.picker.toggle([2])
        dialog.loader._answered(dialog.loader._serial - 1, first)
        assert dialog.loader.preview is None
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert [device.device_id for device in dialog.loader.preview.devices] == [1, 2]  # type: ignore[union-attr]


def test_a_refused_preview_is_said_and_can_be_tried_again(open_: Open, world: World, run: Run) -> None:
    world.api.answers[PREVIEW] = (409, {"detail": "The group is gone."})
    dialog = open_(device_ids=(1,))
    assert dialog.preview.plain.text() == dialog.sentence.text() == "The group is gone."
    assert not dialog.run.isEnabled()
    world.api.answers[PREVIEW] = look

    async def story() -> None:
        dialog.preview.again.click()
        await until(dialog.run.isEnabled)

    run(story())


def test_without_the_service_nothing_is_promised(open_: Open, world: World) -> None:
    world.api.gone = True
    dialog = open_(device_ids=(1,))
    assert dialog.sentence.text() == "The service does not answer."
    assert not dialog.run.isEnabled()


def test_news_of_its_devices_are_looked_at(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(2,))
    answers = [line(FLEET[1], connected=True)]
    world.api.answers[PREVIEW] = lambda _request: (200, preview(answers))

    async def story() -> None:
        world.live.change(2, "device", 2, {"connected": True, "contact": "online"})
        await until(lambda: said(dialog) == ["lab-2 is connected.", "It has never run there."])

    run(story())


def test_a_script_that_somebody_saves_is_looked_at_anew(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(1,))

    async def story() -> None:
        world.live.change(2, "script", 1, {"revision": 4, "revision_id": 104})
        await until(lambda: dialog.loader.preview is None)
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert world.api.calls().count(PREVIEW) == 2


def test_it_says_what_ran_before_how_long_it_takes_and_in_which_waves(open_: Open, world: World) -> None:
    ran = {"last_run_id": 9, "last_state": "failed", "last_ended_at": "2026-03-04T07:42:07.000Z"}
    devices = [
        line(FLEET[0], **ran, last_revision=2),
        line(FLEET[4], **ran, last_revision=3),
        line(FLEET[1]),
    ]
    world.api.answers[PREVIEW] = (200, preview(devices, expected_ms=12_400, waves=[1, 2]))
    dialog = open_(device_ids=(1,))
    assert said(dialog)[2:] == [
        "It has never run on 1 of them. Another revision than 3 ran last on 1 device.",
        "About 12 s on each device.",
        "1, then 2 devices.",
    ]
    table = dialog.preview.table.model_
    columns = {column.key: column for column in table.columns}
    first, second, third = table.shown_objects()
    assert columns["before"].text(first) == "Failed revision 2"
    assert columns["before"].text(second) == "Failed same revision"
    assert columns["before"].text(third) == ""
    assert columns["when"].text(first) == "3 h ago"


# ---- several scripts


def test_scripts_run_in_the_order_that_is_shown(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1,))
    world.api.answers[POST] = created(31)

    async def story() -> None:
        dialog.what.add.click()
        assert dialog.sentence.text() == "Task 2: Choose a script or software."
        second = dialog.what.tasks[1]
        QTest.keyClicks(second.work.line, "clean")
        QTest.keyClick(second.work.line, Qt.Key.Key_Return)
        second.parameters.inputs["Days"].show_value(7)
        second.up.click()
        dialog.what.tasks[0].go_on.click()
        await until(lambda: not dialog.loader.checking)
        dialog.run.click()
        await until(lambda: trips.opened)

    run(story())
    sent = world.api.body(POST)
    assert sent["script_id"] is None
    order = [(task["script_id"], task["continue_on_error"]) for task in sent["tasks"]]
    assert order == [(3, True), (1, False)]
    assert sent["tasks"][0]["parameters"]["Days"] == 7


def test_a_script_can_be_taken_out_again(open_: Open, run: Run) -> None:
    dialog = open_(device_ids=(1,))

    async def story() -> None:
        dialog.what.add.click()
        dialog.what.tasks[0].remove.click()
        assert len(dialog.what.tasks) == 1
        dialog.what.tasks[0].work.choose(Work("script", 1))
        dialog.what.tasks[0].work.chosen.emit()
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert not dialog.what.tasks[0].remove.isVisible()
    assert dialog.what.add.isVisible()
    assert dialog.run.isEnabled()


def test_what_is_typed_and_is_no_script_gives_way(open_: Open, run: Run) -> None:
    dialog = open_(device_ids=(1,))
    box = dialog.what.tasks[0].work

    async def story() -> None:
        box.line.setText("no such thing")
        box.line.editingFinished.emit()
        assert box.line.text() == "Greet"
        box.line.setText("spool")
        box.line.editingFinished.emit()
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert (box.line.text(), box.work) == ("Spooler", ("script", 2))


def test_a_cmd_script_takes_no_arguments(open_: Open) -> None:
    dialog = open_(script_id=2, device_ids=(3,), arguments=("x",))
    (task,) = dialog.what.tasks
    assert task.value().arguments == []
    assert not task.arguments.isVisible()
    assert not task.arguments.add.isVisible()


def test_a_pasted_argument_stays_one_argument(open_: Open) -> None:
    dialog = open_(arguments=("a b\nc 'd'", ""))
    assert dialog.what.tasks[0].argument_values() == ["a b\nc 'd'", ""]


def test_an_older_revision_is_found_and_pinned_with_its_parameters(
    open_: Open, world: World, run: Run
) -> None:
    older = {**objects.revision(1, "echo h\n"), "parameters": [{"name": "Old", "type": "text"}]}
    pages: dict[str, Any] = {
        "": {"items": [objects.revision(2, "echo hi\n")], "next": "2"},
        "2": {"items": [older], "next": None},
    }

    def revisions(request: httpx.Request) -> tuple[int, Any]:
        return 200, pages[request.url.params.get("cursor", "")]

    world.api.answers[f"GET {SCRIPTS}/1/revisions"] = revisions
    dialog = open_(device_ids=(1,), revision_id=101)
    (task,) = dialog.what.tasks
    run(until(lambda: "Old" in task.parameters.inputs))
    assert task.revision.currentText().startswith("Revision 1 ·")
    wanted = dialog.wanted()
    assert wanted is not None
    assert (wanted.script_id, wanted.revision_id) == (None, 101)


@pytest.mark.parametrize("script_id", [one["id"] for one in LIBRARY])
def test_what_is_sent_can_be_sent(open_: Open, script_id: int, world: World) -> None:
    open_(script_id=script_id, device_ids=(1,))
    assert json.loads(world.api.requests[-1].content)["script_id"] == script_id


def test_a_test_run_is_for_one_device_and_no_more(open_: Open, run: Run) -> None:
    dialog = open_(wait=False, on_one_device=True)
    assert dialog.windowTitle() == "Test-run on one device"
    assert dialog.sentence.text() == "Choose a device."

    async def story() -> None:
        dialog.picker.toggle([1])
        dialog.picker.toggle([2])
        assert dialog.picker.chosen == [2]
        dialog.picker.toggle([2])
        assert dialog.picker.chosen == []

    run(story())
    assert dialog.picker.all_shown.isHidden()
