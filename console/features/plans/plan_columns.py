"""How a list of profiles or templates looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend_lite.contract.plan_query import PROFILE_FIELDS, profile_values
from backend_lite.contract.query import FieldKind, Node, fields_of, matcher
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind

Object = dict[str, Any]
_AGES = frozenset(field.name for field in PROFILE_FIELDS if field.kind is FieldKind.AGE)


def plan_columns(clock: Clock, devices_of: Callable[[int], int] | None) -> list[Column]:
    """`devices_of` tells how many devices have a profile; nothing for templates, which none has."""

    def devices(profile: Object) -> int:
        return devices_of(profile["id"]) if devices_of is not None else 0

    columns = [
        Column("name", tr("Name"), lambda p: str(p["name"]), Kind.STRONG, width=220),
        Column("system", tr("Runs on"), lambda p: words.system_word(p.get("target_os_type")), width=110),
        _number("tasks", tr("Tasks"), lambda p: int(p["task_count"]), 70),
    ]
    if devices_of is not None:
        columns.append(_number("devices", tr("Devices"), devices, 80))
    return [
        *columns,
        _number("revision", tr("Revision"), lambda p: int(p["revision"]), 80),
        Column(
            "updated",
            tr("Updated"),
            lambda p: formatting.local_time(p["updated_at"], clock()),
            sort=lambda p: p["updated_at"],
            width=120,
        ),
        Column(
            "description", tr("Description"), lambda p: p.get("description") or NOTHING, Kind.MUTED, width=260
        ),
    ]


def search_text(profile: Object) -> str:
    return f"{profile['name']}\n{profile.get('description') or ''}".lower()


def plan_predicate(node: Node, clock: Clock) -> Predicate:
    fits, timed = matcher(node), bool(fields_of(node) & _AGES)

    def holds(profile: Object) -> bool:
        return fits(profile_values(profile, round(clock().timestamp() * 1000) if timed else 0))

    return holds


def _number(key: str, title: str, value: Callable[[Object], int], width: int) -> Column:
    return Column(key, title, lambda p: f"{value(p):,}", Kind.NUMBER, sort=value, width=width)
