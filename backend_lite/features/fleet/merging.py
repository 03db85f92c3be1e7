"""The same machine under a new key takes over from its former self; or the two are said to be different."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Contact, Device, Protocol
from backend_lite.core.db.base import storable
from backend_lite.core.db.unit import Unit
from backend_lite.errors import ConflictError, InvalidError
from backend_lite.features.fleet.auditing import entity_of, told
from backend_lite.features.fleet.devices import Devices, active_row, publish
from backend_lite.features.fleet.editing import MAX_TAGS
from backend_lite.features.fleet.group_members import groups_naming, refuse_outside
from backend_lite.features.fleet.presence import Presence
from backend_lite.features.fleet.tables import DeviceRow

OpenWork = Callable[[Session, int], int]
"""How many runs of a device have not ended."""
Follower = Callable[[Unit, int, int], None]
"""`(unit, device_id, replaces_id)`: the first takes over what an area keeps of the second."""

_LONGEST_LINE = 1000


class Merging:
    """Its methods run inside the caller's unit. Higher areas add to `open_work` and `followers`."""

    def __init__(self, devices: Devices, presence: Presence) -> None:
        self._devices = devices
        self._presence = presence
        self.open_work: list[OpenWork] = []
        self.followers: list[Follower] = []

    def merge(
        self, unit: Unit, device_id: int, replaces_id: int, groups: Collection[int] | None = None
    ) -> Device:
        """The device takes over tags, groups, profile and history of the other, which is retired by the same
        write. Whether it may work stays as it is. `groups`: the other must be in one of them.

        Raises NotFoundError, InvalidError, and ConflictError while the other is connected or has work.
        """
        if device_id == replaces_id:
            raise InvalidError("A device cannot be merged with itself.")
        refuse_outside(unit.session, [replaces_id], groups)
        row, former = active_row(unit.session, device_id), active_row(unit.session, replaces_id)
        self._refuse_active(unit.session, former)
        before = told(row)
        row.change(
            {
                "tags": list(dict.fromkeys([*former.tags, *row.tags]))[:MAX_TAGS],
                "profile_id": former.profile_id if row.profile_id is None else row.profile_id,
                "possible_duplicate_of": None,
                "replaces_id": former.id if row.replaces_id is None else row.replaces_id,
            }
        )
        if row.replaces_id != former.id:
            # Both have a past: the line of the one goes on behind the line of the other.
            _last_of_line(unit.session, row).replaces_id = former.id
        self._devices.groups.join(unit, row.id, groups_naming(unit.session, former.id))
        for follow in self.followers:
            follow(unit, row.id, former.id)
        _point_to(unit, former.id, row.id)
        self._devices.shut_out(unit, former)
        publish(unit, row)
        details = {"replaces": former.id, "hostname": former.hostname}
        self._devices.audit.tell(
            unit, "devices.merge", entity_of(row), before=before, after=told(row), details=details
        )
        return self._devices.get(unit.session, row.id)

    def keep_apart(self, unit: Unit, device_id: int, groups: Collection[int] | None = None) -> Device:
        """It is not the machine that it resembles. `groups`: that must be in one of them. Raises
        NotFoundError."""
        row = active_row(unit.session, device_id)
        if row.possible_duplicate_of is not None:
            refuse_outside(unit.session, [row.possible_duplicate_of], groups)
        before = told(row)
        if row.change({"possible_duplicate_of": None}):
            publish(unit, row)
            self._devices.audit.tell(
                unit, "devices.keep_apart", entity_of(row), before=before, after=told(row)
            )
        return self._devices.get(unit.session, row.id)

    def _refuse_active(self, session: Session, former: DeviceRow) -> None:
        if self._is_there(former):
            raise ConflictError(
                f"{former.hostname} (device {former.id}) is connected now, so it is another machine. "
                "Keep the two apart, or remove it first.",
                code="connected",
            )
        if runs := sum(count(session, former.id) for count in self.open_work):
            work = "a run that has" if runs == 1 else f"{runs} runs that have"
            raise ConflictError(
                f"{former.hostname} (device {former.id}) has {work} not ended. Cancel or await that first.",
                code="open_runs",
            )

    def _is_there(self, row: DeviceRow) -> bool:
        sighting = self._presence.view(row.id)
        if sighting is None:
            return False
        # A device that calls by HTTP is never connected.
        calls = row.protocol == Protocol.HTTP and sighting.contact is Contact.ONLINE
        return sighting.connected or calls


def line_of(session: Session, device_id: int) -> list[int]:
    """The device and those that it took over from, newest first."""
    line = [device_id]
    while storable(line[-1]) and len(line) < _LONGEST_LINE:
        before = session.scalar(select(DeviceRow.replaces_id).where(DeviceRow.id == line[-1]))
        if before is None or before in line:
            break
        line.append(before)
    return line


def _last_of_line(session: Session, row: DeviceRow) -> DeviceRow:
    return session.get_one(DeviceRow, line_of(session, row.id)[-1])


def _point_to(unit: Unit, former_id: int, device_id: int) -> None:
    """Whatever resembled the former device resembles this one."""
    alike = select(DeviceRow).where(
        DeviceRow.possible_duplicate_of == former_id,
        DeviceRow.retired_at.is_(None),
        DeviceRow.id != device_id,
    )
    for row in unit.session.scalars(alike).all():
        row.change({"possible_duplicate_of": device_id})
        publish(unit, row)
