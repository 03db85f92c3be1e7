"""An operation: one remote call, or several, that a person started and may watch or cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class Progress:
    """Handed to a running operation, which says how far it is."""

    def __init__(self, listener: Callable[[float | None, str], None]) -> None:
        self._listener = listener

    def report(self, done: float | None, text: str = "") -> None:
        """`done` goes from 0 to 1, None while it cannot be known; `text` says what is being done."""
        self._listener(done, text)


@dataclass(frozen=True)
class Op(Generic[T]):
    """`title` is what the activity panel shows ("Save script"); `touches` are the live kinds it changes."""

    title: str
    call: Callable[[Progress], Awaitable[T]]
    touches: tuple[str, ...] = ()
