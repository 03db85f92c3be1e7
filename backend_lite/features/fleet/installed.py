"""What devices say is installed on them: one list for each, replaced as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from agent.wire.messages import SoftwareEntry, SoftwareReport
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.query_sql import among
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.labels import clean
from backend_lite.features.fleet.tables import DeviceRow, DeviceSoftwareRow, SoftwareTitleRow

MAX_ITEMS = 5000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BUNDLE = 500


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

    async def report(self, device_id: int, report: SoftwareReport) -> None:
        """Replace what was known of the device, unless it is the same."""
        digest = report.digest if _DIGEST.fullmatch(report.digest) else ""
        items, now = cleaned(report.items), self._clock.now_ms()
        await self._database.write(lambda unit: _replace(unit, device_id, digest, items, now))


def cleaned(entries: Iterable[SoftwareEntry]) -> list[Item]:
    """What can be stored and shown of them, each once, by name."""
    items = {item for entry in [*entries][:MAX_ITEMS] if (item := _cleaned(entry)).title.name}
    return sorted(items, key=lambda item: (item.title.name.casefold(), item))


def title_key(name: str) -> str:
    """The name as it is compared."""
    return name.casefold()[:800]


def forget_software(unit: Unit, device_id: int) -> None:
    """The device is gone: what was on it counts no more."""
    _change(unit.connection, device_id, [])


def _replace(unit: Unit, device_id: int, digest: str, items: Sequence[Item], now: int) -> None:
    connection = unit.connection
    device = DeviceRow.id == device_id
    known = connection.execute(select(DeviceRow.software_digest, DeviceRow.retired_at).where(device)).first()
    if known is None or known.retired_at is not None:
        return
    if not digest or known.software_digest != digest:
        _change(connection, device_id, items)
    connection.execute(update(DeviceRow).where(device).values(software_digest=digest, software_at=now))


def _change(connection: Connection, device_id: int, items: Sequence[Item]) -> None:
    before = set(
        connection.scalars(
            select(DeviceSoftwareRow.title_id).where(DeviceSoftwareRow.device_id == device_id).distinct()
        )
    )
    connection.execute(delete(DeviceSoftwareRow).where(DeviceSoftwareRow.device_id == device_id))
    ids = _title_ids(connection, {item.title for item in items})
    if items:
        rows = [
            {
                "device_id": device_id,
                "n": n,
                "title_id": ids[item.title],
                "version": item.version,
                "source": item.source,
                "architecture": item.architecture,
                "installed_on": item.installed_on,
            }
            for n, item in enumerate(items)
        ]
        connection.execute(insert(DeviceSoftwareRow), rows)
    now = set(ids.values())
    _count(connection, now - before, 1)
    _count(connection, before - now, -1)


def _title_ids(connection: Connection, titles: set[Title]) -> dict[Title, int]:
    """Every title's id; those that are new are added, on no device so far."""
    found = _known(connection, titles)
    new = titles - found.keys()
    if new:
        rows = [
            {
                "name": title.name,
                "publisher": title.publisher,
                "name_key": title_key(title.name),
                "devices": 0,
            }
            for title in sorted(new)
        ]
        connection.execute(insert(SoftwareTitleRow), rows)
        found |= _known(connection, new)
    return found


def _known(connection: Connection, titles: set[Title]) -> dict[Title, int]:
    found: dict[Title, int] = {}
    names = sorted({title.name for title in titles})
    columns = select(SoftwareTitleRow.id, SoftwareTitleRow.name, SoftwareTitleRow.publisher)
    for start in range(0, len(names), _BUNDLE):
        bundle = columns.where(SoftwareTitleRow.name.in_(names[start : start + _BUNDLE]))
        for title_id, name, publisher in connection.execute(bundle):
            if (title := Title(name, publisher)) in titles:
                found[title] = title_id
    return found


def _count(connection: Connection, title_ids: set[int], change: int) -> None:
    if not title_ids:
        return
    meant = among(SoftwareTitleRow.id, sorted(title_ids))
    connection.execute(
        update(SoftwareTitleRow).where(meant).values(devices=SoftwareTitleRow.devices + change)
    )
    if change < 0:
        connection.execute(delete(SoftwareTitleRow).where(meant, SoftwareTitleRow.devices <= 0))


def _cleaned(entry: SoftwareEntry) -> Item:
    day = entry.installed_on if _DAY.fullmatch(entry.installed_on) else ""
    title = Title(clean(entry.name), clean(entry.publisher, 200))
    return Item(title, clean(entry.version, 200), clean(entry.source, 20), clean(entry.architecture, 40), day)
