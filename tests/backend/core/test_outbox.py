"""Reactions that a kill must not lose: carried out once, in order, each until it succeeds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, select

from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.tables import OutboxRow
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.outbox import Outbox
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


@dataclass
class Owing:
    """An outbox whose reactions note in the database that they happened."""

    service: InProcess
    outbox: Outbox
    failing: set[str] = field(default_factory=set)

    def react(self, unit: Unit, payload: dict[str, Any]) -> None:
        done = get_meta(unit.session, "done") or ""
        set_meta(unit.session, "done", done + payload["name"])
        if payload["name"] in self.failing:
            raise LookupError(payload["name"])

    async def owe(self, *names: str) -> None:
        def work(unit: Unit) -> None:
            for name in names:
                self.outbox.add(unit, "topic", {"name": name})

        await self.service.kernel.database.write(work)

    async def state(self) -> tuple[str, int]:
        """(what happened, how much is still owed)"""
        return await self.service.kernel.database.read(
            lambda session: (
                get_meta(session, "done") or "",
                session.scalar(select(func.count()).select_from(OutboxRow)) or 0,
            )
        )

    async def until(self, expected: Callable[[tuple[str, int]], bool]) -> None:
        async with asyncio.timeout(10):
            while not expected(await self.state()):
                pass


def another(service: InProcess) -> Owing:
    kernel = service.kernel
    owing = Owing(service, Outbox(kernel.database, kernel.bus, kernel.clock))
    owing.outbox.on("topic", owing.react)
    return owing


@pytest.fixture
async def owing(service: InProcess) -> AsyncIterator[Owing]:
    made = another(service)
    yield made
    await made.outbox.stop()


async def test_what_is_owed_is_carried_out_once_and_in_order(owing: Owing) -> None:
    owing.outbox.start()
    await owing.owe("a", "b")
    await owing.owe("c")
    await owing.until(lambda state: state == ("abc", 0))


async def test_a_new_process_carries_out_what_the_old_one_owed(service: InProcess, owing: Owing) -> None:
    await owing.owe("a", "b")
    assert await owing.state() == ("", 2)
    restarted = another(service)
    restarted.outbox.start()
    await restarted.until(lambda state: state == ("ab", 0))
    await restarted.outbox.stop()


async def test_a_reaction_that_fails_leaves_no_trace_stays_owed_and_hinders_no_other(owing: Owing) -> None:
    owing.failing = {"b"}
    owing.outbox.start()
    await owing.owe("a", "b", "c")
    await owing.until(lambda state: state == ("ac", 1))
    owing.failing.clear()
    await owing.owe("d")
    await owing.until(lambda state: state[1] == 0)
    assert (await owing.state())[0] in ("acbd", "acdb")


async def test_what_fails_once_is_tried_again_without_another_reason(
    owing: Owing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_lite.core.events.outbox.AGAIN_S", 0.001)
    owing.failing = {"a"}
    owing.outbox.start()
    await owing.owe("a", "b")
    await owing.until(lambda state: state == ("b", 1))
    owing.failing.clear()
    await owing.until(lambda state: state == ("ba", 0))


async def test_a_database_that_cannot_be_read_once_ends_no_reactions(
    owing: Owing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend_lite.core.events.outbox.AGAIN_S", 0.001)
    database, failed = owing.service.kernel.database, asyncio.Event()
    whole = database.read

    async def read(work: Callable[[Any], Any]) -> Any:
        if not failed.is_set():
            failed.set()
            raise OSError("Input/output error")
        return await whole(work)

    await owing.owe("a")
    monkeypatch.setattr(database, "read", read)
    owing.outbox.start()
    await failed.wait()
    await owing.until(lambda state: state == ("a", 0))


async def test_a_write_that_fails_owes_nothing(owing: Owing) -> None:
    owing.outbox.start()

    def work(unit: Unit) -> None:
        owing.outbox.add(unit, "topic", {"name": "never"})
        raise LookupError

    with pytest.raises(LookupError):
        await owing.service.kernel.database.write(work)
    await owing.owe("a")
    await owing.until(lambda state: state == ("a", 0))
