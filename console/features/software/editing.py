"""What an editor of the library needs to know of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from console.core.client import ApiClient
from console.core.field_merge import Part
from console.core.ops import Op


class Edited(Protocol):
    """A value as it is in the editor: a Struct, made by `of` from an answer of the service."""

    @property
    def name(self) -> str: ...
    @staticmethod
    def of(found: Any, /) -> Any: ...
    def as_new(self) -> Any: ...
    def as_change(self, saved: Any, /) -> Any: ...


E = TypeVar("E", bound=Edited)


@dataclass(frozen=True)
class Editing(Generic[E]):
    """One kind of objects: its words, how it is read and written, and its live kind. Answers of the service
    are Structs with `id`, `name`, `version` and `updated_at`. `artifact` is how rights on it are written,
    `parts` what two people can have changed."""

    live: str
    artifact: str
    list_key: str
    icon: str
    many: str
    new_title: str
    missing_title: str
    show_all: str
    empty: E
    load: Callable[[ApiClient, int], Op[Any]]
    create: Callable[[ApiClient, Any], Op[Any]]
    update: Callable[[ApiClient, int, Any, int], Op[Any]]
    parts: tuple[Part[Any], ...]
