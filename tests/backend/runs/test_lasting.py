"""What lasts: work goes on after a restart of the service and a jump of its clock, for whom it was meant."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from nacl.public import SealedBox
from nacl.signing import SigningKey
from sqlalchemy import text

from agent.wire.messages import OfferFile
from agent.wire.states import Outcome, RolloutState, RunState, Source, StepState
from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import Admission
from backend_lite.contract.parameters import FileValue, ParameterType, ScriptParameter
from backend_lite.contract.runs import OfflinePolicy, Policy, RunRerun, TaskCreate, Waves
from backend_lite.features.runs.permits import LOST_AFTER_MS
from tests.backend.runs.harness import OWNER, Harness, declare
from tests.backend.runs.test_engine import Play

YEARS_MS = 10 * 365 * 86_400_000


def test_everything_goes_on_after_the_service_has_restarted(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2, 3, policy=Policy(waves=Waves(["2"], healthy_for_s=60)))
        running = await harness.take(1)
        await harness.output(running, b"half ")
        again = harness.restarted()
        try:
            # The agents come back: one with its attempt, one to which the offer is repeated.
            await again.hello(running, nonce="n")
            await again.here(1, 2)
            await again.output(running, b"half done")
            await again.done(running, "n", stdout=b"half done")
            await again.carry_out(2)
            states = [(await again.run(run_id)).state for run_id in ids]
            assert states == ["succeeded", "succeeded", "waiting"]
            again.clock.ms += 60_000
            await again.look()
            await again.connect(3)
            await again.carry_out(3)
            rollout = await again.rollout(await again.rollout_of(ids[0]))
            assert (rollout.state, rollout.counters.succeeded) == (RolloutState.DONE, 3)
        finally:
            again.close()

    play(scenario)


def test_right_after_a_start_nobody_is_taken_for_lost(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        policy = Policy(offline=OfflinePolicy.SKIP, waves=Waves(["1"], healthy_for_s=10))
        ids = await harness.start(1, 2, policy=policy)
        await harness.carry_out(1)
        again = harness.restarted()
        try:
            again.clock.ms += 10_000
            await again.area.looks.start()
            await again.look()
            assert (await again.run(ids[1])).reason == "wave"
            await again.here(1, 2)
            again.clock.ms += 60_000
            await again.look()
            assert len(again.offers(2)) == 1
        finally:
            again.close()

    play(scenario)


@pytest.mark.parametrize("jump", [YEARS_MS, -YEARS_MS])
def test_a_clock_that_jumps_ten_years_changes_nothing(play: Play, jump: int) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        policy = Policy(idempotent=True, expires_after_s=3600)
        (running_id,) = await harness.start(1, policy=policy)
        (queued_id,) = await harness.start(3, policy=policy)
        later = await harness.start(2, policy=Policy(not_before=format_time(harness.clock.ms + 3_600_000)))
        attempt = await harness.take(1)
        await harness.look()
        harness.clock.jump_ms(jump)
        await harness.look()
        run = await harness.run(queued_id)
        assert (run.state, run.until) == (RunState.QUEUED, format_time(harness.clock.ms + 3_600_000))
        assert (await harness.run(running_id)).state == RunState.RUNNING
        # A date is a date: one that has passed by the new clock has passed.
        assert len(harness.offers(2)) == (1 if jump > 0 else 0)
        assert (await harness.run(later[0])).state == ("queued" if jump > 0 else "waiting")
        await harness.done(attempt, "n")
        assert (await harness.run(running_id)).state == RunState.SUCCEEDED
        harness.clock.ms += 3_600_000
        await harness.look()
        assert (await harness.run(queued_id)).state == RunState.EXPIRED

    play(scenario)


@pytest.mark.parametrize("jump", [YEARS_MS, -YEARS_MS])
def test_what_is_begun_right_after_a_jump_has_its_time_like_the_rest(play: Play, jump: int) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.look()
        harness.clock.jump_ms(jump)
        (begun_id,) = await harness.start(1, policy=Policy(expires_after_s=3600))
        for jumped in (0, -jump, 0):
            await harness.look()
            harness.clock.jump_ms(jumped)
        await harness.look()
        run = await harness.run(begun_id)
        assert (run.state, run.until) == (RunState.QUEUED, format_time(harness.clock.ms + 3_600_000))
        harness.clock.ms += 3_600_000
        await harness.look()
        assert (await harness.run(begun_id)).state == RunState.EXPIRED

    play(scenario)


def test_a_clock_that_was_set_back_while_the_service_was_away_strands_nothing(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        (run_id,) = await harness.start(1, policy=Policy(expires_after_s=3600))
        harness.clock.ms -= YEARS_MS
        again = harness.restarted()
        try:
            await again.area.looks.start()
            again.clock.ms += 3_600_000
            await again.look()
            assert (await again.run(run_id)).state == RunState.EXPIRED
        finally:
            again.close()

    play(scenario)


def test_long_silence_makes_an_end_unknown_and_a_report_still_counts(
    play: Play,
) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        (run_id,) = await harness.start(1)
        attempt = await harness.take(1)
        await harness.disconnect(1)
        harness.clock.ms += 60_000
        await harness.look()
        run = await harness.run(run_id)
        assert (run.state, run.waiting) == (
            RunState.RUNNING,
            "No contact with pc-1. The result is not known before it is back.",
        )
        assert run.until == format_time(harness.clock.ms + LOST_AFTER_MS)
        harness.clock.ms += LOST_AFTER_MS
        await harness.look()
        run = await harness.run(run_id)
        assert (run.state, run.reason, run.source) == (RunState.UNKNOWN, "no_contact", Source.PRESUMED)
        await harness.done(attempt, "n")
        run = await harness.run(run_id)
        assert (run.state, run.source) == (RunState.SUCCEEDED, Source.REPORTED)

    play(scenario)


def test_a_device_that_is_there_keeps_what_it_runs_however_late(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        (run_id,) = await harness.start(1)
        await harness.take(1)
        harness.clock.ms += 60_000 + 2 * LOST_AFTER_MS
        await harness.look()
        run = await harness.run(run_id)
        assert run.state == RunState.RUNNING
        assert "time in which it sleeps does not count" in run.waiting

    play(scenario)


def test_an_expired_offer_gets_no_permit(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        (run_id,) = await harness.start(1, policy=Policy(expires_after_s=60))
        harness.clock.ms += 60_000
        assert await harness.permit(harness.offers(1)[-1].attempt) == "no"
        assert (await harness.run(run_id)).state == RunState.EXPIRED

    play(scenario)


def test_a_run_that_was_begun_in_time_may_take_its_time(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        tasks = [TaskCreate(script_id=1), TaskCreate(script_id=1)]
        run_id = await harness.start_tasks(tasks, 1, policy=Policy(expires_after_s=60))
        attempt = await harness.take(1)
        harness.clock.ms += 3_600_000
        await harness.look()
        await harness.disconnect(1)
        await harness.done(attempt, "n")
        await harness.look()
        assert (await harness.run(run_id)).state == RunState.RUNNING
        # The next step expires where the device does not come back for it.
        harness.clock.ms += 60_000
        await harness.look()
        assert [step.state for step in (await harness.run(run_id)).steps] == ["succeeded", "expired"]

    play(scenario)


def test_who_was_enrolled_anew_gets_nothing_of_the_device_it_was(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        """A wiped machine has another key, so it is another device, whatever it is called."""
        (run_id,) = await harness.start(1)
        await harness.connect(2)
        assert harness.offers(2) == []
        attempt = f"e1-{(await harness.run(run_id)).steps[0].id}-1"
        assert await harness.permit(attempt, device_id=2) == "no"
        await harness.done(attempt, device_id=2, result=Outcome.NOT_STARTED, exit_code=None)
        assert (await harness.run(run_id)).state == RunState.QUEUED

    play(scenario)


def test_a_wiped_journal_makes_unknown_what_had_started_and_runs_only_what_had_not(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.connect(1)
        (begun,) = await harness.start(1)
        await harness.take(1)
        (waits,) = await harness.start(1)
        await harness.hello(new=True)
        await harness.connect(1)
        assert (await harness.run(begun)).state == RunState.UNKNOWN
        await harness.carry_out(1)
        assert (await harness.run(waits)).state == RunState.SUCCEEDED
        assert len({offer.attempt for offer in harness.offers(1)}) == 2

    play(scenario)


def test_a_quarantined_device_is_offered_nothing(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        harness.hub.kept_out.add(1)
        harness.fleet.admissions[1] = Admission.QUARANTINED
        harness.hub.here.add(1)
        (run_id,) = await harness.start(1)
        assert harness.offers(1) == []
        assert (await harness.run(run_id)).waiting == "pc-1 may not work before it is approved."

    play(scenario)


# ---- secrets and files


DECLARED = [
    ScriptParameter("password", ParameterType.SECRET, required=True),
    ScriptParameter("list", ParameterType.FILE),
    ScriptParameter("place", default="here"),
]


def test_secrets_reach_only_the_device_that_they_are_sealed_to(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await declare(harness, DECLARED)
        keys = {device: SigningKey.generate() for device in (1, 2)}
        harness.fleet.keys = {device: bytes(key.verify_key) for device, key in keys.items()}
        await harness.here(1, 2)
        content = b64encode(b"a,b").decode()
        given = {"password": "hunter2", "list": FileValue("list.csv", content)}
        ids = await harness.start(1, 2, parameters=given)
        for device, key in keys.items():
            offer = harness.offers(device)[-1]
            box = SealedBox(key.to_curve25519_private_key())
            assert box.decrypt(b64decode(offer.secrets["password"])) == b"hunter2"
            assert offer.files == (OfferFile("list", "list.csv", content),)
            assert offer.parameters == {"place": "here"}
        rollout = await harness.rollout(await harness.rollout_of(ids[0]))
        (task,) = rollout.tasks
        assert (task.secrets, task.files, task.parameters) == (
            ["password"],
            {"list": "list.csv"},
            {"place": "here"},
        )
        assert await _nowhere(harness, "hunter2")
        assert all("hunter2" not in str(event.change) for event in harness.changes)

    play(scenario)


def test_what_is_run_again_has_the_secrets_of_before(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await declare(harness, DECLARED)
        harness.fleet.keys[1] = bytes(SigningKey.generate().verify_key)
        await harness.connect(1)
        (run_id,) = await harness.start(1, parameters={"password": "hunter2"})
        sealed = harness.offers(1)[-1].secrets
        await harness.carry_out(1, exit_code=1)
        reruns = harness.area.reruns
        await harness.database.write(lambda unit: reruns.run(unit, run_id, RunRerun(), OWNER, None))
        assert harness.offers(1)[-1].secrets == sealed
        assert len(harness.offers(1)) == 2

    play(scenario)


def test_secrets_do_not_go_to_an_agent_that_knows_none(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await declare(harness, DECLARED)
        harness.fleet.keys[1] = bytes(SigningKey.generate().verify_key)
        harness.hub.versions[1] = 1
        await harness.connect(1)
        (run_id,) = await harness.start(1, parameters={"password": "hunter2"})
        assert (await harness.run(run_id)).steps[0].state == StepState.REJECTED
        assert harness.offers(1) == []

    play(scenario)


async def _nowhere(harness: Harness, secret: str) -> bool:
    """The secret stands in no row of the database."""

    def look(session):  # type: ignore[no-untyped-def]
        tables = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        rows = [row for table in tables for row in session.execute(text(f'SELECT * FROM "{table}"'))]  # noqa: S608
        return secret not in str(rows)

    return bool(await harness.database.read(look))
