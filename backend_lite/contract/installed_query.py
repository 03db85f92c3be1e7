"""What a query (`contract.query`) can say about installed software: GET INSTALLED?q=."""

from __future__ import annotations

from backend_lite.contract.query_nodes import Field, FieldKind

INSTALLED_FIELDS: tuple[Field, ...] = (
    Field("name", FieldKind.TEXT, "What it is called", aliases=("title",)),
    Field("publisher", FieldKind.TEXT, "Who makes it", aliases=("vendor",)),
    Field("devices", FieldKind.NUMBER, "How many devices have it", aliases=("count",)),
)
"""Words and phrases are searched in the name."""
