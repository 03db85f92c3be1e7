"""Says above every page what is paused, for as long as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from backend_lite.contract.live import PAUSE
from backend_lite.contract.pauses import PauseScope
from console.core import pause_ops, pause_words
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.runs.pause_list import open_pause_list
from console.shell.context import Context
from console.shell.notices import Action

Object = dict[str, Any]
MOST_BANNERS = 2
_TOGETHER = "pauses"


class PauseWatch:
    """A banner for each pause, or one for all of them where they are many."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shown: set[str] = set()
        self._unsubscribe = context.live.subscribe(PAUSE, self._take)

    def stop(self) -> None:
        self._unsubscribe()
        self._show({})

    def _take(self, _batch: LiveBatch) -> None:
        pauses = sorted(self._context.live.kind(PAUSE).values(), key=_widest_first)
        now = self._context.clock()
        if len(pauses) > MOST_BANNERS:
            show = Action(tr("Show and resume…"), self._show_all)
            self._show({_TOGETHER: (pause_words.together(pauses, now), show)})
            return
        self._show(
            {
                f"pause {pause['id']}": (
                    pause_words.sentence(pause, now),
                    Action(tr("Resume work"), partial(self._resume, pause)),
                )
                for pause in pauses
            }
        )

    def _show(self, banners: dict[str, tuple[str, Action]]) -> None:
        notices = self._context.notices
        for gone in self._shown - banners.keys():
            notices.clear(gone)
        for key, (text, action) in banners.items():
            known = notices.banners.get(key)
            if known is None or known.text != text:
                notices.banner(key, text, "warning", action)
        self._shown = set(banners)

    def _show_all(self) -> None:
        open_pause_list(self._context)

    def _resume(self, pause: Object) -> None:
        def resumed(_count: int) -> None:
            self._context.notices.notice(
                tr("Work on {place} goes on.", place=pause_words.place(pause)), "good"
            )

        self._context.ops.run(pause_ops.resume(self._context.client, [pause["id"]]), on_success=resumed)


def watch_pauses(context: Context) -> Callable[[], None]:
    return PauseWatch(context).stop


def _widest_first(pause: Object) -> tuple[int, int]:
    order = [PauseScope.FLEET, PauseScope.GROUP, PauseScope.DEVICE]
    return order.index(pause["scope"]), pause["id"]
