"""Tasks that are for some devices only: which of them, and what the others' runs look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agent.wire.states import RunState, StepState
from backend_lite.contract.runs import (
    OfflinePolicy,
    Policy,
    RolloutCreate,
    RunRerun,
    Targets,
    TaskCondition,
    TaskCreate,
)
from backend_lite.errors import InvalidError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.preview import Previews
from tests.backend.runs.harness import OWNER, FakeFleet, Harness
from tests.backend.runs.test_engine import Play

ON_WINDOWS = TaskCondition(os_type="windows")
ON_LINUX = TaskCondition(os_type="linux")


def task(name: str, condition: TaskCondition | None = None, **fields: Any) -> TaskCreate:
    return TaskCreate(script_id=1, name=name, condition=condition or TaskCondition(), **fields)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The queries that the fleet was asked."""
    queries: list[str] = []

    match = FakeFleet.match

    def heard(self: FakeFleet, session: Any, query: str) -> list[int]:
        queries.append(query)
        return match(self, session, query)

    monkeypatch.setattr(FakeFleet, "match", heard)
    yield queries


async def states(core: Harness, run_id: int) -> list[tuple[str, str]]:
    return [(step.state, step.reason) for step in (await core.run(run_id)).steps]


def test_a_task_that_is_not_for_the_device_is_left_out(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await core.here(1)
        run_id = await core.start_tasks([task("a", ON_WINDOWS), task("b"), task("c", ON_WINDOWS)], 1)
        run = await core.run(run_id)
        assert (run.state, run.started_at) == (RunState.QUEUED, None)
        assert await states(core, run_id) == [
            ("skipped", "condition"),
            ("offered", ""),
            ("skipped", "condition"),
        ]
        await core.carry_out(1)
        run = await core.run(run_id)
        assert (run.state, run.reason) == (RunState.SUCCEEDED, "")
        assert len(core.offers(1)) == 1

    play(scenario)


def test_a_run_of_which_nothing_is_for_the_device_ends_at_once(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        core.fleet.systems[2] = "windows"
        await core.here(1, 2)
        targets = Targets(devices=[1, 2])
        first, second = await core.start(script_id=None, tasks=[task("a", ON_WINDOWS)], targets=targets)
        run = await core.run(first)
        assert (run.state, run.reason, run.ended_at is not None) == (RunState.SKIPPED, "condition", True)
        assert (await core.run(second)).state == RunState.QUEUED
        await core.carry_out(2)
        rollout = await core.rollout(run.rollout_id)
        assert (rollout.state, rollout.counters.skipped, rollout.counters.succeeded) == ("done", 1, 1)

    play(scenario)


def test_a_rollout_of_which_nothing_is_for_anybody_is_done_at_once(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        (run_id,) = await core.start(1, script_id=None, tasks=[task("a", ON_WINDOWS)])
        rollout = await core.rollout(await core.rollout_of(run_id))
        assert (rollout.state, rollout.counters.skipped) == ("done", 1)

    play(scenario)


def test_a_query_decides_and_is_asked_once(play: Play, asked: list[str]) -> None:
    async def scenario(core: Harness) -> None:
        chosen = TaskCondition(query="2 3")
        tasks = [task("a", chosen), task("b"), task("c", chosen)]
        one, two, _three = await core.start(1, 2, 3, script_id=None, tasks=tasks)
        assert [state for state, _ in await states(core, one)] == ["skipped", "queued", "skipped"]
        assert [state for state, _ in await states(core, two)] == ["queued", "waiting", "waiting"]
        assert asked == ["2 3"]

    play(scenario)


def test_a_failure_leaves_out_the_rest_for_another_reason(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await core.here(1)
        tasks = [task("a", ON_WINDOWS), task("b"), task("c", ON_LINUX), task("d", ON_WINDOWS)]
        run_id = await core.start_tasks(tasks, 1)
        await core.carry_out(1, exit_code=7)
        assert await states(core, run_id) == [
            ("skipped", "condition"),
            ("failed", "exit_code"),
            ("skipped", "earlier_step"),
            ("skipped", "condition"),
        ]
        run = await core.run(run_id)
        assert (run.state, run.reason) == (RunState.FAILED, "exit_code")

    play(scenario)


def test_what_is_left_out_asks_nothing_of_the_device(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        core.fleet.languages[1] = ("bash",)
        with pytest.raises(InvalidError, match="has no sh"):
            await core.start(1)
        (run_id,) = await core.start(1, script_id=None, tasks=[task("a", ON_WINDOWS)])
        assert (await core.run(run_id)).state == RunState.SKIPPED

    play(scenario)


@pytest.mark.parametrize(
    ("policy", "state"), [(OfflinePolicy.SKIP, StepState.SKIPPED), (OfflinePolicy.FAIL, StepState.FAILED)]
)
def test_an_offline_device_is_turned_away_at_its_first_task(
    play: Play, policy: OfflinePolicy, state: StepState
) -> None:
    async def scenario(core: Harness) -> None:
        tasks = [task("a", ON_WINDOWS), task("b"), task("c")]
        run_id = await core.start_tasks(tasks, 1, policy=Policy(offline=policy))
        assert (await states(core, run_id))[1] == (state, "offline")
        run = await core.run(run_id)
        assert (run.reason, run.ended_at is not None) == ("offline", True)

    play(scenario)


def test_running_again_asks_the_condition_anew(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await core.here(1)
        run_id = await core.start_tasks([task("a", ON_WINDOWS), task("b")], 1)
        await core.carry_out(1, exit_code=1)
        core.fleet.systems[1] = "windows"

        def again(unit: Any) -> Any:
            return core.area.reruns.run(unit, run_id, RunRerun(), OWNER, None)

        created = await core.database.write(again)
        (again_id,) = created.run_ids
        assert [state for state, _ in await states(core, again_id)] == ["offered", "waiting"]
        assert [one.condition for one in created.tasks] == [ON_WINDOWS, TaskCondition()]

    play(scenario)


def test_the_preview_says_what_would_run_where(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        core.fleet.systems[2] = "windows"
        request = RolloutCreate(
            tasks=[task("a", ON_WINDOWS), task("b", ON_LINUX)], targets=Targets(devices=[1, 2])
        )
        previews = Previews(LibraryApi(), core.fleet, core.area.plans, core.area.findings, core.area.gate)
        found = await core.database.read(lambda session: previews.make(session, request, OWNER))
        assert [(device.skips, device.problem) for device in found.devices] == [([1], ""), ([2], "")]
        assert [(one.n, one.name, one.devices) for one in found.tasks] == [(1, "a", 1), (2, "b", 1)]
        request.tasks = request.tasks[:1]
        (first, _) = (
            await core.database.read(lambda session: previews.make(session, request, OWNER))
        ).devices
        assert (first.problem, first.skipped) == ("condition", True)
        assert first.detail == "No task is for pc-1: the condition of none of them holds there."

    play(scenario)
