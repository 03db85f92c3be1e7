"""What the run dialog says before Run is pressed, and what it sends."""

from typing import Any

import httpx
import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from backend_lite.contract.runs import Rollout
from console.core.run_request import RunRequest
from console.features.runs.run_dialog import RunDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.runs.starting import (
    FLEET,
    POST,
    PREVIEW,
    Open,
    Run,
    created,
    danger,
    gate,
    line,
    preview,
    said,
)
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

RETURN = Qt.Key.Key_Return

# ---- what it says


def test_everything_is_proposed_as_asked(open_: Open) -> None:
    dialog = open_(device_ids=(1,), arguments=("a b", ""), parameters={"Days": 14}, timeout_s=90)
    (task,) = dialog.what.tasks
    assert task.work.currentText() == "Greet"
    assert dialog.picker.chosen == [1]
    assert task.argument_values() == ["a b", ""]
    assert task.parameters.values() == {"Days": "14"}
    assert dialog.options.value().timeout_s == 90
    assert dialog.run.text() == "Run on lab-1"
    assert dialog.sentence.text() == "“Greet” starts at once on lab-1."
    assert unnamed(dialog) == []


@pytest.mark.parametrize(
    ("request_", "obstacle"),
    [
        ({"device_ids": ()}, "Choose at least one device."),
        ({"device_ids": (1,), "script_id": None}, "Choose a script or software."),
        ({"device_ids": (1, 3)}, "Take out the devices that cannot take part."),
    ],
)
def test_what_is_missing_is_said_and_run_waits(
    open_: Open, request_: dict[str, Any], obstacle: str, world: World
) -> None:
    dialog = open_(**request_)
    assert dialog.sentence.text() == obstacle
    assert not dialog.run.isEnabled()
    dialog.start()
    assert POST not in world.api.calls()


def test_a_device_of_another_system_is_named_and_can_be_taken_out(open_: Open, run: Run) -> None:
    dialog = open_(device_ids=(1, 3))
    assert "win-3: It is for Linux, the device runs Windows 11." in said(dialog)

    async def story() -> None:
        dialog.preview.drop.click()
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert dialog.picker.chosen == [1]
    assert dialog.run.isEnabled()


def test_devices_that_are_away_are_named_with_how_long_it_waits(open_: Open) -> None:
    dialog = open_(device_ids=(1, 2))
    assert "lab-2 is not connected: it runs when it is back, until 11 Mar 10:42." in said(dialog)
    assert dialog.run.isEnabled()
    assert dialog.run.text() == "Run on 2 devices"
    assert dialog.sentence.text() == "“Greet” starts at once on 1 device, and later on 1 device."


def test_a_missing_language_is_said_at_the_device(open_: Open) -> None:
    dialog = open_(device_ids=(5,))
    table = dialog.picker.table
    column = next(one for one in table.model_.columns if one.key == "remark")
    assert column.text(FLEET[4]) == "No Bash"


def test_devices_that_wait_for_approval_cannot_be_chosen(open_: Open) -> None:
    dialog = open_(device_ids=(4,))
    assert dialog.picker.chosen == []
    assert "new-4" not in [item["hostname"] for item in dialog.picker.table.model_.shown_objects()]


def test_a_chosen_device_that_goes_away_is_no_longer_chosen(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(1, 2))

    async def story() -> None:
        world.live.change(3, "device", 1, None)
        await until(lambda: dialog.picker.chosen == [2] and not dialog.loader.checking)

    run(story())
    assert dialog.sentence.text() == "“Greet” starts when lab-2 can be reached."


# ---- choosing


def test_devices_are_chosen_by_click_space_and_all_shown(open_: Open, run: Run) -> None:
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
    run(until(lambda: model.rowCount() == 1))
    dialog.picker.all_shown.click()
    assert dialog.picker.chosen == [1, 3]
    dialog.picker.none.click()
    assert dialog.picker.chosen == []


# ---- running


def test_run_sends_what_it_says_and_opens_the_run(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1,), arguments=("-n", "a b"), parameters={"Days": "14"})
    world.api.answers[POST] = created(31)

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened == [("run", "31")])

    run(story())
    sent = world.api.body(POST)
    assert (sent["script_id"], sent["revision_id"], sent["tasks"]) == (1, None, [])
    assert sent["targets"] == {"devices": [1], "groups": [], "query": ""}
    assert (sent["arguments"], sent["parameters"]) == (["-n", "a b"], {"Days": "14"})
    assert sent["policy"]["timeout_s"] is None
    assert sent["policy"]["offline"] == "queue"
    assert sent == world.api.body(PREVIEW)


def test_several_devices_open_the_rollout(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1, 2))
    world.api.answers[POST] = created(31, 32)

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened == [("rollout", "7")])

    run(story())


def test_the_fast_path_is_one_key(open_: Open, world: World, trips: Trips, run: Run) -> None:
    """The button has the keyboard at once, and a press before the preview waits for it."""
    dialog = open_(wait=False, device_ids=(1,))
    world.api.answers[POST] = created(31)
    assert dialog.focusWidget() is dialog.run

    async def story() -> None:
        QTest.keyClick(dialog.run, RETURN)
        assert dialog.run.text() == "Starting…"
        await until(lambda: trips.opened == [("run", "31")])

    run(story())
    assert world.api.calls() == [PREVIEW, POST]


