"""Reading what is installed: of one device, of all, and where something is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Select, distinct, func, or_, select
from sqlalchemy.orm import Session

from backend_lite.contract.common import optional_time
from backend_lite.contract.installed_query import INSTALLED_FIELDS
from backend_lite.contract.query import Match, Pattern
from backend_lite.contract.query_nodes import is_whole
from backend_lite.contract.software import DeviceSoftware, InstalledOn, InstalledSoftware, SoftwareCount
from backend_lite.core.db.base import stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.core.db.query_sql import Column, Condition, like, numbers, parsed, texts, where
from backend_lite.errors import NotFoundError
from backend_lite.features.fleet.group_members import devices_within, only_within
from backend_lite.features.fleet.installed import title_key
from backend_lite.features.fleet.tables import DeviceRow, DeviceSoftwareRow, SoftwareTitleRow

_SORTABLE = {
    "name": SoftwareTitleRow.name_key,
    "publisher": SoftwareTitleRow.publisher,
}
_SORTABLE_WHERE = {
    "hostname": DeviceRow.hostname,
    "version": DeviceSoftwareRow.version,
    "device_id": DeviceRow.id,
}


def software_clause(match: Match) -> Condition:
    """The device has something installed that is called so."""
    patterns = [value for value in match.values if isinstance(value, Pattern)]
    return or_(*(software_like(pattern, whole=is_whole(match, pattern)) for pattern in patterns))


def software_like(pattern: Pattern, *, whole: bool = False) -> Condition:
    """The same for one pattern, which stands for the whole name or for a part of it."""
    if pattern == Pattern("*"):
        one = select(DeviceSoftwareRow.n).where(DeviceSoftwareRow.device_id == DeviceRow.id).limit(1)
        return one.correlate(DeviceRow).exists()
    titles = select(SoftwareTitleRow.id).where(like(SoftwareTitleRow.name_key, pattern, whole=whole))
    return DeviceRow.id.in_(select(DeviceSoftwareRow.device_id).where(DeviceSoftwareRow.title_id.in_(titles)))


def device_software(session: Session, device_id: int) -> DeviceSoftware:
    """By name. Raises NotFoundError."""
    device = stored(session, DeviceRow, device_id)
    if device is None or device.retired_at is not None:
        raise NotFoundError("Device not found")
    items = select(DeviceSoftwareRow, SoftwareTitleRow.name, SoftwareTitleRow.publisher).join(
        SoftwareTitleRow, SoftwareTitleRow.id == DeviceSoftwareRow.title_id
    )
    mine = items.where(DeviceSoftwareRow.device_id == device_id)
    rows = session.execute(mine.order_by(SoftwareTitleRow.name_key, DeviceSoftwareRow.n))
    found = [
        InstalledSoftware(name, row.version, publisher, row.source, row.architecture, row.installed_on)
        for row, name, publisher in rows
    ]
    return DeviceSoftware(found, optional_time(device.software_at))


def software_counts(
    session: Session, request: ListRequest, groups: Collection[int] | None = None
) -> tuple[list[SoftwareCount], int]:
    """What is installed anywhere, or on the devices of groups, and how many names that are without the cut;
    `q` is a query of INSTALLED_FIELDS. Raises InvalidError."""
    titles, devices = _titles(groups)
    clauses = {
        "name": texts(SoftwareTitleRow.name),
        "publisher": texts(func.nullif(SoftwareTitleRow.publisher, "")),
        "devices": numbers(devices),
    }
    condition = where(parsed(request.q or "", INSTALLED_FIELDS), SoftwareTitleRow.name_key, clauses)
    query = select_list(
        titles.where(condition),
        replace(request, q=None),
        sortable=_SORTABLE | {"devices": devices},
        default_sort="-devices",
        tie=SoftwareTitleRow.id,
        search=SoftwareTitleRow.name_key,
    )
    rows = session.execute(cut(query, request)).all()
    versions = _versions(session, [title.id for title, _count in rows], groups)
    found = [SoftwareCount(title.name, title.publisher, count, versions[title.id]) for title, count in rows]
    return found, total(session, query)


def _titles(groups: Collection[int] | None) -> tuple[Select[SoftwareTitleRow, int], Column]:
    """Titles with the number of their devices, and that column."""
    if groups is None:
        return select(SoftwareTitleRow, SoftwareTitleRow.devices), SoftwareTitleRow.devices
    title = DeviceSoftwareRow.title_id
    mine = select(title, func.count(distinct(DeviceSoftwareRow.device_id)).label("devices"))
    counted = mine.where(DeviceSoftwareRow.device_id.in_(devices_within(groups))).group_by(title).subquery()
    titles = select(SoftwareTitleRow, counted.c.devices)
    return titles.join(counted, counted.c.title_id == SoftwareTitleRow.id), counted.c.devices


def installed_on(
    session: Session,
    name: str,
    version: str | None,
    request: ListRequest,
    groups: Collection[int] | None = None,
) -> tuple[list[InstalledOn], int]:
    """The devices, all or those of groups, that have something of this name, in any case, by host name.

    Raises InvalidError.
    """
    query = _places().where(SoftwareTitleRow.name_key == title_key(name), only_within(groups))
    if version is not None:
        query = query.where(DeviceSoftwareRow.version == version)
    query = select_list(
        query,
        replace(request, q=None),
        sortable=_SORTABLE_WHERE,
        default_sort="hostname",
        tie=DeviceSoftwareRow.device_id,
        search=DeviceRow.search,
    ).order_by(DeviceSoftwareRow.n)
    rows = session.execute(cut(query, request))
    return [InstalledOn(*row) for row in rows], total(session, query)


def _places() -> Select[int, str, str, str]:
    return (
        select(DeviceRow.id, DeviceRow.hostname, DeviceSoftwareRow.version, DeviceSoftwareRow.source)
        .join(DeviceSoftwareRow, DeviceSoftwareRow.device_id == DeviceRow.id)
        .join(SoftwareTitleRow, SoftwareTitleRow.id == DeviceSoftwareRow.title_id)
        .where(DeviceRow.retired_at.is_(None))
    )


def _versions(
    session: Session, title_ids: list[int], groups: Collection[int] | None
) -> dict[int, dict[str, int]]:
    """On how many devices each version is, the most frequent first."""
    title, version = DeviceSoftwareRow.title_id, DeviceSoftwareRow.version
    count = func.count(distinct(DeviceSoftwareRow.device_id))
    query = select(title, version, count).where(title.in_(title_ids)).group_by(title, version)
    if groups is not None:
        query = query.where(DeviceSoftwareRow.device_id.in_(devices_within(groups)))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for title_id, name, devices in session.execute(query.order_by(count.desc(), version)):
        found[title_id][name] = devices
    return found
