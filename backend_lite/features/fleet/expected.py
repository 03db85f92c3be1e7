"""Devices that are to come: kept until their agent enrolls, then what they are to have is given to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import case, cast, func, select
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.enroll_query import EXPECTED_FIELDS
from backend_lite.contract.fleet import (
    CsvImported,
    ExpectedDevice,
    ExpectedDeviceCreate,
    ExpectedDeviceUpdate,
)
from backend_lite.contract.live import EXPECTED_DEVICE
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.csv_text import write_rows
from backend_lite.core.db.base import Id, stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.core.db.prepared import BulkInsert
from backend_lite.core.db.query_sql import (
    Clause,
    ages,
    elements,
    folded,
    json_elements,
    numbers,
    parsed,
    texts,
    where,
)
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, InvalidError, NotFoundError
from backend_lite.features.fleet.editing import checked_tags
from backend_lite.features.fleet.expected_csv import HEADS, PARTS, ExpectedLine, KnownGroup, Reading
from backend_lite.features.fleet.expected_rules import (
    Identity,
    checked_note,
    hostname_key,
    identity_of,
    serial_key,
)
from backend_lite.features.fleet.groups import Groups
from backend_lite.features.fleet.tables import DeviceRow, ExpectedDeviceRow, GroupRow

_SORTABLE = {
    "id": ExpectedDeviceRow.id,
    "hostname": ExpectedDeviceRow.hostname_key,
    "serial": ExpectedDeviceRow.serial_key,
    "note": ExpectedDeviceRow.note,
    "created_by": ExpectedDeviceRow.created_by,
    "created_at": ExpectedDeviceRow.created_at,
    "arrived_at": ExpectedDeviceRow.arrived_at,
}
_LABELS = folded(ExpectedDeviceRow.hostname + "\n" + ExpectedDeviceRow.serial + "\n" + ExpectedDeviceRow.note)
_INSERTED = (
    "hostname", "hostname_key", "serial", "serial_key", "tags", "groups", "note", "created_by", "created_at"
)  # fmt: skip
_INSERT = BulkInsert(ExpectedDeviceRow.__table__, _INSERTED)  # type: ignore[arg-type]
_json = msgspec.json.Encoder().encode
_NAMED = 100
"""Of an import, the audit names so many."""


class ExpectedDevices:
    """Its methods run inside the caller's session or unit."""

    def __init__(self, clock: Clock, groups: Groups) -> None:
        self._clock = clock
        self._groups = groups
        self._audit = Audit(clock)
        groups.users.append(self.needing_group)

    def page(self, session: Session, request: ListRequest) -> tuple[list[ExpectedDevice], int]:
        """What was asked for, and how many there are without the cut; `q` is a query of EXPECTED_FIELDS.

        Raises InvalidError.
        """
        node = parsed(request.q or "", EXPECTED_FIELDS)
        query = select_list(
            select(ExpectedDeviceRow).where(where(node, _LABELS, _clauses(self._clock.now_ms()))),
            replace(request, q=None),
            sortable=_SORTABLE,
            default_sort="id",
            tie=ExpectedDeviceRow.id,
            search=ExpectedDeviceRow.note,
        )
        return [view_of(row) for row in session.scalars(cut(query, request))], total(session, query)

    def get(self, session: Session, expected_id: int) -> ExpectedDevice:
        """Raises NotFoundError."""
        return view_of(_row(session, expected_id))

    def create(self, unit: Unit, wanted: ExpectedDeviceCreate, maker: Principal) -> ExpectedDevice:
        """Raises InvalidError, also for a device that is expected already, NotFoundError for a group, and
        ForbiddenError for one that limits rights."""
        identity = identity_of(wanted.hostname, wanted.serial)
        _refuse_expected(unit.session, identity, None)
        row = ExpectedDeviceRow(
            **_columns(identity),
            tags=checked_tags(wanted.tags),
            groups=self._checked_groups(unit.session, wanted.groups, maker),
            note=checked_note(wanted.note),
            created_by=maker.name,
            created_at=self._clock.now_ms(),
        )
        unit.session.add(row)
        expected = _published(unit, row)
        self._audit.tell(unit, "expected_devices.create", _entity(row), after=expected)
        return expected

    def update(
        self, unit: Unit, expected_id: int, wanted: ExpectedDeviceUpdate, editor: Principal
    ) -> ExpectedDevice:
        """Raises NotFoundError, InvalidError, ForbiddenError, and ConflictError for another name of one that
        has come."""
        row = _row(unit.session, expected_id)
        before = view_of(row)
        identity = identity_of(
            row.hostname if wanted.hostname is UNSET else wanted.hostname,
            row.serial if wanted.serial is UNSET else wanted.serial,
        )
        if (identity.hostname, identity.serial) != (row.hostname, row.serial):
            if row.arrived_at is not None:
                raise ConflictError(f"{_named(row)} has come already: it stays known by what it was.")
            _refuse_expected(unit.session, identity, row.id)
            self._groups.refuse_widening(unit.session, row.groups, editor)
            for name, value in _columns(identity).items():
                setattr(row, name, value)
        if wanted.tags is not UNSET:
            row.tags = checked_tags(wanted.tags)
        if wanted.groups is not UNSET:
            row.groups = self._checked_groups(unit.session, wanted.groups, editor, before.groups)
        if wanted.note is not UNSET:
            row.note = checked_note(wanted.note)
        expected = _published(unit, row)
        if expected != before:
            self._audit.tell(unit, "expected_devices.update", _entity(row), before=before, after=expected)
        return expected

    def delete(self, unit: Unit, expected_id: int) -> None:
        """Expect it no longer; the device that has come stays. Raises NotFoundError."""
        row = _row(unit.session, expected_id)
        unit.session.delete(row)
        self._audit.tell(unit, "expected_devices.delete", _entity(row), before=view_of(row))
        unit.publish(Changed(EXPECTED_DEVICE, expected_id, None))

    def known_groups(self, session: Session) -> dict[str, KnownGroup]:
        """By the key of their name."""
        return {
            row.name_key: KnownGroup(row.id, row.name, row.query is None)
            for row in session.scalars(select(GroupRow))
        }

    def take(self, unit: Unit, reading: Reading, maker: Principal) -> CsvImported:
        """Add what is not expected yet, all of it or, where there are problems, nothing.

        Raises ConflictError, and ForbiddenError for a group that limits rights.
        """
        connection = unit.connection
        session = unit.session
        there = {group.id for group in self.known_groups(session).values() if group.named}
        for line in reading.lines:
            if not there.issuperset(line.groups):
                raise ConflictError("A group of the table was deleted meanwhile: read the table again.")
        self._groups.refuse_widening(
            session, {group for line in reading.lines for group in line.groups}, maker
        )
        waiting = _waiting_keys(session)
        new = [line for line in reading.lines if line.identity.key not in waiting]
        last = session.scalar(select(func.max(ExpectedDeviceRow.id))) or 0
        now = self._clock.now_ms()
        _INSERT.run(connection, [_inserted(line, maker.name, now) for line in new])
        _publish_since(unit, last)
        if new:
            said = f"{unit.caller.name} imported {len(new)} expected device{'s' * (len(new) > 1)}."
            names = [line.identity.hostname or line.identity.serial for line in new[:_NAMED]]
            self._audit.record(
                unit,
                "expected_devices.import",
                ActionType.CREATE,
                Entity(EXPECTED_DEVICE, ""),
                said,
                details={"count": len(new), "first": names},
            )
        return CsvImported(len(new), len(reading.lines) - len(new), [])

    def check(self, session: Session, reading: Reading) -> CsvImported:
        """What `take` would do."""
        if reading.problems:
            return CsvImported(0, 0, reading.told())
        waiting = _waiting_keys(session)
        known = sum(line.identity.key in waiting for line in reading.lines)
        return CsvImported(len(reading.lines) - known, known, [])

    def table(self, session: Session, request: ListRequest) -> str:
        """The list as a table that can be imported. Raises InvalidError."""
        found, _total = self.page(session, request)
        names: Mapping[int, str] = {group.id: group.name for group in self.known_groups(session).values()}
        return write_rows([HEADS, *(_cells(one, names) for one in found)])

    def claim(self, unit: Unit, row: DeviceRow) -> ExpectedDevice | None:
        """The entry that this new device was expected by: it has come now."""
        found = _expecting(unit.session, row)
        if found is None:
            return None
        found.device_id, found.arrived_at = row.id, self._clock.now_ms()
        return _published(unit, found)

    def _checked_groups(
        self, session: Session, wanted: Iterable[int], editor: Principal, before: Collection[int] = ()
    ) -> list[int]:
        # Whatever device says this name or serial number, by whomever it comes in, gets into them.
        checked = self._groups.checked_named(session, wanted)
        self._groups.refuse_widening(session, set(checked).difference(before), editor)
        return checked

    def needing_group(self, unit: Unit, group_id: int) -> list[str]:
        """Those that wait need their groups; those that have come have had what they were to get."""
        table = json_elements(ExpectedDeviceRow.groups).table_valued("value")
        has = select(1).select_from(table).where(cast(table.c.value, Id) == group_id).exists()
        waiting = ExpectedDeviceRow.arrived_at.is_(None)
        count = unit.session.scalar(select(func.count()).select_from(ExpectedDeviceRow).where(waiting, has))
        if not count:
            return []
        return ["an expected device" if count == 1 else f"{count} expected devices"]


