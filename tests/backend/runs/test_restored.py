"""After a restore: what was open is unknown until its device tells, by the names that it knows."""

from __future__ import annotations

from agent.wire.messages import Hello, Incarnation, OpenAttempt, Permit, PermitAnswer, Receipt
from agent.wire.states import Outcome
from backend_lite.contract.fleet import Admission
from backend_lite.contract.runs import Policy, TaskCreate
from backend_lite.core.db.restored import Restored
from tests.backend.runs.harness import EPOCH, Harness
from tests.backend.runs.test_engine import Play

NOW = "e2"


async def restore(harness: Harness, *, with_output: bool = True) -> Harness:
    """The service on this data in its next life."""
    harness.area.output.close()
    later = harness.restarted()
    later.area.epochs.current = NOW
    restored = Restored("x", 1, later.clock.now_ms(), EPOCH, with_output)
    await later.database.write(lambda unit: later.area.restored.take_notice(unit, restored))
    await later.database.read(later.area.epochs.load)
    await later.here(1)
    return later


async def hello(harness: Harness, *listed: OpenAttempt) -> tuple[list[str], list[str]]:
    """The attempts that the service wants to hear of, and those that may be forgotten."""
    said = Hello("uid", Incarnation("j", "f", "boot"), (1, 2, 3), "1", "", listed)
    answer = await harness.area.attempts.hello(1, said, False)
    return sorted(mark.attempt for mark in answer.marks), sorted(answer.forget)


async def state(harness: Harness, run_id: int) -> tuple[str, str, str | None]:
    run = await harness.run(run_id)
    return run.state, run.reason, run.source


UNKNOWN = ("unknown", "restored", "presumed")


def test_every_open_step_becomes_unknown_and_its_rollout_ends(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (ended,) = await harness.start(1)
        await harness.carry_out(1)
        (running,) = await harness.start(1)
        await harness.take(1)
        waiting = await harness.start(1, 2, policy=Policy(concurrency=1))
        several = await harness.start_tasks([TaskCreate(script_id=1), TaskCreate(script_id=1)], 1)
        before = [await state(harness, one) for one in (ended, running)]
        later = await restore(harness)
        assert before[0] == await state(later, ended)
        for run_id in (running, *waiting, several):
            assert await state(later, run_id) == UNKNOWN
        assert {step.state for step in (await later.run(several)).steps} == {"unknown"}
        rollout = await later.rollout(await later.rollout_of(waiting[0]))
        assert (rollout.state, rollout.counters.unknown) == ("done", 2)
        assert later.offers(1) == []
        later.close()

    play(scenario)


def test_what_the_device_holds_of_the_former_life_is_told(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (running,) = await harness.start(1)
        attempt = await harness.take(1)
        (queued,) = await harness.start(1)
        later = await restore(harness)
        step = (await later.run(queued)).steps[0].id
        # It was offered after the backup was made, for the second time: the database knows of neither.
        second = f"{EPOCH}-{step}-2"
        listed = (
            OpenAttempt(attempt, "n", "done"),
            OpenAttempt(f"{EPOCH}-{step}-1", "m1", "done"),
            OpenAttempt(second, "m2", "done"),
            OpenAttempt(f"{EPOCH}-99-1", "x", "done"),
            OpenAttempt(f"{NOW}-{step}-1", "y", "done"),
        )
        wanted, forget = await hello(later, *listed)
        assert wanted == sorted([attempt, second])
        assert len(forget) == 3
        await later.done(attempt, "n", exit_code=3)
        await later.done(second, "m2")
        assert await state(later, running) == ("failed", "exit_code", "reported")
        assert await state(later, queued) == ("succeeded", "", "reported")
        assert [m for _, m in later.sent if isinstance(m, Receipt)] == [Receipt(attempt), Receipt(second)]
        # It is told once more, and changes nothing.
        await later.done(second, "m2", exit_code=9)
        assert await state(later, queued) == ("succeeded", "", "reported")
        later.close()

    play(scenario)


def test_an_offer_that_it_still_holds_does_not_start_any_more(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = harness.offers(1)[-1].attempt
        later = await restore(harness)
        assert await hello(later, OpenAttempt(attempt, "n", "received")) == ([attempt], [])
        await later.area.attempts.permit(1, Permit(attempt, "n"))
        (answer,) = [message for _, message in later.sent if isinstance(message, PermitAnswer)]
        assert answer.answer == "cancelled"
        await later.done(attempt, "n", result=Outcome.NOT_STARTED, exit_code=None)
        assert await state(later, run_id) == ("cancelled", "before_start", "reported")
        later.close()

    play(scenario)


def test_another_nonce_than_the_one_that_is_known_is_evidence_and_nothing_else(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = await harness.take(1)
        later = await restore(harness)
        await hello(later, OpenAttempt(attempt, "other", "done"))
        await later.done(attempt, "other")
        assert await state(later, run_id) == UNKNOWN
        later.close()

    play(scenario)


def test_another_device_cannot_speak_for_it_nor_a_quarantined_one(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(2)
        (of_other,) = await harness.start(2)
        (mine,) = await harness.start(1)
        later = await restore(harness)
        names = {run_id: f"{EPOCH}-{(await later.run(run_id)).steps[0].id}-1" for run_id in (of_other, mine)}
        assert (await hello(later, OpenAttempt(names[of_other], "n", "done")))[0] == []
        later.fleet.admissions[1] = Admission.QUARANTINED
        await hello(later, OpenAttempt(names[mine], "n", "done"))
        await later.done(names[mine], "n")
        assert [await state(later, run_id) for run_id in (of_other, mine)] == [UNKNOWN, UNKNOWN]
        later.close()

    play(scenario)


def test_names_last_over_another_restore(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1)
        attempt = await harness.take(1)
        once = await restore(harness)
        twice = once.restarted()
        twice.area.epochs.current = "e3"
        again = Restored("y", 1, twice.clock.now_ms(), NOW, True)
        await twice.database.write(lambda unit: twice.area.restored.take_notice(unit, again))
        await twice.database.read(twice.area.epochs.load)
        assert await hello(twice, OpenAttempt(attempt, "n", "done")) == ([attempt], [])
        await twice.done(attempt, "n")
        assert await state(twice, run_id) == ("succeeded", "", "reported")
        twice.close()

    play(scenario)


def test_output_that_was_left_out_is_known_to_be_gone(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        runs = []
        for text in (b"small", b"large " * 20_000):
            runs += await harness.start(1)
            attempt = await harness.take(1)
            await harness.output(attempt, text)
            await harness.done(attempt, "n", stdout=text)
        later = await restore(harness, with_output=False)
        gone = [(await later.run(run_id)).steps[0].output_removed_at is not None for run_id in runs]
        assert gone == [False, True]
        later.close()

    play(scenario)
