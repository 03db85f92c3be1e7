"""The writer: one commit for many, only the failing one fails, events and answers only after the commit."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from backend_lite.core.db.database import Database
from backend_lite.core.db.engine import writer_engine
from backend_lite.core.db.unit import Unit
from backend_lite.core.db.writer import BATCH, Writer
from backend_lite.core.events.bus import Event
from backend_lite.errors import DiskFullError

pytestmark = pytest.mark.anyio

ADD = text("INSERT INTO t (n) VALUES (:n)")


@dataclass(frozen=True, slots=True)
class Added(Event):
    n: int


class Bench:
    """A writer on a file with one table, counting its commits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.published: list[Event] = []
        self.commits = 0
        engine = writer_engine(path)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (n INTEGER UNIQUE NOT NULL)")
        event.listen(engine, "commit", self._committed)
        self._engine = engine
        self.writer = Writer(engine, self._publish)
        self.writer.start()

    def rows(self) -> list[int]:
        """What another connection sees: only what is committed."""
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as connection:
            found = [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]
        connection.close()
        return found

    async def together(self, works: Iterable[Callable[[Unit], object]]) -> list[object]:
        """The results of `works`, which reach the writer while it is busy, so that they share a batch."""
        busy, may_go_on = threading.Event(), threading.Event()

        def hold(_unit: Unit) -> None:
            busy.set()
            may_go_on.wait(10)

        first = asyncio.create_task(self.writer.run(hold))
        await asyncio.to_thread(busy.wait, 10)
        tasks = [asyncio.create_task(self.writer.run(work)) for work in works]
        await asyncio.sleep(0)
        self.commits = 0
        may_go_on.set()
        await asyncio.gather(first, return_exceptions=True)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self.commits -= 1
        return list(results)

    def close(self) -> None:
        self.writer.close()
        self._engine.dispose()

    def _committed(self, _connection: object) -> None:
        self.commits += 1

    def _publish(self, events: Iterable[Event]) -> None:
        self.published.extend(events)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path / "t.db")
    yield made
    made.close()


def add(n: int, *, fail: bool = False) -> Callable[[Unit], int]:
    def work(unit: Unit) -> int:
        unit.session.execute(ADD, {"n": n})
        unit.publish(Added(n))
        if fail:
            raise LookupError(n)
        return n

    return work


def refuse(n: int) -> Callable[[Unit], int]:
    def work(_unit: Unit) -> int:
        raise PermissionError(n)

    return work


async def test_writes_that_wait_together_share_one_commit(bench: Bench) -> None:
    assert await bench.together([add(n) for n in range(BATCH)]) == list(range(BATCH))
    assert bench.commits == 1
    assert bench.rows() == list(range(BATCH))


async def test_more_than_a_batch_takes_more_commits_and_keeps_the_order(bench: Bench) -> None:
    assert await bench.together([add(n) for n in range(BATCH + 1)]) == list(range(BATCH + 1))
    assert bench.commits == 2
    assert bench.published == [Added(n) for n in range(BATCH + 1)]


async def test_only_the_write_that_fails_fails(bench: Bench) -> None:
    results = await bench.together([add(1), add(2, fail=True), add(3), add(1), refuse(4), add(5)])
    assert results[0] == 1
    assert isinstance(results[1], LookupError)
    assert results[2] == 3
    assert "UNIQUE" in str(results[3])
    assert isinstance(results[4], PermissionError)
    assert results[5] == 5
    assert bench.rows() == [1, 3, 5]
    assert bench.published == [Added(1), Added(3), Added(5)]


async def test_a_refusal_without_a_change_costs_the_others_no_second_pass(bench: Bench) -> None:
    passes: list[int] = []

    def counted(unit: Unit) -> None:
        passes.append(1)
        add(1)(unit)

    await bench.together([counted, refuse(2)])
    assert len(passes) == 1


async def test_a_write_that_runs_twice_is_published_once(bench: Bench) -> None:
    passes: list[int] = []

    def counted(unit: Unit) -> int:
        passes.append(1)
        add(1)(unit)
        return len(passes)

    results = await bench.together([counted, add(2, fail=True)])
    assert (len(passes), results[0]) == (2, 2)
    assert bench.published == [Added(1)]


async def test_answer_and_events_come_after_the_commit_events_first(bench: Bench) -> None:
    order: list[str] = []
    publish = bench._publish

    def watching(events: Iterable[Event]) -> None:
        publish(events)
        order.append(f"event, rows {bench.rows()}")

    bench.writer._publish = watching
    await bench.writer.run(add(1))
    order.append("answer")
    assert order == ["event, rows [1]", "answer"]


