"""What devices say is installed on them: one list for each, replaced as a whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, delete, select, text, update

from agent.wire.messages import SoftwareEntry, SoftwareReport
from backend_lite.contract.common import format_time
from backend_lite.contract.live import INSTALLED_SOFTWARE
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.prepared import BulkInsert, Prepared, among
from backend_lite.core.db.query_sql import among as query_among
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.fleet.labels import clean
from backend_lite.features.fleet.tables import DeviceRow, DeviceSoftwareRow, SoftwareTitleRow

MAX_ITEMS = 5000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

_AT_ONCE = 1
"""Reports that are written between two commits: others at the database shall not wait for many of them."""
_LEFT = ("version", "source", "architecture", "installed_on")


class Title(NamedTuple):
    name: str
    publisher: str


class Item(NamedTuple):
    title: Title
    version: str
    source: str
    architecture: str
    installed_on: str


class Inventory:
    """Takes the agents' reports."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def report(self, device_id: int, report: SoftwareReport) -> None:
        """Replace what was known of the device, unless it is the same."""
        digest = report.digest if _DIGEST.fullmatch(report.digest) else ""
        async with self._turns:
            items, now = cleaned(report.items), self._clock.now_ms()
            await self._database.write(lambda unit: _replace(unit, device_id, digest, items, now))


def cleaned(entries: Sequence[SoftwareEntry]) -> set[Item]:
    """What can be stored and shown of them."""
    return {item for entry in entries[:MAX_ITEMS] if (item := _cleaned(entry)).title.name}


def title_key(name: str) -> str:
    """The name as it is compared."""
    return name.casefold()[:800]


def forget_software(unit: Unit, device_id: int, now: int) -> None:
    """The device is gone: what was on it counts no more."""
    _change(unit, device_id, set(), now)


def _replace(unit: Unit, device_id: int, digest: str, items: set[Item], now: int) -> None:
    connection = unit.connection
    device = DeviceRow.id == device_id
    known = connection.execute(select(DeviceRow.software_digest, DeviceRow.retired_at).where(device)).first()
    if known is None or known.retired_at is not None:
        return
    if not digest or known.software_digest != digest:
        _change(unit, device_id, items, now)
    connection.execute(update(DeviceRow).where(device).values(software_digest=digest, software_at=now))


def _change(unit: Unit, device_id: int, items: set[Item], at: int) -> None:
    """Write what differs: mostly a device says nearly the same as before."""
    connection = unit.connection
    ids = _title_ids(connection, {item.title for item in items})
    now = {(ids[item.title], *item[1:]) for item in items}
    before = {tuple(row[1:]): row[0] for row in _BEFORE.all(connection, device_id)}
    _remove(connection, device_id, [n for row, n in before.items() if row not in now])
    _add(connection, device_id, now - before.keys(), {n for row, n in before.items() if row in now})
    titles, titles_before = set(ids.values()), {row[0] for row in before}
    _COUNT_UP.listed(connection, sorted(titles - titles_before))
    if gone := sorted(titles_before - titles):
        _COUNT_DOWN.listed(connection, gone)
        _USELESS.listed(connection, gone)
    unit.publish(Changed(INSTALLED_SOFTWARE, device_id, lambda: {"changed_at": format_time(at)}))


def _remove(connection: Connection, device_id: int, numbers: list[int]) -> None:
    rows = DeviceSoftwareRow
    if numbers:
        meant = query_among(rows.n, numbers)
        connection.execute(delete(rows).where(rows.device_id == device_id, meant))


def _add(connection: Connection, device_id: int, rows: set[tuple[Any, ...]], taken: set[int]) -> None:
    free = (n for n in count() if n not in taken)
    if rows:
        _INSERT.run(connection, [(device_id, n, *row) for n, row in zip(free, sorted(rows), strict=False)])


def _title_ids(connection: Connection, titles: set[Title]) -> dict[Title, int]:
    """Every title's id; those that are new are added, on no device so far."""
    found = _known(connection, titles)
    if new := sorted(titles - found.keys()):
        _INSERT_TITLES.run(connection, [(*title, title_key(title.name), 0) for title in new])
        found |= _known(connection, set(new))
    return found


def _known(connection: Connection, titles: set[Title]) -> dict[Title, int]:
    names: list[Any] = sorted({title.name for title in titles})
    rows = _TITLES.listed(connection, names)
    return {title: row[0] for row in rows if (title := Title(row[1], row[2])) in titles}


def _cleaned(entry: SoftwareEntry) -> Item:
    day = entry.installed_on if _DAY.fullmatch(entry.installed_on) else ""
    title = Title(clean(entry.name), clean(entry.publisher, 200))
    return Item(title, clean(entry.version, 200), clean(entry.source, 20), clean(entry.architecture, 40), day)


_titles = SoftwareTitleRow
_software = DeviceSoftwareRow
_BEFORE = Prepared(
    select(_software.n, _software.title_id, *(getattr(_software, name) for name in _LEFT)).where(
        _software.device_id == bindparam("device_id")
    ),
    "device_id",
)
_TITLES = Prepared(select(_titles.id, _titles.name, _titles.publisher).where(among(_titles.name)))
_INSERT = BulkInsert(cast("Table", _software.__table__), ("device_id", "n", "title_id", *_LEFT))
_INSERT_TITLES = BulkInsert(cast("Table", _titles.__table__), ("name", "publisher", "name_key", "devices"))
_MEANT = among(_titles.id)
_COUNT_UP = Prepared(
    update(_titles).where(_MEANT).values(devices=_titles.devices + text("1")).returning(_titles.id)
)
_COUNT_DOWN = Prepared(
    update(_titles).where(_MEANT).values(devices=_titles.devices - text("1")).returning(_titles.id)
)
_USELESS = Prepared(delete(_titles).where(_MEANT, _titles.devices <= text("0")).returning(_titles.id))
