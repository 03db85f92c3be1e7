"""What is old or too much goes, in order, with its files; what is open stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.output import Retention as Rules
from backend_lite.core.audit.record import Audit
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.runs import removal
from backend_lite.features.runs.output_store import OutputStore
from backend_lite.features.runs.retention import Retention, change_rules, read_rules
from backend_lite.features.runs.retention_preview import look_ahead
from backend_lite.features.runs.tables import (
    HAS_OUTPUT,
    AttemptRow,
    RolloutRow,
    RunRow,
    SmallOutputRow,
    StepRow,
)
from tests.backend.runs.conftest import Scenario
from tests.backend.runs.harness import Harness

Play = Callable[[Scenario], None]
DAY = 86_400_000
LARGE = b"x" * 100_000


async def _finished(harness: Harness, data: bytes) -> int:
    """A run of device 1 that has ended with this output; its id."""
    (run_id,) = await harness.start(1)
    await harness.connect(1)
    attempt = harness.offers(1)[-1].attempt
    await harness.permit(attempt)
    await harness.output(attempt, data)
    await harness.done(attempt, stdout=data)
    return run_id


async def _turn(harness: Harness, **rules: int) -> None:
    wanted = Rules(**{"runs_days": 0, "output_days": 0, "output_max_bytes": 0, **rules})
    await harness.database.write(lambda unit: change_rules(unit, wanted, Audit(harness.clock)))
    await Retention(harness.database, harness.area.output, harness.clock).turn()


async def _count(harness: Harness, table: type) -> int:
    return await harness.database.read(lambda s: s.scalar(select(func.count()).select_from(table)) or 0)


async def _removed(harness: Harness, run_id: int) -> bool:
    (step,) = (await harness.run(run_id)).steps
    return step.output_removed_at is not None


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data").rglob("*.std*"))


def test_old_output_goes_with_its_files_and_the_run_says_so(play: Play, tmp_path: Path) -> None:
    async def scenario(harness: Harness) -> None:
        small, large = await _finished(harness, b"hi\n"), await _finished(harness, LARGE)
        harness.clock.ms += 10 * DAY
        young = await _finished(harness, LARGE)
        assert len(_files(tmp_path)) == 2
        await _turn(harness, output_days=10)
        assert not await _removed(harness, small)
        harness.clock.ms += 1
        await _turn(harness, output_days=10)
        assert [await _removed(harness, run) for run in (small, large, young)] == [True, True, False]
        assert len(_files(tmp_path)) == 1
        assert await _count(harness, SmallOutputRow) == 0
        run = await harness.run(large)
        assert (run.state, run.output_key, run.steps[0].stdout_total) == ("succeeded", None, 100_000)
        with pytest.raises(NotFoundError, match="removed on 2023-11-24"):
            await harness.database.read(lambda session: harness.lists.attempt_id(session, large, 1, None))

    play(scenario)


def test_the_oldest_output_makes_room(play: Play, tmp_path: Path) -> None:
    async def scenario(harness: Harness) -> None:
        runs = []
        for _ in range(4):
            runs.append(await _finished(harness, LARGE))
            harness.clock.ms += 1
        await _turn(harness, output_max_bytes=250_000)
        assert [await _removed(harness, run) for run in runs] == [True, True, False, False]
        await _turn(harness, output_max_bytes=250_000)
        assert [await _removed(harness, run) for run in runs] == [True, True, False, False]
        assert len(_files(tmp_path)) == 2

    play(scenario)


def test_old_runs_go_whole_and_windows_are_told(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH", 2)

    async def scenario(harness: Harness) -> None:
        await _finished(harness, LARGE)
        many = await harness.start(1, 2, 3)
        for run_id in many:
            await harness.cancel(run_id)
        harness.clock.ms += 30 * DAY + 1
        young = await _finished(harness, LARGE)
        harness.changes.clear()
        await _turn(harness, runs_days=30)
        assert await harness.database.read(lambda s: list(s.scalars(select(RunRow.id)))) == [young]
        counts = [await _count(harness, table) for table in (RolloutRow, StepRow, AttemptRow)]
        assert counts == [1, 1, 1]
        assert len(_files(tmp_path)) == 1
        gone = [(change.kind, change.change) for change in harness.changes]
        assert gone.count((RUN, None)) == 4
        assert gone.count((ROLLOUT, None)) == 2

    play(scenario)


def test_nothing_of_an_open_rollout_goes(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        done, waiting = await harness.start(1, 2)
        await harness.connect(1)
        (offer,) = harness.offers(1)
        await harness.permit(offer.attempt)
        await harness.output(offer.attempt, b"hi")
        await harness.done(offer.attempt, stdout=b"hi")
        harness.clock.ms += 1000 * DAY
        await _turn(harness, runs_days=1, output_days=1, output_max_bytes=1)
        assert not await _removed(harness, done)
        assert (await harness.run(waiting)).state == "queued"
        await harness.cancel(waiting)
        await _turn(harness, output_days=1)
        assert await _removed(harness, done)

    play(scenario)


def test_files_that_a_kill_left_behind_are_swept_at_the_start(play: Play, tmp_path: Path) -> None:
    async def scenario(harness: Harness) -> None:
        removed, small, large = [await _finished(harness, data) for data in (LARGE, b"hi", LARGE)]
        del small, large
        folder = next((tmp_path / "data").rglob("*.stdout")).parent

        def no_files(*_arguments: object) -> None:
            raise OSError("killed here")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(OutputStore, "remove", no_files)
            with pytest.raises(OSError, match="killed"):
                await _turn(harness, output_max_bytes=150_000)
        assert await _removed(harness, removed)
        # Output of an attempt that is in the database, and of one that is not known at all.
        (folder / "2.stdout").write_bytes(b"hi")
        (folder / "777.pieces").write_bytes(b"")
        await Retention(harness.database, harness.area.output, harness.clock).sweep()
        assert sorted(path.name for path in folder.iterdir()) == ["3.pieces", "3.stdout"]

    play(scenario)


def test_rules_are_kept_and_checked(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        assert await harness.database.read(read_rules) == Rules()
        wanted = Rules(runs_days=365, output_days=0, output_max_bytes=0)
        await harness.database.write(lambda unit: change_rules(unit, wanted, Audit(harness.clock)))
        assert await harness.database.read(read_rules) == wanted
        for wrong in (Rules(runs_days=-1), Rules(output_days=99_999), Rules(output_max_bytes=-1)):
            with pytest.raises(InvalidError):
                await harness.database.write(partial(change_rules, rules=wrong, audit=Audit(harness.clock)))

    play(scenario)


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"output_days": 10},
        {"runs_days": 10},
        {"output_max_bytes": 150_000},
        {"output_days": 10, "output_max_bytes": 1},
        {"runs_days": 10, "output_days": 5, "output_max_bytes": 150_000},
    ],
)
def test_what_is_foretold_is_what_goes(play: Play, rules: dict[str, int]) -> None:
    async def scenario(harness: Harness) -> None:
        for _ in range(2):
            await _finished(harness, LARGE)
            harness.clock.ms += 1
            await _finished(harness, b"hi\n")
            harness.clock.ms += 7 * DAY
        await _finished(harness, LARGE)
        harness.clock.ms += DAY
        (open_,) = await harness.start(2)
        wanted = Rules(**{"runs_days": 0, "output_days": 0, "output_max_bytes": 0, **rules})
        now = harness.clock.now_ms()
        foretold = await harness.database.read(lambda session: look_ahead(session, wanted, now))
        before = await _totals(harness)
        await _turn(harness, **rules)
        after = await _totals(harness)
        assert [foretold.runs, foretold.outputs, foretold.output_bytes] == [
            was - left for was, left in zip(before, after, strict=True)
        ]
        assert foretold.kept_bytes == before[2]
        assert (await harness.run(open_)).id == open_

    play(scenario)


async def _totals(harness: Harness) -> list[int]:
    """Runs, outputs and bytes of output that there are."""
    outputs = select(func.count()).select_from(AttemptRow).where(HAS_OUTPUT)
    kept = await harness.database.read(lambda session: session.scalar(outputs) or 0)
    return [await _count(harness, RunRow), kept, await harness.database.read(removal.output_size)]
