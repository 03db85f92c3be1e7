"""Runs in a table: live ones, older ones on demand, and what can be done with those that are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.run_query import RUN_FIELDS
from backend_lite.contract.runs import RUNS, Rollout
from backend_lite.contract.states import RunState
from console.core import run_ops, words
from console.core.live import LiveBatch
from console.core.run_ops import Restarted
from console.core.run_query import value_of
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.parts import button, label
from console.widgets.confirm import confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.gated import ask_count, open_started, start_gated
from console.widgets.history_list import HistoryList, Listing
from console.widgets.run_columns import run_columns, run_search

Object = dict[str, Any]
_FOLLOWED = 50
"""With more chosen runs than this their news do not matter to anybody."""


def _words_of(runs: Iterable[Object]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {"script": set(), "device": set(), "by": set()}
    for run in runs:
        found["script"].add(str(run["title"]))
        found["device"].add(str(run["device"]))
        found["by"].add(str(run.get("created_by") or ""))
    found["by"].discard("")
    return found


def _all_read(count: int) -> str:
    return plural(count, "That is all: {count} run.", "That is all: {count} runs.")


def _listing(*, says_all: bool) -> Listing:
    return Listing(
        kind=RUN,
        path=RUNS,
        is_open=words.is_open,
        fields=RUN_FIELDS,
        value_of=value_of,
        search=run_search,
        hint=tr("Filter runs"),
        no_match=tr("No run matches"),
        older=tr("Show older runs"),
        all_read=_all_read if says_all else lambda _count: "",
        words_of=_words_of,
    )


class RunList(HistoryList):
    """`chosen_changed` follows the selection and news of what is in it.

    `links` are the pages that the menu offers for one run, of `run`, `device`, `rollout`; `hidden` are
    columns that say the same in every row. `says_all`: when everything has been read.
    """

    chosen_changed = Signal()

    def __init__(
        self,
        context: Context,
        name: str,
        title: str,
        nothing: EmptyState,
        *,
        choices: Sequence[Choice] = (),
        links: Sequence[str] = ("run", "device", "rollout"),
        hidden: Sequence[str] = (),
        says_all: bool = True,
        scoped: bool = False,
    ) -> None:
        self._links = links
        self.chosen_note = label("", "secondary")
        self.again = button(tr("Run again…"), self._again, need=context.rights.need("rollouts:run"))
        self.cancel = button(
            tr("Cancel"), self._ask_cancel, "danger", need=context.rights.need("rollouts:run")
        )
        columns = [one for one in run_columns(context.clock) if one.key not in hidden]
        super().__init__(
            context, _listing(says_all=says_all), name, title, columns, nothing, choices, scoped=scoped
        )
        self.table.opened.connect(lambda run_id: context.navigator.open("run", str(run_id)))
        self.table.selection_changed.connect(self._chosen)
        self.table.menu_opening.connect(self._fill_menu)
        self._chosen()

    def tools(self) -> list[QWidget]:
        return [self.chosen_note, self.again, self.cancel]

    def taken(self, batch: LiveBatch) -> None:
        few = 0 < self.table.selected_count() < _FOLLOWED
        if few and set(self.table.selected_ids()) & batch.changed.keys():
            self._chosen()

    def chosen(self) -> list[Object]:
        return self.table.selected_objects()

    def chosen_devices(self) -> tuple[int, ...]:
        return tuple(sorted({run["device_id"] for run in self.chosen()}))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self._open_ids():
            self._ask_cancel()
        else:
            super().keyPressEvent(event)

    # ---- inside

    def _open_ids(self) -> list[int]:
        return [run["id"] for run in self.chosen() if words.is_open(run)]

    def _ended(self) -> list[Object]:
        return [run for run in self.chosen() if not words.is_open(run)]

    def _chosen(self) -> None:
        count, open_, ended = self.table.selected_count(), len(self._open_ids()), len(self._ended())
        self.chosen_note.setText(tr("{count} chosen", count=f"{count:,}"))
        self.chosen_note.setVisible(count > 1)
        self.again.setText(plural(ended, "Run again…", "Run {count} again…"))
        self.again.setVisible(ended > 0)
        self.cancel.setText(plural(open_, "Cancel", "Cancel {count} runs…"))
        self.cancel.setVisible(open_ > 0)
        self.say()
        self.chosen_changed.emit()

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.chosen()
        if len(chosen) == 1:
            for key, title, target in (
                ("run", tr("Show output"), chosen[0]["id"]),
                ("device", tr("Open device"), chosen[0]["device_id"]),
                ("rollout", tr("Show the whole rollout"), chosen[0]["rollout_id"]),
            ):
                if key in self._links:
                    menu.addAction(title).triggered.connect(
                        lambda _checked, key=key, target=target: self._context.navigator.open(
                            key, str(target)
                        )
                    )
            menu.addSeparator()
        for part, wish in ((self.again, self._again), (self.cancel, self._ask_cancel)):
            if not part.isHidden():
                gate(
                    menu.addAction(part.text()), self._context.rights.need("rollouts:run")
                ).triggered.connect(lambda _checked, wish=wish: wish())

    def _go(self, page_key: str, target: str) -> None:
        self._context.navigator.open(page_key, target)

    def _ask_cancel(self) -> None:
        ids = self._open_ids()
        if len(ids) == 1:
            self._cancel(ids)
            return
        confirm(
            self.window(),
            plural(len(ids), "Cancel this run?", "Cancel {count} runs?"),
            tr("What has not started does not start; what runs is stopped with everything it started."),
            plural(len(ids), "Cancel the run", "Cancel {count} runs"),
            lambda: self._cancel(ids),
        )

    def _cancel(self, ids: list[int]) -> None:
        self._context.ops.run(
            run_ops.cancel_runs(self._context.client, ids), on_success=self._tell_refused, owner=self
        )

    def _tell_refused(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._context.notices.notice(sentence, "warning")

    def _again(self) -> None:
        """Several of one rollout by the dialog, as one new rollout; others as they were, after a question."""
        runs = self._ended()
        rollout = self._context.live.get(ROLLOUT, runs[0]["rollout_id"])
        if len(runs) == 1:
            self._ask_again_there(runs[0])
        elif rollout is not None and len({run["rollout_id"] for run in runs}) == 1:
            devices = tuple(sorted({run["device_id"] for run in runs}))
            request = RunRequest.of_rollout(msgspec.convert(rollout, Rollout, strict=False), devices)
            self._context.navigator.ask(RUN_DIALOG, request)
        else:
            self._ask_again([run["id"] for run in runs])

    def _ask_again_there(self, run: Object) -> None:
        what = tr("“{title}” runs there with what it was given, in a new rollout.", title=run["title"])
        doubt = tr("What became of it is not known: it may do its work twice.")
        confirm(
            self.window(),
            tr("Run it again on {device}?", device=run["device"]),
            f"{what} {doubt}" if run["state"] == RunState.UNKNOWN else what,
            tr("Run again"),
            lambda: self._rerun_one(run["id"]),
            role="primary",
        )

    def _ask_again(self, ids: list[int]) -> None:
        confirm(
            self.window(),
            plural(len(ids), "Run this again?", "Run these {count} again?"),
            tr("Each one runs again on its device with what it was given, as a rollout of its own."),
            plural(len(ids), "Run again", "Run {count} again"),
            lambda: self._rerun(ids),
            role="primary",
        )

    def _rerun_one(self, run_id: int) -> None:
        self.again.setEnabled(False)
        start_gated(
            self._context,
            self,
            partial(run_ops.rerun, self._context.client, run_id, 1),
            lambda made: open_started(self._context, made),
            lambda: self.again.setEnabled(True),
        )

    def _rerun(self, ids: list[int], *, confirmed: bool = False) -> None:
        op = run_ops.rerun_all(self._context.client, ids, confirmed=confirmed)
        self._context.ops.run(op, on_success=self._restarted, owner=self)

    def _restarted(self, done: Restarted) -> None:
        if at_once := done.started - done.held:
            said = plural(at_once, "{count} run started.", "{count} runs started.")
            self._context.notices.notice(said, "good")
        if done.held:
            said = plural(
                done.held, "{count} run waits for a second person.", "{count} runs wait for a second person."
            )
            self._context.notices.notice(said, "warning")
        if left := done.unconfirmed:
            ask_count(self.window(), done.why, lambda _n: self._rerun(left, confirmed=True), len(left))
