"""What an editor of the library needs to know of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from console.core.client import ApiClient
from console.core.field_merge import FieldMerge
from console.core.ops import Op

E = TypeVar("E", bound=msgspec.Struct)


@dataclass(frozen=True)
class Editing(Generic[E]):
    """One kind of objects: its words, how it is read and written, and its live kind. Answers of the service
    are Structs with `id`, `name`, `version` and `updated_at`. `artifact` is how rights on it are written."""

    live: str
    artifact: str
    list_key: str
    icon: str
    many: str
    new_title: str
    missing_title: str
    show_all: str
    empty: E
    edited_of: Callable[[Any], E]
    name_of: Callable[[E], str]
    load: Callable[[ApiClient, int], Op[Any]]
    create: Callable[[ApiClient, E], Op[Any]]
    update: Callable[[ApiClient, int, E, E, int], Op[Any]]
    merge: Callable[[E, E, E], FieldMerge[E]]
