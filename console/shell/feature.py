"""What an area gives to the window: its manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from console.core.own_rights import Need, OwnRights
    from console.shell.context import Context
    from console.shell.page import Page


@dataclass(frozen=True)
class NavEntry:
    """A line of the navigation. `count_of` is the live kind whose objects are counted beside it; with
    `counts` only those for which it holds."""

    group: str
    title: str
    page_key: str
    icon: str
    count_of: str | None = None
    counts: Callable[[dict[str, Any]], bool] | None = None


@dataclass(frozen=True)
class Command:
    """Something the palette can do; `keys` are other words that find it, `shortcut` a key sequence. `needs`
    are rights of which it takes one."""

    title: str
    run: Callable[[Context], None]
    icon: str = "command"
    keys: str = ""
    shortcut: str = ""
    needs: tuple[str, ...] = ()

    def perform(self, context: Context) -> None:
        """As a person asks for it: without the right they are told which one it is."""
        reason = context.rights.need(*self.needs).reason
        if reason:
            context.notices.notice(reason, "warning")
        else:
            self.run(context)


@dataclass(frozen=True)
class Match:
    """Live objects that the palette finds; `describe` gives an object's title and secondary text."""

    kind: str
    page_key: str
    icon: str
    describe: Callable[[dict[str, Any]], tuple[str, str]]


@dataclass(frozen=True)
class Feature:
    """`pages` maps a page key to what makes that page; it is made when it is first opened. `dialogs` maps a
    key to what opens that dialog, for other features: see `Navigator.ask`. `watches` work while somebody is
    signed in, whatever page is open; each answers what stops it. `needs` has, by page key, the rights of
    which one opens that page, on the pages of `about_all` for all devices; a page that is not in it is
    everybody's."""

    area: str
    navigation: list[NavEntry] = field(default_factory=list)
    pages: dict[str, Callable[[Context], Page]] = field(default_factory=dict)
    dialogs: dict[str, Callable[[Context, Any], None]] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    watches: list[Callable[[Context], Callable[[], None]]] = field(default_factory=list)
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    about_all: frozenset[str] = frozenset()

    def need_of(self, page_key: str, rights: OwnRights) -> Need:
        return rights.need(*self.needs.get(page_key, ()), everywhere=page_key in self.about_all)

    def entries(self, rights: OwnRights) -> list[NavEntry]:
        """Those whose pages the rights open."""
        return [entry for entry in self.navigation if self.need_of(entry.page_key, rights).is_met]
