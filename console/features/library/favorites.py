"""The scripts that the person at the window keeps at hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.library import SCRIPTS, FavoriteScripts
from backend_lite.contract.live import FAVORITES
from console.core.client import ApiClient
from console.core.live import LiveBatch
from console.core.ops import Op, Progress
from console.core.texts import plural, tr
from console.shell.context import Context


class Favorites(QObject):
    """`changed(ids)` names the scripts that became one or are one no longer."""

    changed = Signal(list)

    def __init__(self, owner: QWidget, context: Context) -> None:
        super().__init__(owner)
        self._owner, self._context = owner, context
        self.ids: set[int] = set()
        self._loaded = False
        self.destroyed.connect(context.live.subscribe(FAVORITES, self._take_news))

    def __contains__(self, script_id: object) -> bool:
        return script_id in self.ids

    def load(self) -> None:
        self._loaded = True
        self._context.ops.run(_load(self._context.client), on_success=self._show, owner=self._owner)

    def toggle(self, ids: Sequence[int]) -> None:
        """All of them become favorites, unless all are."""
        wanted = not self.ids.issuperset(ids)
        turned = [script_id for script_id in ids if (script_id in self.ids) is not wanted]
        if turned:
            self._context.ops.run(
                _turn(self._context.client, turned, wanted), on_success=self._show, owner=self._owner
            )

    def _take_news(self, batch: LiveBatch) -> None:
        """The same person has changed them, in this window or another."""
        user = self._context.session.user
        mine = user is not None and int(user.id) in batch.changed
        if self._loaded and (mine or batch.reset):
            self.load()

    def _show(self, found: FavoriteScripts) -> None:
        now = set(found.script_ids)
        turned = sorted(now ^ self.ids)
        self.ids = now
        if turned:
            self.changed.emit(turned)


def _load(client: ApiClient) -> Op[FavoriteScripts]:
    async def call(_progress: Progress) -> FavoriteScripts:
        return await client.get(f"{SCRIPTS}/favorites", FavoriteScripts)

    return Op(tr("Load the favorites"), call)


def _turn(client: ApiClient, ids: Sequence[int], wanted: bool) -> Op[FavoriteScripts]:
    async def call(progress: Progress) -> FavoriteScripts:
        for script_id in progress.each(ids):
            path = f"{SCRIPTS}/{script_id}/favorite"
            if wanted:
                await client.put(path, None, FavoriteScripts)
            else:
                await client.delete(path)
        return await client.get(f"{SCRIPTS}/favorites", FavoriteScripts)

    return Op(plural(len(ids), "Change a favorite", "Change {count} favorites"), call)
