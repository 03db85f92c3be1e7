"""A page of the window's centre."""

from __future__ import annotations

from collections.abc import Awaitable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class Page(QWidget):
    """One page, made once by its feature's factory and shown again for other targets.

    `title_changed` is for a page whose title depends on its target; `details_changed` says that
    `details()` now answers with another widget, or None.
    """

    details_changed = Signal()
    title_changed = Signal()

    key = ""
    search_hint = ""

    @property
    def title(self) -> str:
        """What the window's title bar and the history call this page."""
        return self.windowTitle()

    def show_target(self, target: str | None) -> None:
        """Called each time the page is opened, with what it is opened for: an id, `new`, or None."""

    def may_leave(self) -> Awaitable[bool] | bool:
        """Asked before another page is opened: False to stay, because something would be lost."""
        return True

    def put_away(self) -> None:
        """Called once the session is over, before it is deleted: nobody can be asked any more."""

    def subjects(self) -> tuple[int, ...]:
        """The ids of the devices that a command for "these devices" means here."""
        return ()

    def details(self) -> QWidget | None:
        """The widget for the right pane, owned by this page; None hides the pane."""
        return None
