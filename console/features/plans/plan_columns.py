"""How a list of profiles or templates looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend_lite.contract.plan_query import PROFILE_FIELDS, profile_values
from backend_lite.contract.query import Node
from console.core import words
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.widgets.query_predicate import query_predicate
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind
from console.widgets.time_columns import updated_column

Object = dict[str, Any]


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
        updated_column(clock, width=120),
        Column(
            "description", tr("Description"), lambda p: p.get("description") or NOTHING, Kind.MUTED, width=260
        ),
    ]


def search_text(profile: Object) -> str:
    return f"{profile['name']}\n{profile.get('description') or ''}".lower()


def plan_predicate(node: Node, clock: Clock) -> Predicate:
    return query_predicate(node, PROFILE_FIELDS, profile_values, clock)


def _number(key: str, title: str, value: Callable[[Object], int], width: int) -> Column:
    return Column(key, title, lambda p: f"{value(p):,}", Kind.NUMBER, sort=value, width=width)
