"""Which runs of a rollout wrote the same."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import insert

from backend_lite.contract.output import OutputGroup
from backend_lite.core.db.unit import Unit
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.runs.output_groups import OutputGrouping
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.tables import AttemptRow, RunRow, SmallOutputRow, StepRow
from tests.backend.runs.conftest import Scenario
from tests.backend.runs.harness import Harness

Play = Callable[[Scenario], None]


async def _finished(harness: Harness, device_id: int, data: bytes, exit_code: int = 0) -> None:
    """The device takes what it is offered, writes `data` and ends."""
    await harness.connect(device_id)
    (offer,) = harness.offers(device_id)
    await harness.permit(offer.attempt, device_id=device_id)
    await harness.output(offer.attempt, data, device_id=device_id)
    await harness.done(offer.attempt, device_id=device_id, stdout=data, exit_code=exit_code)


async def _groups(harness: Harness, run_id: int, step: int | None = None) -> list[OutputGroup]:
    run = await harness.run(run_id)
    groups = OutputGrouping(harness.database, harness.area.output, Reach(harness.fleet))
    return (await groups.of_rollout(run.rollout_id, step, None)).groups


@pytest.mark.parametrize("step", [None, 1])
def test_runs_are_grouped_by_what_they_wrote(play: Play, step: int | None) -> None:
    async def scenario(harness: Harness) -> None:
        one, two, three = await harness.start(1, 2, 3)
        await _finished(harness, 1, b"same\n")
        await _finished(harness, 2, b"another\n" * 20_000, exit_code=3)
        await _finished(harness, 3, b"same\n")
        same, other = await _groups(harness, one, step)
        assert (same.count, same.run_ids, same.states, same.exit_codes) == (
            2,
            [one, three],
            {"succeeded": 2},
            [0],
        )
        assert (same.size, same.sample) == (5, "same")
        assert (other.count, other.run_ids, other.exit_codes) == (1, [two], [3])
        assert (other.size, other.sample) == (160_000, "\n".join(["another"] * 5))
        keys = {(await harness.run(run_id)).output_key for run_id in (one, three)}
        assert keys == {same.key}

    play(scenario)


def test_what_has_not_ended_is_no_group_of_output(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        one, two = await harness.start(1, 2)
        await _finished(harness, 1, b"same\n")
        groups = await _groups(harness, two)
        assert [(group.key is None, group.run_ids) for group in groups] == [(False, [one]), (True, [two])]

    play(scenario)


def test_nothing_written_is_an_output_too(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        one, _two = await harness.start(1, 2)
        await _finished(harness, 1, b"")
        await _finished(harness, 2, b"")
        (group,) = await _groups(harness, one)
        assert (group.count, group.size, group.sample) == (2, 0, "")
        assert group.key is not None

    play(scenario)


def test_an_unknown_rollout_and_step_are_told(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        groups = OutputGrouping(harness.database, harness.area.output, Reach(harness.fleet))
        with pytest.raises(NotFoundError):
            await groups.of_rollout(77, None, None)
        with pytest.raises(InvalidError):
            await groups.of_rollout(77, 0, None)

    play(scenario)


def test_three_thousand_runs_are_read_by_index_and_quickly(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        (run_id,) = await harness.start(1)
        run = await harness.run(run_id)
        await harness.database.write(lambda unit: _copies(unit, run.rollout_id, 3_000))
        before = time.process_time()
        groups = await _groups(harness, run_id)
        took = time.process_time() - before
        assert groups[0].count == 2_990
        assert len(groups[0].run_ids) == 1_000
        # About 60 ms where it was made; a question for each run would take seconds.
        assert took < 1.0

    play(scenario)


def _copies(unit: Unit, rollout_id: int, count: int) -> None:
    ids = range(1_000, 1_000 + count)
    keys = {n: "same" if n >= 1_010 else f"other {n}" for n in ids}
    run = {"rollout_id": rollout_id, "device_id": 1, "device": "pc-1", "state": "succeeded", "expires_at": 0}
    step = {"device_id": 1, "n": 1, "type": "sh", "name": "x", "timeout_s": 1, "state": "succeeded"}
    tried = {"n": 1, "offered_at": 0, "ended_at": 1, "stdout_size": 2}
    for table, rows in (
        (RunRow, [{"id": n, "output_key": keys[n], "created_at": 0, "ended_at": 1, **run} for n in ids]),
        (
            StepRow,
            [
                {"id": n, "run_id": n, "attempt": 1, "exit_code": 0, "created_at": 0, "updated_at": 0, **step}
                for n in ids
            ],
        ),
        (AttemptRow, [{"id": n, "step_id": n, "output_key": keys[n], **tried} for n in ids]),
        (SmallOutputRow, [{"attempt_id": n, "stdout": b"hi", "stderr": b"", "pieces": b""} for n in ids]),
    ):
        unit.session.connection().execute(insert(table), rows)
