import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import shiboken6
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from console.core.errors import ApiError, ServiceGone
from console.core.ops import Op, Progress
from console.shell.op_runner import OpHandle
from tests.console.conftest import World
from tests.helpers.waiting import until

Run = Callable[..., Any]


def op(outcome: object, touches: tuple[str, ...] = ()) -> Op[object]:
    async def call(_progress: Progress) -> object:
        await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Op("Save script", call, touches)


async def finished(world: World, handle: OpHandle) -> None:
    await until(lambda: handle not in world.context.ops.running, "end of the operation")


def test_a_result_goes_to_the_caller_and_the_views_of_its_kind(world: World, run: Run) -> None:
    results: list[object] = []
    touched: list[tuple[str, ...]] = []
    world.context.ops.touched.connect(touched.append)

    async def scene() -> None:
        ops = world.context.ops
        await finished(world, ops.run(op("done", ("script",)), on_success=results.append))

    run(scene())
    assert (results, touched) == (["done"], [("script",)])


def test_what_the_person_can_mend_is_said_by_the_caller(world: World, run: Run) -> None:
    errors: list[ApiError] = []
    ends: list[str] = []

    async def scene() -> None:
        handle = world.context.ops.run(
            op(ApiError("The name is taken.", "taken", 409)),
            on_error=errors.append,
            on_done=lambda: ends.append("done"),
        )
        await finished(world, handle)

    run(scene())
    assert [error.detail for error in errors] == ["The name is taken."]
    assert (world.notices, ends) == ([], ["done"])


def test_what_began_it_is_disabled_until_its_end(world: World, run: Run, qtbot: QtBot) -> None:
    began = QWidget()
    qtbot.addWidget(began)

    async def scene() -> None:
        refused = op(ApiError("The name is taken.", "taken", 409))
        handle = world.context.ops.run(refused, busy=began)
        assert not began.isEnabled()
        await finished(world, handle)

    run(scene())
    assert began.isEnabled()


def test_without_a_place_for_it_the_sentence_is_a_notice(world: World, run: Run) -> None:
    async def scene() -> None:
        await finished(world, world.context.ops.run(op(ApiError("The name is taken.", status=409))))

    run(scene())
    assert [(notice.text, notice.tone) for notice in world.notices] == [("The name is taken.", "bad")]


def test_a_service_that_is_gone_is_nobodys_fault(world: World, run: Run) -> None:
    async def scene() -> None:
        errors: list[ApiError] = []
        handle = world.context.ops.run(op(ServiceGone("It does not answer.")), on_error=errors.append)
        await finished(world, handle)
        assert errors == []

    run(scene())
    assert [notice.text for notice in world.notices] == ["Save script: It does not answer."]
    assert world.bugs == []


def test_a_full_disk_of_the_service_is_said_and_is_no_bug(world: World, run: Run) -> None:
    async def scene() -> None:
        refusal = ApiError("The disk of the service is full.", "disk_full", status=507)
        await finished(world, world.context.ops.run(op(refusal)))

    run(scene())
    assert [notice.text for notice in world.notices] == ["The disk of the service is full."]
    assert world.bugs == []


def test_a_mistake_of_the_program_gets_an_id(world: World, run: Run) -> None:
    async def scene() -> None:
        await finished(world, world.context.ops.run(op(KeyError("hostname"))))

    run(scene())
    (bug,) = world.bugs
    assert len(bug.error_id) == 8
    assert "KeyError" in bug.details


def test_a_mistake_of_the_service_keeps_the_services_id(world: World, run: Run) -> None:
    async def scene() -> None:
        refusal = ApiError("Something went wrong.", status=500, error_id="abc123")
        await finished(world, world.context.ops.run(op(refusal)))

    run(scene())
    assert world.bugs[0].error_id == "abc123"


def test_an_ended_session_is_told_to_the_frame(world: World, run: Run) -> None:
    told: list[bool] = []
    world.context.ops.unauthorized.connect(lambda: told.append(True))

    async def scene() -> None:
        handle = world.context.ops.run(op(ApiError("Sign in.", status=401)), on_error=lambda _: None)
        await finished(world, handle)

    run(scene())
    assert told == [True]


def test_with_an_owner_that_is_gone_nothing_is_called(world: World, run: Run) -> None:
    results: list[object] = []
    owner = QWidget()

    async def scene() -> None:
        handle = world.context.ops.run(op("late"), on_success=results.append, owner=owner)
        shiboken6.delete(owner)
        await finished(world, handle)

    run(scene())
    assert results == []


@pytest.mark.parametrize(
    ("touches", "status", "said"),
    [(("user",), 409, ["Save script: No."]), ((), 404, []), (("user",), 401, [])],
)
def test_a_change_that_was_refused_is_told_though_its_dialog_was_closed(
    world: World, run: Run, touches: tuple[str, ...], status: int, said: list[str]
) -> None:
    owner = QWidget()

    async def scene() -> None:
        refused = op(ApiError("No.", status=status), touches)
        handle = world.context.ops.run(refused, on_error=lambda _: None, owner=owner)
        shiboken6.delete(owner)
        await finished(world, handle)

    run(scene())
    assert [notice.text for notice in world.notices] == said


def test_a_cancelled_operation_ends_without_a_word(world: World, run: Run) -> None:
    ends: list[str] = []

    async def for_ever(_progress: Progress) -> None:
        await asyncio.Event().wait()

    async def scene() -> None:
        handle = world.context.ops.run(Op("Wait", for_ever), on_done=lambda: ends.append("done"))
        await asyncio.sleep(0)
        handle.cancel()
        await finished(world, handle)

    run(scene())
    assert ends == ["done"]
    assert (world.notices, world.bugs) == ([], [])


def test_progress_is_passed_on(world: World, run: Run) -> None:
    seen: list[tuple[object, str]] = []

    async def halfway(progress: Progress) -> None:
        await asyncio.sleep(0)
        progress.report(0.5, "half")

    async def scene() -> None:
        handle = world.context.ops.run(Op("Copy", halfway))
        handle.progressed.connect(lambda done, text: seen.append((done, text)))
        await finished(world, handle)

    run(scene())
    assert seen == [(0.5, "half")]


def test_what_follows_decides_whether_it_can_be_begun_again(world: World, run: Run, qtbot: QtBot) -> None:
    began = QWidget()
    qtbot.addWidget(began)
    ops = world.context.ops

    async def scene() -> None:
        ended = ops.run(op("done"), on_success=lambda _: began.setEnabled(False), busy=began)
        await finished(world, ended)
        assert not began.isEnabled(), "nothing is left to do"
        seen: list[bool] = []
        second: list[OpHandle] = []
        first = ops.run(
            op("page 1"),
            on_success=lambda _: second.append(ops.run(op("page 2"), busy=began)),
            on_done=lambda: seen.append(began.isEnabled()),
            busy=began,
        )
        await finished(world, first)
        await finished(world, second[0])
        assert seen == [False], "the next one is under way"

    run(scene())
    assert began.isEnabled()