def test_a_heartbeat_does_not_undo_a_press(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(wait=False, device_ids=(1,))
    world.api.answers[POST] = created(31)

    async def story() -> None:
        dialog.start()
        dialog.picker.changed.emit()
        await until(lambda: trips.opened == [("run", "31")])

    run(story())


def test_a_press_before_the_preview_does_not_go_past_what_it_finds(
    open_: Open, world: World, run: Run
) -> None:
    world.api.answers[PREVIEW] = lambda _request: (200, preview([line(FLEET[0])], errors=["No room."]))
    dialog = open_(wait=False, device_ids=(1,))

    async def story() -> None:
        dialog.start()
        await until(lambda: dialog.sentence.text() == "No room.")

    run(story())
    assert POST not in world.api.calls()
    assert not dialog.run.isEnabled()


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
        await until(dialog.run.isEnabled)
        world.api.answers[POST] = created(31)
        dialog.start()
        await until(lambda: trips.opened)

    run(story())
    keys = started(world)
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_something_else_has_another_key(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(device_ids=(1,))
    world.api.answers[POST] = (409, {"detail": "no"})

    async def story() -> None:
        dialog.start()
        await until(lambda: dialog.refusal.text() == "no" and dialog.run.isEnabled())
        dialog.picker.toggle([2])
        world.api.answers[POST] = created(31, 32)
        dialog.start()
        await until(lambda: trips.opened)

    run(story())
    keys = started(world)
    assert keys[0] != keys[1]


def started(world: World) -> list[str]:
    return [r.headers["Idempotency-Key"] for r in world.api.requests if f"POST {r.url.path}" == POST]


def test_enter_in_a_field_does_not_run(open_: Open, world: World, run: Run) -> None:
    dialog = open_(device_ids=(1,), arguments=("x",))
    dialog.options.unfold()
    box = dialog.options.manner.timeout.box

    async def story() -> None:
        box.setFocus()
        QTest.keyClick(box, RETURN)
        assert dialog.focusWidget() is dialog.options.manner.idle.box
        for field in (dialog.what.tasks[0].arguments.rows[0].cells[0], dialog.picker.filter.box):
            QTest.keyClick(field, RETURN)
        await until(lambda: not dialog.loader.checking)

    run(story())
    assert dialog.isVisible()
    assert POST not in world.api.calls()


# ---- danger


def many(request: httpx.Request) -> tuple[int, Any]:
    """The first device, 30 times over; with a dangerous script."""
    return 200, preview(
        [line(objects.device(n, f"pc-{n}")) for n in range(1, 31)], findings=[danger(), danger(9)]
    )


def test_a_dangerous_script_asks_for_the_number_of_many_devices(
    open_: Open, world: World, trips: Trips, run: Run
) -> None:
    world.api.answers |= {PREVIEW: many, POST: created(31, 32)}
    dialog = open_(device_ids=(1,))
    assert dialog.preview.findings.said == [("Danger", "bad", "Deletes files · lines 4 and 9")]
    assert dialog.gate.count.isVisible()
    assert not dialog.run.isEnabled()
    assert dialog.focusWidget() is dialog.gate.count.box
    QTest.keyClicks(dialog.gate.count.box, "29")
    assert not dialog.run.isEnabled()
    dialog.gate.count.box.clear()
    QTest.keyClicks(dialog.gate.count.box, "30")
    assert dialog.run.text() == "Run on 30 devices"

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened)

    run(story())
    assert world.api.body(POST)["confirmed_devices"] == 30


def test_on_few_devices_danger_is_only_shown(open_: Open, world: World) -> None:
    world.api.answers[PREVIEW] = (200, preview([line(FLEET[0])], findings=[danger()]))
    dialog = open_(device_ids=(1,))
    assert dialog.preview.findings.said == [("Danger", "bad", "Deletes files · line 4")]
    assert dialog.run.isEnabled()
    assert dialog.gate.isHidden()


# ---- what the service's limits ask for


def test_the_service_asks_for_the_number_of_devices(
    open_: Open, world: World, trips: Trips, run: Run
) -> None:
    reason = "It is for 2 devices, and more than 1 is many."
    asked = preview([line(FLEET[0]), line(FLEET[1])], gate=gate(2, reason, confirm=True))
    world.api.answers |= {PREVIEW: (200, asked), POST: created(31, 32)}
    dialog = open_(device_ids=(1, 2))
    assert dialog.gate.reasons.said == [("Careful", "warning", reason)]
    assert dialog.gate.count.text.text() == "Type the number of devices: 2"
    assert not dialog.run.isEnabled()
    QTest.keyClicks(dialog.gate.count.box, "2")
    assert dialog.run.isEnabled()
    assert unnamed(dialog) == []

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened)

    run(story())
    assert world.api.body(POST)["confirmed_devices"] == 2


