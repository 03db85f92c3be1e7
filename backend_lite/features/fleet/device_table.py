"""The list of devices as a table for spreadsheets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Device
from backend_lite.core.csv_text import write_rows
from backend_lite.core.db.lists import ListRequest
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.expected_csv import PARTS
from backend_lite.features.fleet.group_members import only_within
from backend_lite.features.fleet.tables import GroupMemberRow, GroupRow

HEADS = (
    "id", "hostname", "serial", "os", "system", "hardware", "address", "agent", "admission", "status",
    "last contact", "added", "tags", "groups", "uid",
)  # fmt: skip


def device_table(
    session: Session, devices: Devices, request: ListRequest, within: Collection[int] | None = None
) -> str:
    """The devices that the request finds, with the groups that name them; `within` some groups: only theirs,
    and only these. Raises InvalidError."""
    found, _total = devices.page(session, replace(request, limit=None, offset=0), only_within(within))
    groups = _named_groups(session, within)
    return write_rows([HEADS, *(_cells(one, groups) for one in found)])


def _named_groups(session: Session, within: Collection[int] | None) -> Mapping[int, list[str]]:
    query = select(GroupMemberRow.device_id, GroupRow.name).join(
        GroupRow, GroupRow.id == GroupMemberRow.group_id
    )
    if within is not None:
        query = query.where(GroupRow.id.in_(within))
    names: dict[int, list[str]] = defaultdict(list)
    for device_id, name in session.execute(query.order_by(GroupRow.name_key)):
        names[device_id].append(name)
    return names


def _cells(one: Device, groups: Mapping[int, list[str]]) -> list[str]:
    values = (
        one.id, one.hostname, one.serial, one.os_type, one.os_description, one.hardware_summary, one.address,
        one.agent_version, one.admission.value, one.status, one.last_check_in, one.created_at,
        PARTS.join(one.tags), PARTS.join(groups.get(one.id, ())), one.uid,
    )  # fmt: skip
    return ["" if value is None else str(value) for value in values]
