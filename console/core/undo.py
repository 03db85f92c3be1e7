"""Undo by whole states, for small things that are edited as a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_STEPS = 200


class Undo(Generic[T]):
    """`now` is the present state. Changes with the same `kind` one after the other are one step."""

    def __init__(self, first: T) -> None:
        self.now = first
        self._before: list[T] = []
        self._after: list[T] = []
        self._kind = ""

    def begin(self, state: T) -> None:
        """Another thing: nothing can be undone."""
        self.now, self._before, self._after, self._kind = state, [], [], ""

    def change(self, state: T, kind: str = "") -> None:
        if state == self.now:
            return
        if not kind or kind != self._kind:
            self._before = [*self._before[-_STEPS:], self.now]
        self.now, self._after, self._kind = state, [], kind

    def rewrite(self, change: Callable[[T], T]) -> None:
        """The same states in other words, such as with ids that they did not have when they were made."""
        self.now = change(self.now)
        self._before, self._after = [*map(change, self._before)], [*map(change, self._after)]

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        return bool(self._after)

    def undo(self) -> bool:
        """False when there is nothing to undo."""
        return self._go(self._before, self._after)

    def redo(self) -> bool:
        return self._go(self._after, self._before)

    def _go(self, here: list[T], there: list[T]) -> bool:
        if not here:
            return False
        there.append(self.now)
        self.now, self._kind = here.pop(), ""
        return True
