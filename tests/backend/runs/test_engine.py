"""Permits, outcomes, cancels and reconnects, as agents send them: each message harmless when repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from agent.wire.messages import STDOUT, Cancel, Receipt, Resend
from agent.wire.states import Outcome, RunState, Source, StepState
from backend_lite.contract.fleet import Admission
from backend_lite.contract.runs import Policy, Run
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.runs.outcomes import MOST_STRAY
from backend_lite.features.runs.tables import StrayOutcomeRow
from tests.backend.runs.conftest import Scenario
from tests.backend.runs.harness import Harness

Play = Callable[[Scenario], None]


async def _offered(harness: Harness) -> tuple[int, str]:
    """(run id, attempt) of a run that device 1 has been offered."""
    await harness.connect(1)
    (run_id,) = await harness.start(1)
    return run_id, harness.offers(1)[-1].attempt


async def _running(harness: Harness) -> tuple[int, str]:
    run_id, attempt = await _offered(harness)
    assert await harness.permit(attempt) == "yes"
    return run_id, attempt


def _said(run: Run) -> tuple[RunState, StepState, str, Source | None]:
    step = run.steps[0]
    return run.state, step.state, step.reason, step.source


def test_the_way_of_a_run(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _offered(harness)
        offer = harness.offers(1)[-1]
        assert (offer.type, offer.payload, offer.timeout_s) == ("sh", "echo hi\n", 60.0)
        assert (await harness.run(run_id)).state == RunState.QUEUED
        assert await harness.permit(attempt) == "yes"
        assert (await harness.run(run_id)).state == RunState.RUNNING
        await harness.output(attempt, b"hi\n")
        await harness.done(attempt, stdout=b"hi\n")
        assert [message.attempt for message in harness.answers(Receipt)] == [attempt]
        run = await harness.run(run_id)
        assert _said(run) == (RunState.SUCCEEDED, StepState.SUCCEEDED, "", Source.REPORTED)
        assert (run.steps[0].exit_code, run.steps[0].stdout_size) == (0, 3)
        attempt_id = await harness.database.read(lambda s: harness.lists.attempt_id(s, run_id, 1, None))
        assert attempt_id is not None
        assert await harness.area.output.read(attempt_id, STDOUT, 0, 10) == b"hi\n"

    play(scenario)


def test_one_nonce_wins_and_may_ask_again(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, attempt = await _offered(harness)
        assert await harness.permit(attempt, "first") == "yes"
        assert await harness.permit(attempt, "second") == "no"
        assert await harness.permit(attempt, "first") == "yes"

    play(scenario)


@pytest.mark.parametrize("attempt", ["e0-1-1", "e1-999-1", "e1-1-9", "nonsense", ""])
def test_attempts_that_are_not_ours_get_no_permit(play: Play, attempt: str) -> None:
    async def scenario(harness: Harness) -> None:
        await _offered(harness)
        assert await harness.permit(attempt) == "no"

    play(scenario)


def test_a_device_that_was_quarantined_after_the_offer_gets_no_permit(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _offered(harness)
        harness.fleet.admissions[1] = Admission.QUARANTINED
        assert await harness.permit(attempt) == "no"
        assert (await harness.run(run_id)).state == RunState.QUEUED

    play(scenario)


def test_another_device_can_neither_start_nor_end_it(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _offered(harness)
        assert await harness.permit(attempt, device_id=2) == "no"
        assert await harness.permit(attempt) == "yes"
        await harness.output(attempt, b"forged", device_id=2)
        await harness.done(attempt, device_id=2)
        run = await harness.run(run_id)
        assert (run.state, run.steps[0].stdout_size) == (RunState.RUNNING, 0)

    play(scenario)


def test_cancel_before_the_permit_is_certain(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _offered(harness)
        await harness.cancel(run_id)
        assert [message.attempt for message in harness.answers(Cancel)] == [attempt]
        assert (await harness.run(run_id)).state == RunState.CANCELLED
        assert await harness.permit(attempt) == "no"

    play(scenario)


def test_cancel_after_the_permit_waits_for_the_agents_word(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.cancel(run_id)
        assert (await harness.run(run_id)).state == RunState.CANCELLING
        assert await harness.permit(attempt) == "cancelled"
        await harness.done(attempt, result=Outcome.NOT_STARTED, exit_code=None)
        expected = (RunState.CANCELLED, StepState.CANCELLED, "before_start", Source.REPORTED)
        assert _said(await harness.run(run_id)) == expected

    play(scenario)


def test_a_script_that_ends_before_the_cancel_reaches_it_has_won(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.cancel(run_id)
        await harness.done(attempt)
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)


def test_an_outcome_of_a_wrong_nonce_is_evidence_and_changes_nothing(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.done(attempt, "other", exit_code=9)
        assert (await harness.run(run_id)).state == RunState.RUNNING
        assert len(harness.answers(Receipt)) == 1
        kept = await harness.database.read(lambda s: s.scalar(select(func.count(StrayOutcomeRow.id))))
        assert kept == 1

    play(scenario)


def test_a_device_that_tells_strange_outcomes_without_end_fills_no_disk(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, attempt = await _running(harness)
        for number in range(MOST_STRAY + 3):
            await harness.done(attempt, f"other {number} " + "x" * 100_000, exit_code=9)
        kept = await harness.database.read(
            lambda s: list(s.scalars(select(StrayOutcomeRow.message).order_by(StrayOutcomeRow.id)))
        )
        assert len(kept) == MOST_STRAY
        assert [one["nonce"].split()[1] for one in kept] == [str(n + 3) for n in range(MOST_STRAY)]
        assert all(len(str(one)) < 5_000 for one in kept)

    play(scenario)


def test_a_repeated_outcome_gets_its_receipt_and_changes_nothing(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.done(attempt)
        await harness.done(attempt, exit_code=5)
        assert len(harness.answers(Receipt)) == 2
        run = await harness.run(run_id)
        assert (run.state, run.steps[0].exit_code) == (RunState.SUCCEEDED, 0)

    play(scenario)


def test_no_receipt_before_the_output_is_whole(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.output(attempt, b"first ")
        await harness.done(attempt, stdout=b"first second")
        assert harness.answers(Resend) == [Resend(attempt, 6, 0)]
        assert (await harness.run(run_id)).state == RunState.RUNNING
        await harness.output(attempt, b"second", offset=6)
        await harness.done(attempt, stdout=b"first second")
        assert len(harness.answers(Receipt)) == 1

    play(scenario)


def test_damaged_output_is_asked_for_from_the_start(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.output(attempt, b"wrong")
        await harness.done(attempt, stdout=b"right")
        assert harness.answers(Resend) == [Resend(attempt, 0, 0)]
        await harness.output(attempt, b"right")
        await harness.done(attempt, stdout=b"right")
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)


def test_a_gap_in_the_output_is_asked_for(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, attempt = await _running(harness)
        await harness.output(attempt, b"later", offset=10)
        assert harness.answers(Resend) == [Resend(attempt, 0, 0)]

    play(scenario)


def test_a_hello_is_told_where_to_go_on_and_what_to_forget(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        _, attempt = await _running(harness)
        await harness.output(attempt, b"12345")
        answer = await harness.hello(attempt, "e1-77-1")
        assert [(mark.attempt, mark.stdout) for mark in answer.marks] == [(attempt, 5)]
        assert answer.forget == ("e1-77-1",)

    play(scenario)


def test_an_agent_that_has_lost_its_output_is_not_asked_for_ever(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.output(attempt, b"some")
        for _ in range(5):
            await harness.done(attempt, stdout=b"some that is gone")
        assert len(harness.answers(Resend)) == 4
        (step,) = (await harness.run(run_id)).steps
        assert (step.state, step.stdout_size, step.stdout_total) == (StepState.SUCCEEDED, 4, 17)

    play(scenario)


def test_output_that_arrived_is_kept_when_its_device_has_lost_it(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.output(attempt, b"before the power went")
        await harness.done(attempt, result=Outcome.UNKNOWN, exit_code=None)
        (step,) = (await harness.run(run_id)).steps
        assert (step.state, step.stdout_size) == (StepState.UNKNOWN, 21)

    play(scenario)


def test_what_a_hello_does_not_list_is_lost_although_its_incarnation_is_known(play: Play) -> None:
    """The service may have been killed when it had only just noted the new incarnation."""

    async def scenario(harness: Harness) -> None:
        run_id, _ = await _running(harness)
        await harness.hello(new=False)
        assert (await harness.run(run_id)).state == RunState.UNKNOWN

    play(scenario)


def test_a_new_life_loses_the_permits_that_it_does_not_list(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.hello(attempt, new=True)
        assert (await harness.run(run_id)).state == RunState.RUNNING
        await harness.hello(new=True)
        expected = (RunState.UNKNOWN, StepState.UNKNOWN, "journal_lost", Source.PRESUMED)
        assert _said(await harness.run(run_id)) == expected
        # The agent of before turns up after all, and knows how it ended.
        await harness.done(attempt, exit_code=4)
        assert _said(await harness.run(run_id))[0] == RunState.FAILED
        await harness.done(attempt, exit_code=0)
        assert _said(await harness.run(run_id))[0] == RunState.FAILED

    play(scenario)


def test_what_was_proved_not_to_have_started_is_tried_again(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.done(attempt, result=Outcome.NOT_STARTED, exit_code=None)
        second = harness.offers(1)[-1].attempt
        assert second == attempt[:-1] + "2"
        assert await harness.permit(attempt) == "no"
        assert await harness.permit(second, "n2") == "yes"
        await harness.done(second, "n2")
        assert (await harness.run(run_id)).state == RunState.SUCCEEDED

    play(scenario)


def test_offers_and_cancels_are_repeated_after_a_reconnect(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        first, attempt = await _running(harness)
        await harness.start(1)
        await harness.cancel(first)
        harness.sent.clear()
        await harness.connect(1)
        assert [message.attempt for message in harness.answers(Cancel)] == [attempt]
        assert harness.offers(1) == []
        await harness.done(attempt, result=Outcome.CANCELLED, exit_code=None)
        (offer,) = harness.offers(1)
        await harness.connect(1)
        assert harness.offers(1) == [offer, offer]

    play(scenario)


def test_a_device_that_is_away_is_waited_for_until_the_run_expires(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        (run_id,) = await harness.start(1, policy=Policy(expires_after_s=60))
        run = await harness.run(run_id)
        assert run.waiting == "pc-1 is offline. The run starts when it comes back."
        assert (await harness.rollout(run.rollout_id)).waiting == "Its runs wait for their devices."
        assert run.until is not None
        harness.clock.ms += 59_999
        await harness.look()
        assert (await harness.run(run_id)).state == RunState.QUEUED
        harness.clock.ms += 1
        await harness.look()
        expected = (RunState.EXPIRED, StepState.EXPIRED, "not_taken_in_time", Source.PRESUMED)
        assert _said(await harness.run(run_id)) == expected
        await harness.connect(1)
        assert harness.offers(1) == []

    play(scenario)


def test_retiring_a_device_ends_what_it_had(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        running, _ = await _running(harness)
        (queued,) = await harness.start(1)
        (other,) = await harness.start(2)
        harness.hub.here.clear()
        await harness.database.write(lambda unit: harness.rollouts.device_retired(unit, 1))
        assert (await harness.run(running)).state == RunState.UNKNOWN
        assert (await harness.run(queued)).state == RunState.CANCELLED
        assert (await harness.run(other)).state == RunState.QUEUED

    play(scenario)


def test_a_rollout_counts_its_runs_and_ends_with_the_last(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        await harness.connect(2)
        ids = await harness.start(1, 2, 3)
        await harness.permit(harness.offers(1)[-1].attempt)
        await harness.done(harness.offers(1)[-1].attempt)
        rollout_id = (await harness.run(ids[0])).rollout_id
        await harness.database.write(lambda unit: harness.rollouts.cancel_rollout(unit, rollout_id))
        rollout = await harness.database.read(lambda s: harness.lists.rollout(s, rollout_id, None))
        assert (rollout.state, rollout.counters.succeeded, rollout.counters.cancelled) == ("cancelled", 1, 2)

    play(scenario)


def test_the_same_key_is_the_same_rollout(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        assert await harness.start(1, key="k") == await harness.start(1, key="k")
        assert await harness.start(1, key="k") != await harness.start(1, key="other")

    play(scenario)


@pytest.mark.parametrize(
    ("devices", "fields", "sentence"),
    [
        ((), {}, "Choose at least one device"),
        ((1, 99), {}, "99"),
        ((1,), {"policy": Policy(timeout_s=-1)}, "timeout"),
        ((1,), {"arguments": ["a\0b"]}, "NUL"),
        ((1,), {"arguments": ["x"] * 201}, "200"),
        ((1,), {"parameters": {"not a name": "x"}}, '"not a name"'),
        ((1,), {"parameters": {"BIG": "x" * 70_000}}, "70,000 characters"),
    ],
)
def test_what_cannot_run_is_refused_whole(
    play: Play, devices: tuple[int, ...], fields: dict[str, Any], sentence: str
) -> None:
    async def scenario(harness: Harness) -> None:
        with pytest.raises((InvalidError, NotFoundError), match=sentence):
            await harness.start(*devices, **fields)
        page = await harness.database.read(lambda session: harness.lists.runs(session, 10, None, None))
        assert page.items == []

    play(scenario)


def test_consoles_are_told_every_step_of_the_way(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        run_id, attempt = await _running(harness)
        await harness.output(attempt, b"hi")
        await harness.done(attempt, stdout=b"hi")
        told = [e.change["state"] for e in harness.changes if e.kind == "run" and e.id == run_id and e.change]
        assert list(dict.fromkeys(told)) == ["queued", "running", "succeeded"]
        output = [e.change for e in harness.changes if e.kind == "output"]
        assert output == [{"run_id": run_id, "n": 1, "attempt": 1, "stdout": 2, "stderr": 0}]

    play(scenario)