async def test_when_the_commit_fails_nothing_is_kept_and_everybody_hears_it(bench: Bench) -> None:
    def no_commit(_connection: object) -> None:
        raise OSError("No space left on device")

    event.listen(bench._engine, "commit", no_commit)
    results = await bench.together([add(1), add(2)])
    assert [str(result) for result in results] == ["No space left on device"] * 2
    assert (bench.rows(), bench.published) == ([], [])
    event.remove(bench._engine, "commit", no_commit)
    assert await bench.writer.run(add(3)) == 3
    assert bench.rows() == [3]


def fill(n: int) -> Callable[[Unit], int]:
    def work(unit: Unit) -> int:
        unit.session.execute(text("INSERT INTO big VALUES (zeroblob(20000))"))
        return add(n)(unit)

    return work


async def test_a_full_disk_refuses_what_does_not_fit_and_says_so(bench: Bench) -> None:
    def prepare(unit: Unit) -> None:
        unit.session.execute(text("CREATE TABLE big (b BLOB)"))
        unit.session.execute(text("PRAGMA max_page_count=12"))

    await bench.writer.run(prepare)
    results = await bench.together([add(1), fill(2), fill(3), add(4), fill(5), add(6)])
    refused = [
        n for n, result in zip((1, 2, 3, 4, 5, 6), results, strict=True) if isinstance(result, Exception)
    ]
    assert refused
    assert set(bench.rows()) == {1, 2, 3, 4, 5, 6} - set(refused)
    assert bench.published == [Added(n) for n in (1, 2, 3, 4, 5, 6) if n not in refused]


async def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path) -> None:
    database = Database(tmp_path / "small.db", lambda _events: None)

    def prepare(unit: Unit) -> None:
        unit.session.execute(text("CREATE TABLE big (b BLOB)"))
        unit.session.execute(text("PRAGMA max_page_count=4"))

    def write(unit: Unit) -> None:
        unit.session.execute(text("INSERT INTO big VALUES (zeroblob(20000))"))

    try:
        await database.write(prepare)
        with pytest.raises(DiskFullError, match="nothing was changed"):
            await database.write(write)
    finally:
        database.close()


async def test_a_caller_that_gives_up_undoes_nothing(bench: Bench) -> None:
    task = asyncio.create_task(bench.writer.run(add(1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bench.writer.run(add(2)) == 2
    assert bench.rows() == [1, 2]
    assert bench.published == [Added(1), Added(2)]


async def test_closing_finishes_what_is_queued_and_takes_no_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "closing.db")
    task = asyncio.create_task(bench.writer.run(add(1)))
    await asyncio.sleep(0)
    bench.close()
    assert await task == 1
    with pytest.raises(RuntimeError, match="the database is closed"):
        await bench.writer.run(add(2))
    assert bench.rows() == [1]


STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["add", "fail", "refuse", "both"])), max_size=25
)


@given(steps=STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_batch_ends_as_if_its_writes_had_come_one_by_one(
    bench: Bench, steps: list[tuple[int, str]]
) -> None:
    await bench.writer.run(lambda unit: unit.session.execute(text("DELETE FROM t")).rowcount)  # type: ignore[attr-defined]
    bench.published.clear()
    kept: list[int] = []
    expected: list[object] = []
    for n, kind in steps:
        works = kind == "add" and n not in kept
        expected.append(n if works else None)
        if works:
            kept.append(n)

    def work_of(n: int, kind: str) -> Callable[[Unit], int]:
        return refuse(n) if kind == "refuse" else add(n, fail=kind in ("fail", "both"))

    results = await bench.together([work_of(n, kind) for n, kind in steps])
    assert [None if isinstance(result, Exception) else result for result in results] == expected
    assert bench.rows() == sorted(kept)
    assert bench.published == [Added(n) for n in kept]


async def test_readers_cannot_write_and_see_a_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    Bench(path).close()
    database = Database(path, lambda _events: None)
    try:
        await database.write(add(1))
        assert await database.read(
            lambda session: session.execute(text("SELECT n FROM t")).scalars().all()
        ) == [1]
        with pytest.raises(Exception, match="readonly database"):
            await database.read(lambda session: session.execute(ADD, {"n": 2}))
    finally:
        database.close()
