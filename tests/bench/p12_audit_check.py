"""P12: 100,000 events of the audit, checked in slices; one changed byte is found at its event."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from backend_lite.core.db.database import Database
from backend_lite.core.db.migrate import migrate
from backend_lite.features.audit.check import verify_in_slices
from tests.security.audit_rows import some_events

EVENTS, _AT_ONCE = 100_000, 1_000
BUDGET = {"check_s": 30.0, "other_read_ms": 250.0}


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        reached = asyncio.run(_measure(Path(folder)))
    met = all(reached[name] <= limit for name, limit in BUDGET.items()) and reached["found"] == "yes"
    work = f"{EVENTS:,} events of the audit checked; one changed byte found at its event"
    return {"work": work, "budget": BUDGET, "reached": reached, "met": met}


async def _measure(folder: Path) -> dict[str, Any]:
    path = folder / "audit.db"
    migrate(path)
    database = Database(path, lambda _events: None)
    try:
        record_s = await _fill(database)
        began = time.perf_counter()
        check = asyncio.create_task(verify_in_slices(database, folder))
        slowest = await _slowest_read(database, check)
        verdict, check_s = await check, time.perf_counter() - began
        assert verdict.broken_at is None
        assert verdict.events == EVENTS
        changed = random.randrange(1, EVENTS)  # noqa: S311
        _change_a_byte(path, changed)
        found = await verify_in_slices(database, folder)
    finally:
        database.close()
    return {
        "record_us": round(record_s / EVENTS * 1e6),
        "check_s": round(check_s, 1),
        "other_read_ms": round(slowest * 1000, 1),
        "found": "yes" if found.broken_at == changed else f"no: {found.broken_at}, not {changed}",
    }


async def _fill(database: Database) -> float:
    began = time.perf_counter()
    for first in range(0, EVENTS, _AT_ONCE):
        await database.write(partial(some_events, numbers=range(first, first + _AT_ONCE)))
    return time.perf_counter() - began


async def _slowest_read(database: Database, check: asyncio.Task[Any]) -> float:
    slowest = 0.0
    while not check.done():
        began = time.perf_counter()
        await database.read(lambda session: session.connection())
        slowest = max(slowest, time.perf_counter() - began)
        await asyncio.sleep(0.01)
    return slowest


def _change_a_byte(path: Path, event_id: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE audit_events SET summary = replace(summary, 'changed', 'chanked') WHERE id = ?",
            (event_id,),
        )
    connection.close()
