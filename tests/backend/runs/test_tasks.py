"""Several tasks, agents that hold back or are too old, and running parts of it again."""

from __future__ import annotations

import pytest

from agent.wire.messages import Holding, Offer
from agent.wire.states import RunState, StepState
from backend_lite.contract.runs import (
    Policy,
    RunAs,
    RunRerun,
    Targets,
    TaskCreate,
)
from backend_lite.errors import InvalidError
from tests.backend.runs.harness import OWNER, Harness
from tests.backend.runs.test_engine import Play


def test_what_the_agent_waits_for_is_told_until_it_does_not(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = harness.offers(1)[-1].attempt
        await harness.area.attempts.holding(1, Holding(attempt, "disk_low", "pc-1 has 1 MB left."))
        run = await harness.run(run_id)
        assert (run.reason, run.waiting) == ("disk_low", "pc-1 has 1 MB left.")
        assert run.until is not None
        await harness.area.attempts.holding(1, Holding(attempt, ""))
        assert (await harness.run(run_id)).waiting.startswith("Offered to pc-1")

    play(scenario)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(run_as=RunAs.USER),
        Policy(working_folder="/srv"),
        Policy(idle_timeout_s=9),
        Policy(parallel=True),
    ],
)
def test_an_agent_that_is_too_old_refuses_what_it_does_not_know(play: Play, policy: Policy) -> None:
    async def scenario(harness: Harness) -> None:
        harness.hub.versions[1] = 1
        await harness.here(1)
        (plain,) = await harness.start(1)
        await harness.cancel(plain)
        harness.sent.clear()
        (run_id,) = await harness.start(1, policy=policy)
        step = (await harness.run(run_id)).steps[0]
        assert (step.state, step.reason) == (
            StepState.REJECTED,
            "The agent on pc-1 is too old for this work: update it.",
        )
        assert not any(isinstance(message, Offer) for _, message in harness.sent)

    play(scenario)


def test_several_tasks_run_in_their_order(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        tasks = [
            TaskCreate(script_id=1, arguments=["a"], continue_on_error=True),
            TaskCreate(script_id=1, arguments=["b"], timeout_s=5),
        ]
        run_id = await harness.start_tasks(tasks, 1)
        await harness.carry_out(1, exit_code=3)
        await harness.carry_out(1)
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED
        first, second = harness.offers(1)
        assert (first.arguments, second.arguments, second.timeout_s) == (("a",), ("b",), 5.0)
        rollout = await harness.rollout(await harness.rollout_of(run_id))
        assert (rollout.title, [task.arguments for task in rollout.tasks]) == (
            "hi and 1 more",
            [["a"], ["b"]],
        )

    play(scenario)


def test_the_steps_of_a_run_again_from_one_on(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        run_id = await harness.start_tasks([TaskCreate(script_id=1, arguments=[x]) for x in "abc"], 1)
        await harness.carry_out(1)
        await harness.carry_out(1, exit_code=1)
        reruns = harness.area.reruns
        again = await harness.database.write(
            lambda unit: reruns.run(unit, run_id, RunRerun(from_step=2), OWNER, None)
        )
        assert [task.arguments for task in again.tasks] == [["b"], ["c"]]
        assert harness.offers(1)[-1].arguments == ("b",)
        with pytest.raises(InvalidError, match="between 1 and 3"):
            await harness.database.write(
                lambda unit: reruns.run(unit, run_id, RunRerun(from_step=4), OWNER, None)
            )

    play(scenario)


def test_devices_of_a_group_that_cannot_run_it_are_skipped_with_the_reason(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        harness.fleet.languages[3] = ("powershell",)
        ids = await harness.start(targets=Targets(devices=[1], groups=[1]))
        runs = [await harness.run(run_id) for run_id in ids]
        assert [(run.device_id, run.state) for run in runs] == [(1, "queued"), (2, "queued"), (3, "skipped")]
        assert runs[2].reason == "language_missing"
        with pytest.raises(InvalidError, match="pc-3 has no sh"):
            await harness.start(3)

    play(scenario)