def view_of(row: ExpectedDeviceRow) -> ExpectedDevice:
    return ExpectedDevice(
        id=row.id,
        hostname=row.hostname,
        serial=row.serial,
        tags=row.tags,
        groups=row.groups,
        note=row.note,
        created_by=row.created_by,
        created_at=format_time(row.created_at),
        device_id=row.device_id,
        arrived_at=optional_time(row.arrived_at),
    )


def _row(session: Session, expected_id: int) -> ExpectedDeviceRow:
    row = stored(session, ExpectedDeviceRow, expected_id)
    if row is None:
        raise NotFoundError("Expected device not found")
    return row


def _columns(identity: Identity) -> dict[str, str]:
    return {
        "hostname": identity.hostname,
        "serial": identity.serial,
        "hostname_key": identity.hostname_key,
        "serial_key": identity.serial_key,
    }


def _entity(row: ExpectedDeviceRow) -> Entity:
    return Entity(EXPECTED_DEVICE, row.id, row.hostname or row.serial)


def _named(row: ExpectedDeviceRow) -> str:
    return f'"{row.hostname or row.serial}"'


def _published(unit: Unit, row: ExpectedDeviceRow) -> ExpectedDevice:
    unit.session.flush()
    view = view_of(row)
    unit.publish(Changed(EXPECTED_DEVICE, row.id, view))
    return view


