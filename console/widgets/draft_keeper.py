"""Keeps what is unsaved as a draft, some moments after each change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

from console.core.drafts import Drafts
from console.core.texts import tr
from console.shell.notices import Notices

T = TypeVar("T")
AFTER_MS = 500


class DraftKeeper(Generic[T]):
    """`read` gives what is unsaved, None when nothing is; `key` names what is edited."""

    def __init__(
        self, parent: QObject, drafts: Drafts[T], read: Callable[[], T | None], notices: Notices
    ) -> None:
        self.key = "none"
        self._drafts = drafts
        self._read = read
        self._notices = notices
        self._timer = QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self.keep)

    def load(self) -> T | None:
        return self._drafts.load(self.key)

    def later(self) -> None:
        self._timer.start()

    def keep(self) -> None:
        self._timer.stop()
        draft = self._read()
        if draft is None:
            self.drop()
            return
        try:
            self._drafts.save(self.key, draft)
        except OSError as error:
            self._notices.notice(tr("The draft cannot be kept: {why}. Save soon.", why=error.strerror), "bad")

    def drop(self) -> None:
        self._timer.stop()
        self._drafts.drop(self.key)

    def drop_of(self, key: str, if_: Callable[[T], bool]) -> None:
        """Of one that is not edited now."""
        kept = self._drafts.load(key)
        if kept is not None and if_(kept):
            self._drafts.drop(key)
