"""Many devices at once: one write for what they say, as many statements for many as for few."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert

from agent.wire.messages import Permit, PermitAnswer, Receipt
from backend_lite.contract.runs import Policy
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.tables import DeviceRow
from backend_lite.features.runs.gathering import Gathering
from backend_lite.features.runs.tables import StrayOutcomeRow
from tests.backend.runs.conftest import Scenario
from tests.backend.runs.harness import Harness, outcome

Play = Callable[[Scenario], None]
FEW, MANY = range(101, 104), range(101, 161)


async def _add_devices(harness: Harness, devices: Sequence[int]) -> None:
    rows = [
        {
            "id": number,
            "uid": f"uid-{number}",
            "public_key": number.to_bytes(32),
            "hostname": f"pc-{number}",
            "tags": [],
            "search": "",
            "admission": "approved",
            "version": 1,
            "edited_at_version": {},
            "created_at": 0,
        }
        for number in devices
    ]
    await harness.database.write(lambda unit: unit.connection.execute(insert(DeviceRow), rows))
    harness.hub.here.update(devices)


class _Statements:
    """Counts what is sent to the database's writing connection."""

    def __init__(self, harness: Harness) -> None:
        self.count = 0
        event.listen(harness.database._write_engine, "before_cursor_execute", self._sent)

    def _sent(self, *_arguments: Any) -> None:
        self.count += 1

    async def of(self, work: Coroutine[Any, Any, Any]) -> int:
        before = self.count
        await work
        return self.count - before


async def _life(harness: Harness, devices: Sequence[int]) -> list[int]:
    """How many statements each thing takes that can be done with a rollout for the devices."""
    await _add_devices(harness, devices)
    statements = _Statements(harness)
    attempts = harness.area.attempts

    async def at_once(works: list[Coroutine[Any, Any, None]]) -> None:
        await asyncio.gather(*works)

    counts = [await statements.of(harness.start(*devices, policy=Policy()))]
    rollout_id = (await harness.rollout(1)).id
    counts.append(await statements.of(harness.halt(rollout_id)))
    counts.append(await statements.of(harness.resume(rollout_id)))
    names = {device: harness.offers(device)[-1].attempt for device in devices}
    asked = [attempts.permit(device, Permit(name, "n")) for device, name in names.items()]
    counts.append(await statements.of(at_once(asked)))
    assert [answer.answer for answer in harness.answers(PermitAnswer)] == ["yes"] * len(devices)
    told = [attempts.done(device, outcome(name, "n")) for device, name in names.items()]
    counts.append(await statements.of(at_once(told)))
    assert len(harness.answers(Receipt)) == len(devices)
    assert (await harness.rollout(rollout_id)).counters.succeeded == len(devices)
    await harness.start(*devices, policy=Policy())
    cancel = harness.database.write(lambda unit: harness.rollouts.cancel_rollout(unit, rollout_id + 1))
    counts.append(await statements.of(cancel))
    assert (await harness.rollout(rollout_id + 1)).counters.cancelled == len(devices)
    return counts


def test_a_rollout_for_many_takes_no_more_statements_than_one_for_few(tmp_path: Path) -> None:
    async def counted(devices: Sequence[int]) -> list[int]:
        harness = Harness(tmp_path / str(len(devices)))
        try:
            return await _life(harness, devices)
        finally:
            harness.close()

    few, many = (asyncio.run(counted(devices)) for devices in (FEW, MANY))
    assert many == few


def test_of_two_permits_that_come_at_once_the_first_wins(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        await harness.here(1)
        await harness.start(1)
        attempt = harness.offers(1)[-1].attempt
        await asyncio.gather(
            *(harness.area.attempts.permit(1, Permit(attempt, nonce)) for nonce in ("first", "second"))
        )
        answers = {answer.nonce: answer.answer for answer in harness.answers(PermitAnswer)}
        assert answers == {"first": "yes", "second": "no"}

    play(scenario)


def test_what_cannot_be_handled_fails_alone(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        def work(unit: Unit, items: Sequence[int]) -> list[int]:
            for item in items:
                row = StrayOutcomeRow(device_id=1, attempt=str(item), message={}, received_at=0)
                unit.session.add(row)
            unit.flush()
            if 2 in items:
                raise ValueError("two")
            return [item * 10 for item in items]

        gathering = Gathering(harness.database, work)
        results = await asyncio.gather(*(gathering.handle(n) for n in (1, 2, 3)), return_exceptions=True)
        assert (results[0], str(results[1]), results[2]) == (10, "two", 30)
        kept = await harness.database.read(
            lambda session: [row.attempt for row in session.query(StrayOutcomeRow)]
        )
        assert sorted(kept) == ["1", "3"]

    play(scenario)


def test_what_comes_during_a_write_is_handled_by_the_next_one(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        batches: list[list[int]] = []

        def work(_unit: Unit, items: Sequence[int]) -> Sequence[int]:
            batches.append(list(items))
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(30)
            return items

        gathering = Gathering(harness.database, work)
        waiting = [asyncio.create_task(gathering.handle(1))]
        await begun.wait()
        waiting += [asyncio.create_task(gathering.handle(n)) for n in (2, 3, 4)]
        await asyncio.sleep(0)
        go_on.set()
        await gathering.settled()
        assert batches == [[1], [2, 3, 4]]
        assert await asyncio.gather(*waiting) == [1, 2, 3, 4]

    play(scenario)


def test_a_caller_that_gives_up_undoes_nothing(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        done: list[int] = []

        def work(_unit: Unit, items: Sequence[int]) -> Sequence[int]:
            done.extend(items)
            return items

        gathering = Gathering(harness.database, work)
        impatient = asyncio.create_task(gathering.handle(1))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert await gathering.handle(2) == 2
        assert done == [1, 2]

    play(scenario)
