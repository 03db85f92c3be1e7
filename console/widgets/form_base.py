"""What pages have in common on which a person changes something and then saves it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import shiboken6
from PySide6.QtGui import QKeySequence, QShortcut

from console.core.errors import ApiError
from console.core.ops import Op
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import button
from console.widgets.notice_bar import NoticeBar

R = TypeVar("R")


class FormPage(Page):
    """Has the button and the key that save, and asks before what is unsaved is left."""

    def __init__(self, context: Context, writes: Need) -> None:
        super().__init__()
        self._context, self._writes = context, writes
        self._saving = False
        self._save_done = asyncio.Event()
        # Whoever waits for the end of a save waits no longer than the page is there.
        self.destroyed.connect(self._save_done.set)
        self.notice = NoticeBar()
        self.save = button(tr("Save"), self.save_now, "primary", name=tr("Save (Ctrl+S)"), need=writes)
        gate(QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self.save_now), writes)

    # ---- what differs

    @property
    def dirty(self) -> bool:
        raise NotImplementedError

    def save_now(self) -> None:
        """Nothing while it is being saved, or when there is nothing to save. A refusal is said in place."""
        raise NotImplementedError

    def _show_state(self) -> None:
        """What can be done now."""
        raise NotImplementedError

    def _refused(self, refusal: ApiError) -> None:
        raise NotImplementedError

    async def _ask_to_leave(self) -> bool:
        """Whether a person who has unsaved changes goes on."""
        raise NotImplementedError

    # ---- saving and leaving

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.dirty else True

    def _run_save(
        self, op: Op[R], saved: Callable[[R], None], refused: Callable[[ApiError], None] | None = None
    ) -> None:
        """One at a time: what is pressed again meanwhile saves nothing."""
        if self._saving:
            return
        self._saving = True
        self._save_done.clear()
        self._show_state()
        self._context.ops.run(
            op,
            on_success=saved,
            on_error=refused or self._refused,
            on_done=self._save_ended,
            owner=self,
        )

    def _save_ended(self) -> None:
        self._saving = False
        self._save_done.set()
        self._show_state()

    async def _saved_now(self) -> bool:
        self.save_now()
        if self._saving:
            await self._save_done.wait()
        return shiboken6.isValid(self) and not self.dirty
