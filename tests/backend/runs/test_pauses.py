"""Pauses of the fleet, of groups and of devices."""

from __future__ import annotations

import msgspec
import pytest

from agent.wire.states import RunState
from backend_lite.contract.common import format_time
from backend_lite.contract.pauses import PauseCreate, PauseScope
from backend_lite.errors import InvalidError
from tests.backend.runs.harness import OWNER, Harness
from tests.backend.runs.test_engine import Play


async def _pause(harness: Harness, request: PauseCreate) -> int:
    pauses = harness.area.pauses
    return (await harness.database.write(lambda unit: pauses.create(unit, request, OWNER))).id


@pytest.mark.parametrize(
    ("request_", "held", "words"),
    [
        (PauseCreate(), (1, 2), "All work is paused: backup"),
        (PauseCreate(PauseScope.DEVICE, device_id=2), (2,), "Work on pc-2 is paused: backup"),
        (PauseCreate(PauseScope.GROUP, group_id=1), (2,), "a group that pc-2 is in: backup"),
    ],
)
def test_a_pause_lets_nothing_start(
    play: Play, request_: PauseCreate, held: tuple[int, ...], words: str
) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1, 2)
        ids = await harness.start(1, 2)
        pause_id = await _pause(harness, msgspec.structs.replace(request_, reason="backup"))
        for device, run_id in zip((1, 2), ids, strict=True):
            attempt = harness.offers(device)[-1].attempt
            answer = await harness.permit(attempt, "n", device)
            assert answer == ("no" if device in held else "yes")
            assert (await harness.run(run_id)).reason == ("paused" if device in held else "")
        assert words in (await harness.run(ids[1])).waiting
        shown = await harness.database.read(lambda session: harness.area.pauses.page(session, None))
        assert [(one.id, one.reason, one.created_by) for one in shown] == [(pause_id, "backup", "owner")]
        await harness.database.write(lambda unit: harness.area.pauses.end(unit, pause_id, OWNER))
        await harness.carry_out(2)
        assert (await harness.run(ids[1])).state == RunState.SUCCEEDED

    play(scenario)


def test_a_pause_ends_by_itself(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        end = format_time(harness.clock.ms + 60_000)
        await _pause(harness, PauseCreate(until=end))
        await harness.here(1)
        (run_id,) = await harness.start(1)
        run = await harness.run(run_id)
        assert (run.reason, run.until, harness.offers(1)) == ("paused", end, [])
        harness.clock.ms += 60_000
        await harness.look()
        assert len(harness.offers(1)) == 1
        assert await harness.database.read(lambda session: harness.area.pauses.page(session, None)) == []

    play(scenario)


@pytest.mark.parametrize(
    "request_",
    [
        PauseCreate(PauseScope.GROUP),
        PauseCreate(PauseScope.FLEET, device_id=1),
        PauseCreate(until="2001-01-01T00:00:00Z"),
        PauseCreate(until="soon"),
        PauseCreate(reason="x" * 501),
    ],
)
def test_a_pause_that_says_nothing_clear_is_refused(play: Play, request_: PauseCreate) -> None:
    async def scenario(harness: Harness) -> None:
        with pytest.raises(InvalidError):
            await _pause(harness, request_)

    play(scenario)