def test_what_needs_a_second_person_is_asked_for_and_shown_as_held(
    open_: Open, world: World, trips: Trips, run: Run
) -> None:
    reason = "It is for 1 device: work on more than 0 needs a second person."
    asked = preview([line(FLEET[0])], gate=gate(1, reason, approve=True))
    status, made = created(31)
    world.api.answers |= {PREVIEW: (200, asked), POST: (status, made | {"state": "held"})}
    dialog = open_(device_ids=(1,))
    assert dialog.gate.reasons.said == [("Approval", "warning", reason)]
    assert dialog.gate.count.isHidden()
    assert dialog.run.text() == "Ask for approval"
    assert dialog.sentence.text() == "“Greet” waits until a second person agrees, then it goes to 1 device."

    async def story() -> None:
        dialog.run.click()
        await until(lambda: trips.opened == [("rollout", "7")])

    run(story())
    assert world.api.body(POST)["confirmed_devices"] is None
    (notice,) = world.notices
    assert notice.text == "“Script 1” waits for a second person."
    assert notice.action is not None
    notice.action.run()
    assert trips.opened[-1] == ("approvals", None)


def test_who_only_looks_is_told_and_types_nothing(open_: Open, world: World) -> None:
    reason = "It is for 2 devices, and more than 1 is many."
    asked = preview([line(FLEET[0]), line(FLEET[1])], gate=gate(2, reason, confirm=True))
    world.api.answers[PREVIEW] = (200, asked)
    dialog = open_(device_ids=(1, 2), only_look=True)
    assert dialog.gate.reasons.said == [("Careful", "warning", reason)]
    assert dialog.gate.count.isHidden()


def test_what_nobody_could_approve_is_refused_before_it_is_asked(open_: Open, world: World) -> None:
    refused = "It is dangerous. But nobody else here may approve it."
    asked = preview([line(FLEET[0])], errors=[refused], gate=gate(1, "It is dangerous.", approve=True))
    world.api.answers[PREVIEW] = (200, asked)
    dialog = open_(device_ids=(1,))
    assert dialog.sentence.text() == refused
    assert not dialog.run.isEnabled()
    assert dialog.gate.isHidden()


@pytest.mark.parametrize("code", ["confirm_needed", "nobody_to_approve"])
def test_a_gate_that_closed_meanwhile_is_said_in_place(
    open_: Open, world: World, run: Run, code: str
) -> None:
    dialog = open_(device_ids=(1,))
    world.api.answers[POST] = (409, {"detail": "Nothing was started.", "code": code})

    looked = world.api.calls().count(PREVIEW)

    async def story() -> None:
        dialog.run.click()
        await until(lambda: dialog.refusal.text() == "Nothing was started." and dialog.run.isEnabled())

    run(story())
    # Whose number was not the right one needs to see the devices again.
    assert world.api.calls().count(PREVIEW) == looked + (code == "confirm_needed")


# ---- again


def test_a_rollout_again_with_the_same_choices(open_: Open) -> None:
    rollout = {
        **objects.rollout(7),
        "policy": {"timeout_s": 600, "expires_after_s": 3600, "waves": {"sizes": ["1", "10%"]}},
        "targets": {"devices": [1], "groups": [1], "query": "os:linux"},
        "tasks": [
            {
                "n": 1,
                "type": "bash",
                "name": "Greet",
                "script_id": 1,
                "revision_id": 100,
                "revision": 1,
                "arguments": ["-v"],
                "parameters": {"Days": 14},
                "secrets": [],
                "files": {},
                "timeout_s": 600,
                "continue_on_error": False,
            }
        ],
    }
    request = RunRequest.of_rollout(_rollout(rollout))
    dialog = open_(**vars(request))
    sent = dialog.wanted()
    assert sent is not None
    assert (sent.script_id, sent.arguments, sent.parameters) == (1, ["-v"], {"Days": "14"})
    assert (sent.targets.devices, sent.targets.groups, sent.targets.query) == ([1], [1], "os:linux")
    assert sent.policy.waves is not None
    assert (sent.policy.waves.sizes, sent.policy.expires_after_s, sent.policy.timeout_s) == (
        ["1", "10%"],
        3600,
        600,
    )
    assert dialog.windowTitle() == "Run again"


def test_a_run_again_is_for_its_device_only() -> None:
    rollout = _rollout(
        {**objects.rollout(7), "targets": {"devices": [1], "groups": [1], "query": "os:linux"}}
    )
    request = RunRequest.of_rollout(rollout, (2,))
    assert (request.device_ids, request.group_ids, request.query) == ((2,), (), "")


def _rollout(found: dict[str, Any]) -> Rollout:
    return msgspec.convert(found, Rollout)


def test_a_closed_dialog_asks_no_more(open_: Open, world: World, run: Run) -> None:
    dialog: RunDialog = open_(device_ids=(1,))
    before = len(world.api.calls())
    dialog.picker.toggle([2])
    dialog.reject()

    async def story() -> None:
        world.live.change(3, "device", 1, {"hostname": "other"})
        await until(lambda: world.context.live.get("device", 1)["hostname"] == "other")  # type: ignore[index]

    run(story())
    assert len(world.api.calls()) == before
