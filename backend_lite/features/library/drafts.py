"""Rows of the library beside what a client wants of them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct

from backend_lite.core.db.base import Base

T = TypeVar("T", bound=Struct)


def draft_of(row: Base, kind: type[T]) -> T:
    """What would make the object of this row; `kind` has a field for each column that a client can say."""
    return msgspec.convert({name: getattr(row, name) for name in kind.__struct_fields__}, kind)


def changed_draft(row: Base, kind: type[T], wanted: Struct) -> T:
    """The same with the fields that `wanted` names."""
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}
    return msgspec.structs.replace(draft_of(row, kind), **given)


def differing(values: dict[str, Any], row: Base) -> dict[str, Any]:
    """Those that are not what the row holds."""
    return {name: value for name, value in values.items() if getattr(row, name) != value}
