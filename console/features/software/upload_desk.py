"""Uploads for what is being edited: they go on while other pages are open."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from backend_lite.contract.uploads import StoredFile
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import tr
from console.core.upload_memory import UploadMemory
from console.core.uploads import Interrupted, UploadPlace
from console.shell.context import Context
from console.shell.op_runner import OpHandle


class Bringing(QObject):
    """One file on its way, for what `key` says. `share` goes from 0 to 1, None while it cannot be known;
    `text` says what is being done; `problem` is why it ended without the file. It is `running`, or can be
    gone on with, or `stored`."""

    changed = Signal()

    def __init__(self, key: str, path: Path) -> None:
        super().__init__()
        self.key, self.path = key, path
        self.share: float | None = None
        self.text = ""
        self.problem = ""
        self.running = False
        self.stored: StoredFile | None = None

    def told(self, share: float | None, text: str) -> None:
        self.share, self.text = share, text
        self.changed.emit()


class UploadDesk(QObject):
    """`key` says what is edited, as its draft does; one file each. `arrived(key)`: the service keeps it."""

    arrived = Signal(str)

    def __init__(self, context: Context, prefix: str, memory: UploadMemory, touches: str) -> None:
        super().__init__()
        self._ops, self._notices = context.ops, context.notices
        self._touches = touches
        self._place = UploadPlace(context.client, prefix, memory)
        self._bringing: dict[str, Bringing] = {}
        self._handles: dict[str, OpHandle] = {}

    def of(self, key: str) -> Bringing | None:
        return self._bringing.get(key)

    def start(self, key: str, path: Path) -> Bringing:
        """Brings a file, or goes on where it was; another one that is on its way is given up."""
        before = self._bringing.get(key)
        if before is not None and before.path != path:
            self.give_up(key)
        elif before is not None and before.running:
            return before
        found = before if before is not None and before.path == path else Bringing(key, path)
        self._bringing[key] = found
        found.running, found.problem = True, ""
        handle = self._ops.run(
            Op(
                tr("Upload {name}", name=path.name),
                lambda progress: self._place.bring(path, progress),
                (self._touches,),
            ),
            on_success=lambda stored: self._stored(found, stored),
            on_error=lambda refusal: self._refused(found, refusal),
            on_done=lambda: self._ended(found, handle),
        )
        handle.progressed.connect(found.told)
        self._handles[key] = handle
        found.changed.emit()
        return found

    def stop(self, key: str) -> None:
        """What has come stays: it can be gone on with for a day."""
        if key in self._handles:
            self._handles[key].cancel()

    def rename(self, before: str, key: str) -> None:
        """What was edited as `before` is known by another key now."""
        if (found := self._bringing.pop(before, None)) is not None:
            found.key = key
            self._bringing[key] = found
        if (handle := self._handles.pop(before, None)) is not None:
            self._handles[key] = handle

    def take(self, key: str) -> StoredFile | None:
        """The file that has arrived; asked for once."""
        found = self._bringing.get(key)
        if found is None or found.stored is None:
            return None
        del self._bringing[key]
        return found.stored

    def rest(self, key: str, path: Path) -> None:
        """A file that a draft says was on its way when the window ended."""
        if key in self._bringing:
            return
        found = self._bringing[key] = Bringing(key, path)

        async def call(_progress: Progress) -> Interrupted | None:
            return await self._place.interrupted(path)

        def tell(known: Interrupted | None) -> None:
            if known is not None and not found.running:
                found.told(known.received / known.size, "")

        self._ops.run(Op(tr("Look how far the upload came"), call), on_success=tell)

    def give_up(self, key: str) -> None:
        """Stops it, and forgets what has come."""
        found = self._bringing.pop(key, None)
        if found is None:
            return
        handle = self._handles.pop(key, None)

        async def call(_progress: Progress) -> None:
            if handle is not None and handle.task is not None:
                handle.cancel()
                await asyncio.wait([handle.task])
            await self._place.give_up(found.path)

        self._ops.run(Op(tr("Forget the upload"), call))
        found.running = False

    # ---- inside

    def _stored(self, found: Bringing, stored: StoredFile) -> None:
        found.stored, found.running = stored, False
        self._notices.notice(tr("{name} is with the service, verified.", name=stored.file_name), "good")
        if self._bringing.get(found.key) is found:
            self.arrived.emit(found.key)

    def _refused(self, found: Bringing, refusal: ApiError) -> None:
        found.problem = refusal.detail

    def _ended(self, found: Bringing, handle: OpHandle) -> None:
        found.running = False
        if self._handles.get(found.key) is handle:
            del self._handles[found.key]
        found.changed.emit()


def memory_of(context: Context, kind: str) -> UploadMemory:
    """Beside the window's own state, in the user's folder; `kind` is what the files are for."""
    return UploadMemory(Path(context.settings.fileName()).parent / f"uploads-{kind}.json")
