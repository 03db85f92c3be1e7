"""What the window has to say without asking anything: notices, banners, and errors of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True)
class Action:
    """A button of a notice or a banner."""

    title: str
    run: Callable[[], None]


@dataclass(frozen=True)
class Notice:
    """`tone` is `good`, `warning`, `bad` or `accent`. It goes away by itself."""

    text: str
    tone: str = "accent"
    action: Action | None = None


@dataclass(frozen=True)
class Bug:
    """A mistake of the program: `error_id` finds it in the log, `details` is what the copy button copies."""

    title: str
    error_id: str
    details: str


class Notices(QObject):
    """Pages say it here; the frame shows it."""

    noticed = Signal(object)
    banner_changed = Signal(str, object)
    bug_found = Signal(object)
    forgotten = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.banners: dict[str, Notice] = {}

    def notice(self, text: str, tone: str = "accent", action: Action | None = None) -> None:
        """Something happened: shown for some seconds, errors for longer."""
        self.noticed.emit(Notice(text, tone, action))

    def banner(self, key: str, text: str, tone: str = "warning", action: Action | None = None) -> None:
        """The surroundings are not as they should be: shown until `clear(key)`."""
        notice = Notice(text, tone, action)
        if self.banners.get(key) != notice:
            self.banners[key] = notice
            self.banner_changed.emit(key, notice)

    def clear(self, key: str) -> None:
        if self.banners.pop(key, None) is not None:
            self.banner_changed.emit(key, None)

    def forget(self) -> None:
        """Somebody else is about to sit here: what was said is not for them, its buttons still less. Banners
        are about the surroundings and stay."""
        self.forgotten.emit()

    def bug(self, title: str, error_id: str, details: str) -> None:
        self.bug_found.emit(Bug(title, error_id, details))
