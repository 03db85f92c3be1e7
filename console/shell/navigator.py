"""Which page is open, and the way back."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from console.shell.page import Page

HISTORY = 100


@dataclass(frozen=True)
class Door:
    """Before a page that is not everybody's: while it `is_open` the page is shown, else what `closed`
    makes."""

    is_open: Callable[[], bool]
    closed: Callable[[], Page]


@dataclass(frozen=True)
class Place:
    page_key: str
    target: str | None = None


class Navigator(QObject):
    """Pages never know each other: they say `open("run", "17")`. `arrived(page, place)` is the frame's."""

    arrived = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._factories: dict[str, Callable[[], Page]] = {}
        self._dialogs: dict[str, Callable[[object], None]] = {}
        self._doors: dict[str, Door] = {}
        self._pages: dict[str, Page] = {}
        self._closed: dict[str, Page] = {}
        self._places: list[Place] = []
        self._at = -1
        self._shown: Page | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, page_key: str, factory: Callable[[], Page], door: Door | None = None) -> None:
        """`factory` is called when the page is first opened."""
        self._factories[page_key] = factory
        if door is not None:
            self._doors[page_key] = door

    def add_dialog(self, key: str, opener: Callable[[object], None]) -> None:
        self._dialogs[key] = opener

    def ask(self, key: str, request: object) -> None:
        """Opens a dialog of another feature over the open page; `request` says what it is about."""
        self._dialogs[key](request)

    @property
    def place(self) -> Place | None:
        return self._places[self._at] if self._at >= 0 else None

    @property
    def page(self) -> Page | None:
        """The open page."""
        return self._shown

    @property
    def can_go_back(self) -> bool:
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        return self._at < len(self._places) - 1

    def page_keys(self) -> list[str]:
        """Every page that there is, opened or not."""
        return list(self._factories)

    def has(self, page_key: str) -> bool:
        return page_key in self._factories

    def open(self, page_key: str, target: str | None = None) -> None:
        """Opens a page for a target, once the open page may be left."""
        place = Place(page_key, target)
        if place == self.place:
            self._arrive()
        else:
            self._leave(lambda: self._go_new(place))

    def replace(self, page_key: str, target: str | None = None) -> None:
        """The open page now stands for another target (a new script has got its id): same history entry."""
        if self._at >= 0:
            self._places[self._at] = Place(page_key, target)
            self._arrive()

    def back(self) -> None:
        if self.can_go_back:
            self._leave(lambda: self._go_to(self._at - 1))

    def forward(self) -> None:
        if self.can_go_forward:
            self._leave(lambda: self._go_to(self._at + 1))

    async def may_close(self) -> bool:
        """Asks the open page, as before leaving it."""
        return await _allowed(self.page)

    def forget(self) -> None:
        """Drops history and pages: another person has signed in."""
        pages = [*self._pages.values(), *self._closed.values()]
        self._pages, self._closed, self._shown = {}, {}, None
        self._places, self._at = [], -1
        for page in pages:
            page.put_away()
            page.deleteLater()

    def try_door(self) -> None:
        """Before the open page the door may have been opened, or closed."""
        if self._shown is not None and self._shown is not self._page_here():
            self._arrive()

    def _leave(self, go: Callable[[], None]) -> None:
        answer = self.page.may_leave() if self.page is not None else True
        if inspect.isawaitable(answer):
            self._task = asyncio.ensure_future(self._ask(answer, go))
        elif answer:
            go()

    async def _ask(self, answer: object, go: Callable[[], None]) -> None:
        if inspect.isawaitable(answer) and await answer:
            go()

    def _go_new(self, place: Place) -> None:
        self._places = [*self._places[: self._at + 1], place][-HISTORY:]
        self._go_to(len(self._places) - 1)

    def _go_to(self, index: int) -> None:
        self._at = index
        self._arrive()

    def _arrive(self) -> None:
        place = self.place
        assert place is not None
        self._shown = page = self._page_here()
        page.show_target(place.target)
        self.arrived.emit(page, place)

    def _page_here(self) -> Page:
        assert self.place is not None
        key = self.place.page_key
        door = self._doors.get(key)
        is_open = door is None or door.is_open()
        pages = self._pages if is_open else self._closed
        if key not in pages:
            pages[key] = self._factories[key]() if door is None or is_open else door.closed()
        return pages[key]


async def _allowed(page: Page | None) -> bool:
    answer = page.may_leave() if page is not None else True
    return await answer if inspect.isawaitable(answer) else bool(answer)