def _publish_since(unit: Unit, last: int) -> None:
    columns = (
        ExpectedDeviceRow.id,
        *(getattr(ExpectedDeviceRow, name) for name in _INSERTED),
        ExpectedDeviceRow.device_id,
        ExpectedDeviceRow.arrived_at,
    )
    for row in unit.connection.execute(select(*columns).where(ExpectedDeviceRow.id > last)):
        unit.publish(Changed(EXPECTED_DEVICE, row.id, partial(_view_of_any, row)))


def _view_of_any(row: Any) -> ExpectedDevice:
    return view_of(row)


def _inserted(line: ExpectedLine, created_by: str, now: int) -> Sequence[Any]:
    one = line.identity
    tags, groups = _json(line.tags).decode(), _json(line.groups).decode()
    keys = (one.hostname, one.hostname_key, one.serial, one.serial_key)
    return (*keys, tags, groups, line.note, created_by, now)


def _waiting_keys(session: Session) -> set[tuple[str, str]]:
    query = select(ExpectedDeviceRow.serial_key, ExpectedDeviceRow.hostname_key)
    rows = session.execute(query.where(ExpectedDeviceRow.arrived_at.is_(None)))
    return {(serial, "") if serial else ("", hostname) for serial, hostname in rows}


def _waits_for(identity: Identity) -> Any:
    serial, hostname = identity.key
    known = ExpectedDeviceRow.hostname_key == hostname
    return ExpectedDeviceRow.serial_key == serial if serial else known & (ExpectedDeviceRow.serial_key == "")


def _refuse_expected(session: Session, identity: Identity, own_id: int | None) -> None:
    query = select(ExpectedDeviceRow.id).where(_waits_for(identity), ExpectedDeviceRow.arrived_at.is_(None))
    taken = session.scalar(query.limit(1))
    if taken not in (None, own_id):
        what = "serial number" if identity.serial else "name"
        known_by = identity.serial or identity.hostname
        raise InvalidError(f'A device with the {what} "{known_by}" is expected already.', code="name_taken")


def _expecting(session: Session, row: DeviceRow) -> ExpectedDeviceRow | None:
    """By its serial number first; by its name only where no serial number is expected."""
    serial, hostname = serial_key(row.serial), hostname_key(row.hostname)
    waiting = select(ExpectedDeviceRow).where(ExpectedDeviceRow.arrived_at.is_(None))
    found = None
    if serial:
        found = session.scalar(waiting.where(ExpectedDeviceRow.serial_key == serial).limit(1))
    if found is None and hostname:
        by_name = (ExpectedDeviceRow.hostname_key == hostname) & (ExpectedDeviceRow.serial_key == "")
        found = session.scalar(waiting.where(by_name).limit(1))
    return found


def _cells(one: ExpectedDevice, names: Mapping[int, str]) -> list[str]:
    groups = [names[group_id] for group_id in one.groups if group_id in names]
    return [one.hostname, one.serial, PARTS.join(one.tags), PARTS.join(groups), one.note]


def _clauses(now_ms: int) -> dict[str, Clause]:
    state = case((ExpectedDeviceRow.arrived_at.is_(None), "waiting"), else_="arrived")
    return {
        "name": texts(ExpectedDeviceRow.hostname),
        "serial": texts(ExpectedDeviceRow.serial),
        "state": texts(state),
        "tag": elements(ExpectedDeviceRow.tags),
        "note": texts(ExpectedDeviceRow.note),
        "by": texts(ExpectedDeviceRow.created_by),
        "added": ages(ExpectedDeviceRow.created_at, now_ms),
        "arrived": ages(ExpectedDeviceRow.arrived_at, now_ms),
        "id": numbers(ExpectedDeviceRow.id),
    }
