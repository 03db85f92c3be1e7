"""Tags of many devices at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select

from backend_lite.contract.audit import ActionType
from backend_lite.contract.fleet import TagsChange, TagsChanged
from backend_lite.contract.live import DEVICE
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.base import storable
from backend_lite.core.db.query_sql import among
from backend_lite.core.db.unit import Unit
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.devices import publish
from backend_lite.features.fleet.editing import MAX_TAGS, checked_tags
from backend_lite.features.fleet.group_members import refuse_outside
from backend_lite.features.fleet.tables import DeviceRow

MAX_DEVICES = 5000


def change_tags(
    unit: Unit, wanted: TagsChange, audit: Audit, groups: Collection[int] | None = None
) -> TagsChanged:
    """`groups`: every device must be in one of them. Raises NotFoundError for a device that is not, or is
    unknown or retired, and InvalidError."""
    if len(wanted.devices) > MAX_DEVICES:
        raise InvalidError(f"Change the tags of {MAX_DEVICES} devices at most in one step.")
    add, remove = checked_tags(wanted.add), frozenset(checked_tags(wanted.remove))
    if both := remove.intersection(add):
        raise InvalidError(f'The tag "{min(both)}" cannot be added and removed at once.')
    refuse_outside(unit.session, wanted.devices, groups)
    changed = []
    for row in _rows(unit, wanted.devices):
        kept = [tag for tag in row.tags if tag not in remove]
        tags = list(dict.fromkeys([*kept, *add]))
        if len(tags) > max(MAX_TAGS, len(row.tags)):
            raise InvalidError(f"{row.hostname} would have more than {MAX_TAGS} tags.")
        if row.change({"tags": tags}):
            publish(unit, row)
            changed.append(row.id)
    if changed:
        said = f"{unit.caller.name} changed the tags of {len(changed)} device{'s' * (len(changed) > 1)}."
        entity = Entity(DEVICE, changed[0] if len(changed) == 1 else "")
        details = {"devices": changed, "add": add, "remove": sorted(remove)}
        audit.record(unit, "devices.tags", ActionType.UPDATE, entity, said, details=details)
    return TagsChanged(changed)


def _rows(unit: Unit, device_ids: Iterable[int]) -> list[DeviceRow]:
    wanted = set(device_ids)
    known = select(DeviceRow).where(among(DeviceRow.id, filter(storable, wanted)))
    rows = list(unit.session.scalars(known.where(DeviceRow.retired_at.is_(None)).order_by(DeviceRow.id)))
    if missing := wanted - {row.id for row in rows}:
        raise NotFoundError(f"Device not found: {min(missing)}.")
    return rows
