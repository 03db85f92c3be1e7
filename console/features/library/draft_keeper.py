"""Keeps what is unsaved as a draft, some moments after each change."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from console.core.drafts import Drafts
from console.core.texts import tr
from console.features.library.script_form import Draft
from console.shell.notices import Notices

AFTER_MS = 500


class DraftKeeper(QObject):
    """`read` gives what is unsaved, None when nothing is; `key` names the script."""

    def __init__(
        self, parent: QObject, drafts: Drafts[Draft], read: Callable[[], Draft | None], notices: Notices
    ) -> None:
        super().__init__(parent)
        self.key = "none"
        self._drafts = drafts
        self._read = read
        self._notices = notices
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self.keep)

    def load(self) -> Draft | None:
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
            self._notices.notice(
                tr("The draft cannot be kept: {why}. Save the script soon.", why=error.strerror), "bad"
            )

    def drop(self) -> None:
        self._timer.stop()
        self._drafts.drop(self.key)
