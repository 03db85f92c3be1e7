"""The one place where remote calls run: their progress, their cancelling, and their errors, by blame.

What the user can mend goes to the caller, who says it in place, or else to a notice. The surroundings (no
service) are a banner of the frame. Everything else is a bug and gets an id.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from console.core.errors import ApiError, ConsoleError, Mendable, ServiceGone
from console.core.ops import Op, Progress
from console.core.texts import tr
from console.shell.notices import Notices

T = TypeVar("T")
log = logging.getLogger(__name__)


DISK_FULL = 507
"""The service understood and has no room: the person can mend that, it is no bug."""


class OpHandle(QObject):
    """A running operation. `progressed(done, text)`: see `Progress.report`."""

    progressed = Signal(object, str)

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.done: float | None = None
        self.text = ""
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def report(self, done: float | None, text: str) -> None:
        self.done, self.text = done, text
        self.progressed.emit(done, text)


class OpRunner(QObject):
    """`touched(kinds)` follows a success. `unauthorized` and `service_gone` are for the frame."""

    started = Signal(object)
    ended = Signal(object)
    touched = Signal(tuple)
    unauthorized = Signal()
    service_gone = Signal()

    def __init__(self, notices: Notices) -> None:
        super().__init__()
        self._notices = notices
        self.running: dict[OpHandle, asyncio.Task[None]] = {}

    def run(
        self,
        op: Op[T],
        *,
        on_success: Callable[[T], None] | None = None,
        on_error: Callable[[ApiError], None] | None = None,
        on_done: Callable[[], None] | None = None,
        owner: QWidget | None = None,
        busy: QWidget | None = None,
    ) -> OpHandle:
        """Starts `op`. `on_error` takes what the service refused, and then says it itself; `on_done` is
        called at every end, also a cancelled one. With an `owner` that is gone nothing is called, and a
        change that was refused is a notice. `busy` is disabled until the end; what is called then may
        disable it again."""
        handle = OpHandle(op.title)
        if busy is not None:
            busy.setEnabled(False)

        def call(function: Callable[..., None] | None, *arguments: Any) -> None:
            if function is not None and (owner is None or shiboken6.isValid(owner)):
                function(*arguments)

        def refused(refusal: ApiError) -> None:
            if on_error is None:
                self._notice(refusal)
            elif owner is None or shiboken6.isValid(owner):
                on_error(refusal)
            elif op.touches and refusal.status != 401:
                self._notices.notice(tr("{title}: {error}", title=op.title, error=refusal.detail), "bad")

        async def outcome() -> T:
            try:
                return await op.call(Progress(handle.report))
            finally:
                if busy is not None and shiboken6.isValid(busy):
                    busy.setEnabled(True)

        async def work() -> None:
            try:
                result = await outcome()
                self.touched.emit(op.touches)
                call(on_success, result)
            except Exception as error:
                self._sort(op.title, error, refused)
            finally:
                self.running.pop(handle, None)
                self.ended.emit(handle)
                call(on_done)

        handle.task = asyncio.get_running_loop().create_task(work(), name=op.title)
        self.running[handle] = handle.task
        self.started.emit(handle)
        return handle

    async def stop(self) -> None:
        """Cancels what runs and waits for its end."""
        tasks = list(self.running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def blame(self, title: str, error: Exception) -> None:
        """Says what went wrong with work that is not an operation."""
        self._sort(title, error, self._notice)

    def _sort(self, title: str, error: Exception, refused: Callable[[ApiError], None]) -> None:
        if isinstance(error, ServiceGone):
            self.service_gone.emit()
            self._notices.notice(tr("{title}: {error}", title=title, error=error), "bad")
        elif isinstance(error, Mendable):
            self._notices.notice(str(error), "bad")
        elif isinstance(error, ApiError) and (error.status < 500 or error.status == DISK_FULL):
            if error.status == 401:
                self.unauthorized.emit()
            refused(error)
        else:
            self._bug(title, error)

    def _notice(self, refusal: ApiError) -> None:
        self._notices.notice(refusal.detail, "bad")

    def _bug(self, title: str, error: Exception) -> None:
        error_id = getattr(error, "error_id", "") or secrets.token_hex(4)
        log.error("%s failed [%s]", title, error_id, exc_info=error)
        sentence = (
            str(error)
            if isinstance(error, ConsoleError)
            else tr("{title} failed by a mistake of the program.", title=title)
        )
        self._notices.bug(sentence, error_id, "".join(traceback.format_exception(error)))
