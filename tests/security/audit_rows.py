"""What somebody who writes to the database changes in the audit, found at the event that it was done to."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from backend_lite.contract.audit import ActionType, AuditVerdict
from backend_lite.core.audit.chain import event_hash
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.caller import Caller
from backend_lite.core.clock import SystemClock
from backend_lite.core.db.audit_rows import EVENT
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.features.audit.check import verify_in_slices

_BATCH = 1_000
_NUMBERS = {"id", "at", "actor_id"}
_TABLE = "audit_events"
_BY = Caller("ada", 1, "127.0.0.1", "console")


@dataclass
class Found:
    """`wrong` names the changes that were not found, or not at their event. Seconds for the whole audit as
    it was written, and the longest that a change took to be found."""

    events: int
    changes: int = 0
    whole_s: float = 0
    found_s: float = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """`apply` to the database; `at` is the event where it must be found."""

    name: str
    at: int
    apply: Callable[[sqlite3.Connection], None]


def tampered(migrated: Path, folder: Path, events: int) -> Found:
    written = folder / "audit.db"
    shutil.copyfile(migrated, written)
    return asyncio.run(_tampered(written, folder, events))


async def _tampered(written: Path, folder: Path, events: int) -> Found:
    await _write(written, events)
    found = Found(events)
    verdict, found.whole_s = await _verdict(written, folder)
    if (verdict.broken_at, verdict.events) != (None, events):
        found.wrong.append(f"as it was written: {verdict}")
    for change in _changes(events):
        found.changes += 1
        changed = folder / "changed.db"
        shutil.copyfile(written, changed)
        with closing(sqlite3.connect(changed)) as connection, connection:
            change.apply(connection)
        verdict, took_s = await _verdict(changed, folder)
        found.found_s = max(found.found_s, took_s)
        if verdict.broken_at != change.at:
            found.wrong.append(f"{change.name} at {change.at}: {verdict}")
    return found


async def _write(path: Path, events: int) -> None:
    database = Database(path, lambda _events: None)
    try:
        for first in range(0, events, _BATCH):
            numbers = range(first, min(first + _BATCH, events))
            await database.write(partial(some_events, numbers=numbers))
    finally:
        database.close()
    # One file holds all of it, to be copied.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def some_events(unit: Unit, numbers: range) -> None:
    """One for each of the numbers, as changes of scripts tell them."""
    audit = Audit(SystemClock())
    for n in numbers:
        audit.record(
            unit,
            "scripts.update",
            ActionType.UPDATE,
            Entity("script", n, f"Script {n}"),
            f'ada changed the script "Script {n}".',
            before={"description": f"before {n}", "tags": ["a", "b"]},
            after={"description": f"after {n}", "tags": ["a"]},
            details={"number": n},
            by=_BY,
        )


async def _verdict(path: Path, folder: Path) -> tuple[AuditVerdict, float]:
    database = Database(path, lambda _events: None)
    try:
        began = time.perf_counter()
        verdict = await verify_in_slices(database, folder)
        return verdict, round(time.perf_counter() - began, 2)
    finally:
        database.close()


def _changes(events: int) -> Iterator[Change]:
    picked = random.Random(events)  # noqa: S311

    def some() -> int:
        return picked.randrange(2, events)

    for column in EVENT:
        yield _one_byte(column, some())
        if column not in _NUMBERS:
            yield _set(f"a byte of {column} that is no text", some(), f"{column} = CAST(x'ff' AS TEXT)")
    yield _set("before forgotten", some(), "before = NULL")
    for place, name in ((1, "the first"), (some(), "one"), (events, "the newest")):
        yield Change(f"{name} taken away", place, _sql(f"DELETE FROM {_TABLE} WHERE id = {place}"))  # noqa: S608
    last = picked.randrange(2, events - 2)
    yield Change("all after one taken away", last + 1, _sql(f"DELETE FROM {_TABLE} WHERE id > {last}"))  # noqa: S608
    place = some()
    yield Change("two exchanged", place, _exchange(place, place + 1))
    yield Change("one added at the end", events + 1, _add(events + 1))
    yield Change("one added before the first", 0, _add(0))
    place = picked.randrange(2, events - 1)
    yield Change("one hashed anew", place + 1, _hash_anew(place))


def _one_byte(column: str, place: int) -> Change:
    if column == "id":
        return _set("a byte of id", place, "id = id + (1 << 40)")
    if column in _NUMBERS:
        return _set(f"a byte of {column}", place, f"{column} = {column} + 1")
    # In the middle: of JSON, the form stays as it is.
    middle = f"length({column}) / 2 + 1"
    other = f"CASE substr({column}, {middle}, 1) WHEN 'x' THEN 'y' ELSE 'x' END"
    pieces = f"substr({column}, 1, {middle} - 1) || {other} || substr({column}, {middle} + 1)"
    return _set(f"a byte of {column}", place, f"{column} = {pieces}")


def _set(name: str, place: int, values: str) -> Change:
    return Change(name, place, _sql(f"UPDATE {_TABLE} SET {values} WHERE id = {place}"))  # noqa: S608


def _sql(*statements: str) -> Callable[[sqlite3.Connection], None]:
    def run(connection: sqlite3.Connection) -> None:
        assert sum(connection.execute(one).rowcount for one in statements) >= 1

    return run


def _exchange(one: int, other: int) -> Callable[[sqlite3.Connection], None]:
    move = f"UPDATE {_TABLE} SET id = {{}} WHERE id = {{}}"  # noqa: S608
    return _sql(move.format(-1, one), move.format(one, other), move.format(other, -1))


def _add(place: int) -> Callable[[sqlite3.Connection], None]:
    """With a hash that fits what comes before it, as far as something does."""

    def run(connection: sqlite3.Connection) -> None:
        event = _event(connection, max(1, place - 1))
        new = event | {"id": place, "previous": event["hash"], "summary": "ada did something else."}
        _insert(connection, new | {"hash": event_hash(str(event["hash"]), new)})

    return run


def _hash_anew(place: int) -> Callable[[sqlite3.Connection], None]:
    def run(connection: sqlite3.Connection) -> None:
        event = _event(connection, place) | {"summary": "Nothing happened."}
        connection.execute(f"DELETE FROM {_TABLE} WHERE id = {place}")  # noqa: S608
        _insert(connection, event | {"hash": event_hash(str(event["previous"]), event)})

    return run


def _event(connection: sqlite3.Connection, place: int) -> dict[str, object]:
    columns = ", ".join(EVENT)
    row = connection.execute(f"SELECT {columns} FROM {_TABLE} WHERE id = {place}").fetchone()  # noqa: S608
    event = dict(zip(EVENT, row, strict=True))
    return event | {name: json.loads(event[name]) for name in ("before", "after", "details")}


def _insert(connection: sqlite3.Connection, event: dict[str, object]) -> None:
    values = [json.dumps(value) if isinstance(value, dict) else value for value in event.values()]
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {_TABLE} ({', '.join(event)}) VALUES ({marks})", values)  # noqa: S608
