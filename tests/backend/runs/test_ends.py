"""How steps end, are tried again, and are followed by restarts."""

from __future__ import annotations

import pytest

from agent.wire.messages import OutputMark, Receipt
from agent.wire.states import Outcome, RolloutState, RunState, StepState
from backend_lite.contract.common import format_time
from backend_lite.contract.runs import (
    Policy,
    RebootPolicy,
    Retries,
    TaskCreate,
)
from backend_lite.errors import ConflictError, InvalidError
from tests.backend.runs.harness import OWNER, Harness
from tests.backend.runs.test_engine import Play

AGAIN = Policy(idempotent=True, retries=Retries(count=2, delay_s=30))


@pytest.mark.parametrize(("code", "state"), [(0, "failed"), (7, "succeeded")])
def test_which_exit_codes_are_accepted_is_said_by_the_policy(play: Play, code: int, state: str) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1, policy=Policy(exit_codes=[7]))
        await harness.carry_out(1, exit_code=code)
        assert (await harness.run(run_id)).state == state

    play(scenario)


def test_a_step_that_went_silent_has_timed_out(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1, policy=Policy(idle_timeout_s=5))
        assert harness.offers(1)[-1].idle_timeout_s == 5
        await harness.done(await harness.take(1), "n", result=Outcome.IDLE, exit_code=None)
        step = (await harness.run(run_id)).steps[0]
        assert (step.state, step.reason) == (StepState.TIMED_OUT, "idle")

    play(scenario)


def test_cancel_says_which_of_the_two_won(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2, 3)
        early, stopped, won = await harness.start(1, 2, 3)
        for device in (2, 3):
            await harness.take(device)
        rollout_id = await harness.rollout_of(early)
        await harness.database.write(lambda unit: harness.rollouts.cancel_rollout(unit, rollout_id))
        attempt = harness.offers(2)[-1].attempt
        await harness.done(attempt, "n", 2, result=Outcome.CANCELLED, exit_code=None)
        await harness.done(harness.offers(3)[-1].attempt, "n", 3)
        runs = [await harness.run(run_id) for run_id in (early, stopped, won)]
        assert [(run.state, run.steps[0].reason) for run in runs] == [
            ("cancelled", "before_start"),
            ("cancelled", "stopped"),
            ("succeeded", "ended_first"),
        ]
        assert (await harness.rollout(rollout_id)).state == RolloutState.CANCELLED

    play(scenario)


def test_a_retry_waits_twice_as_long_each_time_and_keeps_what_was(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1, policy=AGAIN)
        for delay in (30, 60):
            await harness.output(await harness.take(1), b"no")
            await harness.done(harness.offers(1)[-1].attempt, "n", exit_code=5, stdout=b"no")
            run = await harness.run(run_id)
            assert (run.state, run.reason) == (RunState.WAITING, "retry")
            assert run.until == format_time(harness.clock.ms + delay * 1000)
            assert "ended with exit code 5. It is tried again." in run.waiting
            before = len(harness.offers(1))
            harness.clock.ms += delay * 1000 - 1
            await harness.look()
            assert len(harness.offers(1)) == before
            harness.clock.ms += 1
            await harness.look()
            assert len(harness.offers(1)) == before + 1
        await harness.carry_out(1, exit_code=5)
        run = await harness.run(run_id)
        assert (run.state, run.steps[0].attempt) == (RunState.FAILED, 3)
        tries = [(one.attempt, one.exit_code, one.stdout_size) for one in run.steps[0].tries]
        assert tries == [(1, 5, 2), (2, 5, 2)]

    play(scenario)


