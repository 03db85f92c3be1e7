"""Gates of a rollout, as devices and people meet them: nothing starts before it may, each wait is told."""

from __future__ import annotations

import pytest

from agent.wire.messages import Cancel
from agent.wire.states import RolloutState, RunState
from backend_lite.contract.common import format_time
from backend_lite.contract.runs import (
    OfflinePolicy,
    Policy,
    Waves,
    Window,
)
from backend_lite.errors import ConflictError
from tests.backend.runs.harness import Harness
from tests.backend.runs.test_engine import Play


def test_nothing_starts_before_its_time(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        start = harness.clock.ms + 3_600_000
        (run_id,) = await harness.start(1, policy=Policy(not_before=format_time(start), expires_after_s=60))
        rollout = await harness.rollout(await harness.rollout_of(run_id))
        run = await harness.run(run_id)
        assert (rollout.state, run.state, run.reason) == ("waiting", "waiting", "not_before")
        assert run.until == rollout.until == format_time(start)
        harness.clock.ms = start - 1
        await harness.look()
        assert harness.offers(1) == []
        harness.clock.ms = start
        await harness.look()
        assert len(harness.offers(1)) == 1
        assert (await harness.rollout(run.rollout_id)).state == RolloutState.RUNNING

    play(scenario)


def test_a_window_is_that_of_the_device(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        # 22:13:20 UTC: evening in Berlin has become night, in New York it is afternoon.
        harness.fleet.zones = {1: "Europe/Berlin", 2: "America/New_York", 3: "Middle/Nowhere"}
        await harness.here(1, 2, 3)
        ids = await harness.start(1, 2, 3, policy=Policy(window=Window("23:00", "05:00")))
        assert [len(harness.offers(device)) for device in (1, 2, 3)] == [1, 0, 0]
        _, american, nowhere = [await harness.run(run_id) for run_id in ids]
        assert (american.state, american.reason) == (RunState.WAITING, "window")
        assert american.waiting == "pc-2 takes this work from 23:00 to 05:00 (America/New_York)."
        assert american.until == "2023-11-15T04:00:00.000Z"
        assert "UTC, because the time zone of pc-3 is not known" in nowhere.waiting
        assert nowhere.until == "2023-11-14T23:00:00.000Z"
        harness.clock.ms += 3_600_000
        await harness.look()
        assert [len(harness.offers(device)) for device in (1, 2, 3)] == [1, 0, 1]

    play(scenario)


def test_a_window_that_closes_after_the_offer_refuses_the_permit(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        (run_id,) = await harness.start(1, policy=Policy(window=Window("22:00", "22:30")))
        attempt = harness.offers(1)[-1].attempt
        harness.clock.ms += 3_600_000
        assert await harness.permit(attempt) == "no"
        assert (await harness.run(run_id)).reason == "window"
        harness.clock.ms += 23 * 3_600_000
        await harness.look()
        # The number of the refused attempt is never used again.
        assert await harness.permit(attempt) == "no"
        again = harness.offers(1)[-1].attempt
        assert again != attempt
        assert await harness.permit(again, "n2") == "yes"

    play(scenario)


def test_waves_open_one_after_the_other(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2, 3)
        ids = await harness.start(1, 2, 3, policy=Policy(waves=Waves(["1", "50%"], healthy_for_s=60)))
        rollout_id = await harness.rollout_of(ids[0])
        rollout = await harness.rollout(rollout_id)
        assert (rollout.waves, rollout.wave, rollout.counters.waiting) == ([1, 1, 1], 1, 2)
        await harness.carry_out(1)
        rollout = await harness.rollout(rollout_id)
        assert rollout.until == format_time(harness.clock.ms + 60_000)
        assert "Wave 1 of 3 is done" in rollout.waiting
        assert (await harness.run(ids[1])).waiting == rollout.waiting
        harness.clock.ms += 59_999
        await harness.look()
        assert harness.offers(2) == []
        harness.clock.ms += 1
        await harness.look()
        assert (len(harness.offers(2)), len(harness.offers(3))) == (1, 0)
        assert (await harness.rollout(rollout_id)).wave == 2

    play(scenario)


def test_a_wave_whose_device_is_lost_opens_no_other(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2, policy=Policy(waves=Waves(["1"], healthy_for_s=60)))
        rollout_id = await harness.rollout_of(ids[0])
        await harness.carry_out(1)
        await harness.disconnect(1)
        harness.clock.ms += 60_000
        await harness.look()
        assert harness.offers(2) == []
        assert "pc-1 is lost" in (await harness.rollout(rollout_id)).waiting
        await harness.here(1)
        harness.clock.ms += 60_000
        await harness.look()
        assert len(harness.offers(2)) == 1

    play(scenario)


def test_a_wave_by_hand_waits_for_a_person(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2, policy=Policy(waves=Waves(["50%"], by_hand=True)))
        rollout_id = await harness.rollout_of(ids[0])
        assert not (await harness.rollout(rollout_id)).wave_done
        with pytest.raises(ConflictError, match=r"Wave 1 of 2 is under way\. .* once all of its runs have"):
            await harness.resume(rollout_id)
        await harness.carry_out(1)
        harness.clock.ms += 10 * 60_000
        await harness.look()
        assert harness.offers(2) == []
        rollout = await harness.rollout(rollout_id)
        assert "resumes" in rollout.waiting
        assert rollout.wave_done
        await harness.resume(rollout_id)
        assert not (await harness.rollout(rollout_id)).wave_done
        assert len(harness.offers(2)) == 1
        with pytest.raises(ConflictError, match="no further wave"):
            await harness.resume(rollout_id)

    play(scenario)


def test_too_many_failures_halt_and_take_back_what_has_not_started(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2, 3, policy=Policy(failure_limit="0"))
        offered = harness.offers(2)[-1].attempt
        await harness.carry_out(1, exit_code=4)
        rollout = await harness.rollout(await harness.rollout_of(ids[0]))
        assert rollout.state == RolloutState.HALTED
        assert rollout.waiting == "1 of 3 runs ended badly, more than the 0 that are allowed."
        assert [message.attempt for message in harness.answers(Cancel)] == [offered]
        assert await harness.permit(offered, "n", 2) == "no"
        run = await harness.run(ids[2])
        assert (run.reason, run.until is not None) == ("halted", True)
        await harness.here(3)
        assert harness.offers(3) == []
        # Resumed, what was accepted halts it no more; what fails now does.
        await harness.resume(rollout.id)
        assert (len(harness.offers(2)), len(harness.offers(3))) == (2, 1)
        await harness.carry_out(2)
        assert (await harness.rollout(rollout.id)).state == RolloutState.RUNNING
        await harness.carry_out(3, exit_code=4)
        assert (await harness.rollout(rollout.id)).state == RolloutState.DONE

    play(scenario)


def test_halted_by_hand_nothing_starts_and_what_runs_goes_on(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2)
        running = await harness.take(1)
        rollout_id = await harness.rollout_of(ids[0])
        await harness.halt(rollout_id)
        assert (await harness.rollout(rollout_id)).waiting == "Halted by owner."
        assert await harness.permit(harness.offers(2)[-1].attempt, "n", 2) == "no"
        await harness.done(running, "n")
        assert (await harness.run(ids[0])).state == RunState.SUCCEEDED
        await harness.resume(rollout_id)
        await harness.carry_out(2)
        assert (await harness.rollout(rollout_id)).state == RolloutState.DONE
        with pytest.raises(ConflictError, match="has ended"):
            await harness.halt(rollout_id)

    play(scenario)


def test_no_more_runs_at_once_than_are_allowed(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2, 3)
        ids = await harness.start(1, 2, 3, policy=Policy(concurrency=1))
        assert [len(harness.offers(device)) for device in (1, 2, 3)] == [1, 0, 0]
        run = await harness.run(ids[1])
        assert (run.state, run.reason) == (RunState.WAITING, "concurrency")
        assert run.waiting == "At most 1 run of this rollout may be under way at once."
        await harness.take(1)
        assert harness.offers(2) == []
        await harness.done(harness.offers(1)[-1].attempt, "n")
        assert [len(harness.offers(device)) for device in (1, 2, 3)] == [1, 1, 0]
        # An offer that nobody takes up gives its place to others.
        await harness.disconnect(2)
        assert len(harness.offers(3)) == 1
        await harness.here(2)
        assert len(harness.offers(2)) == 1
        await harness.carry_out(3)
        assert len(harness.offers(2)) == 2

    play(scenario)


def test_one_at_a_time_unless_it_is_parallel(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        await harness.start(1)
        (second,) = await harness.start(1)
        assert len(harness.offers(1)) == 1
        assert (await harness.run(second)).waiting == "Another run is under way on pc-1."
        await harness.start(1, policy=Policy(parallel=True))
        assert [offer.parallel for offer in harness.offers(1)] == [False, True]

    play(scenario)


@pytest.mark.parametrize(
    ("offline", "state"), [(OfflinePolicy.SKIP, RunState.SKIPPED), (OfflinePolicy.FAIL, RunState.FAILED)]
)
def test_devices_that_are_away_are_not_waited_for(
    play: Play, offline: OfflinePolicy, state: RunState
) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        ids = await harness.start(1, 2, 3, policy=Policy(offline=offline, waves=Waves(["2"])))
        assert (await harness.run(ids[1])).state == state
        assert (await harness.run(ids[1])).reason == "offline"
        assert (await harness.run(ids[2])).reason == "wave"
        await harness.carry_out(1)
        await harness.look()
        assert (await harness.run(ids[2])).state == state
        rollout = await harness.rollout(await harness.rollout_of(ids[0]))
        assert rollout.state == RolloutState.DONE

    play(scenario)
