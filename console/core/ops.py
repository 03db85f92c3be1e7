"""An operation: one remote call, or several, that a person started and may watch or cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")


class Progress:
    """Handed to a running operation, which says how far it is."""

    def __init__(self, listener: Callable[[float | None, str], None]) -> None:
        self._listener = listener

    def report(self, done: float | None, text: str = "") -> None:
        """`done` goes from 0 to 1, None while it cannot be known; `text` says what is being done."""
        self._listener(done, text)

    def each(self, items: Sequence[Item], name_of: Callable[[Item], str] = lambda _: "") -> Iterator[Item]:
        """One after the other; it is said how far that is, and which one it is."""
        for done, item in enumerate(items):
            self.report(done / len(items), name_of(item))
            yield item


@dataclass(frozen=True)
class Op(Generic[T]):
    """`title` is what the activity panel shows ("Save script"); `touches` are the live kinds it changes."""

    title: str
    call: Callable[[Progress], Awaitable[T]]
    touches: tuple[str, ...] = ()


def each_op(
    title: str, items: Sequence[Item], work: Callable[[Item], Awaitable[object]], *touches: str
) -> Op[int]:
    """The same with all of them, one after the other; answers how many there were."""

    async def call(progress: Progress) -> int:
        for item in progress.each(items):
            await work(item)
        return len(items)

    return Op(title, call, touches)