def test_only_work_that_may_be_repeated_is_retried(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        with pytest.raises(InvalidError, match="idempotent"):
            await harness.start(1, policy=Policy(retries=Retries(count=1)))

    play(scenario)


def test_a_cancelled_step_is_not_tried_again(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1, policy=AGAIN)
        attempt = await harness.take(1)
        await harness.cancel(run_id)
        await harness.done(attempt, "n", exit_code=5)
        assert (await harness.run(run_id)).state == RunState.FAILED

    play(scenario)


def test_an_offer_that_was_never_granted_comes_again(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        first = harness.offers(1)[-1].attempt
        await harness.done(first, "other", result=Outcome.NOT_STARTED, exit_code=None)
        assert harness.answers(Receipt) == [Receipt(first)]
        assert await harness.permit(first, "other") == "no"
        second = harness.offers(1)[-1].attempt
        assert second != first
        # Said once more, it changes nothing.
        await harness.done(first, "other", result=Outcome.NOT_STARTED, exit_code=None)
        assert await harness.permit(second, "n2") == "yes"
        await harness.done(second, "n2")
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)


def test_the_failed_ones_again(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2, 3, policy=Policy(expires_after_s=60), title="Patch")
        await harness.carry_out(1)
        await harness.carry_out(2, exit_code=1)
        harness.clock.ms += 60_000
        await harness.look()
        origin = await harness.rollout_of(ids[0])
        again = await harness.database.write(
            lambda unit: harness.area.reruns.failed(unit, origin, OWNER, None)
        )
        assert (again.origin_id, again.title, again.counters.total) == (origin, "Patch", 2)
        devices = [(await harness.run(run_id)).device_id for run_id in again.run_ids]
        assert devices == [2, 3]
        await harness.carry_out(2)
        await harness.cancel(again.run_ids[1])
        with pytest.raises(ConflictError, match="nothing to run again"):
            await harness.database.write(lambda unit: harness.area.reruns.failed(unit, again.id, OWNER, None))

    play(scenario)


THREE = [TaskCreate(script_id=1) for _ in range(3)]


async def _announced(harness: Harness, policy: Policy) -> int:
    await harness.here(1)
    run_id = await harness.start_tasks(THREE, 1, policy=policy)
    await harness.carry_out(1, exit_code=194)
    return run_id


def test_the_rest_of_a_run_waits_for_the_next_boot(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id = await _announced(harness, Policy())
        run = await harness.run(run_id)
        assert [(step.state, step.reason) for step in run.steps] == [
            ("succeeded", "reboot"),
            ("waiting", "reboot"),
            ("waiting", ""),
        ]
        assert run.waiting == "pc-1 has to be restarted. The run goes on when it is back."
        assert run.until == format_time(harness.clock.ms + 3_600_000)
        await harness.connect(1)
        assert len(harness.offers(1)) == 1
        assert [message.reboot for message in harness.answers(Receipt)] == [False]
        harness.hub.boots[1] = "next"
        await harness.connect(1)
        assert len(harness.offers(1)) == 2
        await harness.carry_out(1)
        await harness.carry_out(1)
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)


def test_a_machine_that_may_be_restarted_is_told_so_until_it_is(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await _announced(harness, Policy(reboot=RebootPolicy.NOW))
        attempt = harness.offers(1)[-1].attempt
        assert harness.answers(Receipt) == [Receipt(attempt, reboot=True)]
        (other,) = await harness.start(1)
        # The receipt was lost: it is still among what the agent says hello with, and told once more.
        answer = await harness.hello(attempt, nonce="n", boot="boot")
        assert ([mark.attempt for mark in answer.marks], answer.forget) == ([attempt], ())
        await harness.connect(1)
        await harness.done(attempt, "n", exit_code=194)
        assert harness.answers(Receipt) == [Receipt(attempt, reboot=True)]
        # Nothing else starts on a machine that is about to go down.
        assert len(harness.offers(1)) == 1
        harness.hub.boots[1] = "next"
        assert (await harness.hello(attempt, nonce="n", boot="next")).forget == (attempt,)
        await harness.connect(1)
        assert harness.answers(Receipt) == []
        assert len(harness.offers(1)) == 2
        assert (await harness.run(other)).state == RunState.QUEUED

    play(scenario)


def test_the_last_step_restarts_the_machine_too_and_keeps_no_work_from_it(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1, policy=Policy(reboot=RebootPolicy.NOW))
        (other,) = await harness.start(1)
        attempt = await harness.take(1)
        await harness.output(attempt, b"updated\n")
        await harness.done(attempt, "n", exit_code=194, stdout=b"updated\n")
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED
        assert harness.answers(Receipt) == [Receipt(attempt, reboot=True)]
        # Offered at once: its agent starts nothing before the restart, and goes on if that is called off.
        assert (await harness.run(other)).steps[0].state == "offered"
        answer = await harness.hello(attempt, nonce="n", boot="boot")
        assert (answer.marks, answer.forget) == ((OutputMark(attempt, 8, 0),), ())
        await harness.done(attempt, "n", exit_code=194, stdout=b"updated\n")
        assert harness.answers(Receipt) == [Receipt(attempt, reboot=True)]
        harness.hub.boots[1] = "next"
        assert (await harness.hello(attempt, nonce="n", boot="next")).forget == (attempt,)
        await harness.done(attempt, "n", exit_code=194, stdout=b"updated\n")
        assert harness.answers(Receipt) == [Receipt(attempt)]

    play(scenario)


def test_a_machine_that_has_restarted_already_goes_on(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        run_id = await harness.start_tasks(THREE, 1, policy=Policy(reboot=RebootPolicy.NOW))
        attempt = await harness.take(1)
        harness.hub.boots[1] = "next"
        await harness.done(attempt, "n", exit_code=194)
        assert harness.answers(Receipt) == [Receipt(attempt)]
        assert [step.state for step in (await harness.run(run_id)).steps[:2]] == ["succeeded", "offered"]

    play(scenario)


def test_a_restart_that_does_not_come_ends_the_run(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id = await _announced(harness, Policy(reboot_within_s=60))
        harness.clock.ms += 60_000
        await harness.look()
        run = await harness.run(run_id)
        assert [(step.state, step.reason) for step in run.steps] == [
            ("succeeded", "reboot"),
            ("expired", "no_reboot"),
            ("skipped", "earlier_step"),
        ]
        assert run.state == RunState.EXPIRED

    play(scenario)


def test_restarts_have_a_limit(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id = await _announced(harness, Policy(max_reboots=1))
        harness.hub.boots[1] = "next"
        await harness.connect(1)
        await harness.carry_out(1, exit_code=194)
        last = (await harness.run(run_id)).steps[2]
        assert (last.state, last.reason) == (StepState.EXPIRED, "too_many_reboots")

    play(scenario)


@pytest.mark.parametrize(("system", "code", "waits"), [("windows", 3010, True), ("linux", 3010, False)])
def test_each_system_has_its_own_word_for_a_restart(play: Play, system: str, code: int, waits: bool) -> None:
    async def scenario(harness: Harness) -> None:
        harness.fleet.systems[1] = system
        await harness.here(1)
        run_id = await harness.start_tasks(THREE, 1, policy=Policy())
        await harness.carry_out(1, exit_code=code)
        run = await harness.run(run_id)
        assert run.reason == ("reboot" if waits else "exit_code")

    play(scenario)
