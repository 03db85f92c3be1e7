"""Columns that say when."""

from __future__ import annotations

from typing import Any

from console.core import formatting
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.widgets.table_columns import Column, Object


def updated_column(clock: Clock, **more: Any) -> Column:
    """When an object was changed last."""
    return Column(
        "updated",
        tr("Updated"),
        lambda one: formatting.local_time(one["updated_at"], clock()),
        sort=lambda one: one["updated_at"],
        **more,
    )


def ago_column(key: str, title: str, field: str, clock: Clock, **more: Any) -> Column:
    """How long ago it was, or in how long it will be; nothing where there is no time."""

    def text(one: Object) -> str:
        return formatting.ago(one[field], clock()) if one[field] else NOTHING

    return Column(key, title, text, sort=lambda one: one[field] or "", **more)
