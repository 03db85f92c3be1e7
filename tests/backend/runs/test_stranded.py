"""A wake-up that was lost strands nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from backend_lite.contract.pauses import PauseCreate, PauseScope
from backend_lite.contract.runs import Policy, Targets, Waves
from backend_lite.features.runs.stranded import EVERY_S, stranded_devices
from tests.backend.runs.harness import OWNER, Harness

Play = Callable[[Callable[[Harness], Awaitable[None]]], None]


async def _stranded(harness: Harness) -> list[int]:
    return await harness.database.read(lambda session: stranded_devices(session, harness.hub))


def test_a_device_that_came_unnoticed_is_offered_its_work(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        (run_id,) = await harness.start(1)
        harness.hub.here.add(1)
        await harness.look()
        assert (await harness.run(run_id)).state == "queued"
        assert harness.offers(1) == []
        harness.clock.ms += round(EVERY_S * 1000)
        await harness.look()
        assert len(harness.offers(1)) == 1
        harness.clock.ms += round(EVERY_S * 1000)
        await harness.look()
        assert len(harness.offers(1)) == 1

    play(scenario)


def test_who_has_nothing_to_do_now_is_left_alone(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.start(1, 2, policy=Policy(waves=Waves(["1"])))
        assert await _stranded(harness) == []
        harness.hub.here |= {1, 2, 3}
        # The second is in a later wave, the third has no work.
        assert await _stranded(harness) == [1]
        harness.hub.kept_out.add(1)
        assert await _stranded(harness) == []
        harness.hub.kept_out.clear()
        await harness.connect(1)
        await harness.start(1)
        assert await _stranded(harness) == []

    play(scenario)


def test_what_is_halted_or_paused_is_not_stranded(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        (run_id,) = await harness.start(1)
        await harness.halt(await harness.rollout_of(run_id))
        pauses = harness.area.pauses
        request = PauseCreate(PauseScope.DEVICE, device_id=2)
        await harness.database.write(lambda unit: pauses.create(unit, request, OWNER))
        await harness.here(2)
        await harness.start(targets=Targets([2]))
        harness.hub.here.add(1)
        assert await _stranded(harness) == []

    play(scenario)
