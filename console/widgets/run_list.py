"""Runs in a table: live ones, older ones on demand, and what can be done with those that are chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.run_query import RUN_FIELDS
from backend_lite.contract.runs import RUNS, Rollout, RolloutCreated
from console.core import run_ops, run_query, words
from console.core.history import History, Where
from console.core.live import LiveBatch
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.parts import button, column, frame, label, row
from console.widgets.confirm import confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import QueryBar
from console.widgets.run_columns import run_columns, run_search

Object = dict[str, Any]


class RunList(QWidget):
    """`filter` is for the page to place. `chosen_changed` follows the selection and news of what is in it;
    `counted(shown, total)` both numbers; `cleared`: a person wants to see all runs again.

    `links` are the pages that the menu offers for one run, of `run`, `device`, `rollout`; `hidden` are
    columns that say the same in every row.
    """

    chosen_changed = Signal()
    cleared = Signal()
    counted = Signal(int, int)

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
    ) -> None:
        super().__init__()
        self._context = context
        self._links = links
        self._history = self._new_history(None, None)
        columns = [column_ for column_ in run_columns(context.clock) if column_.key not in hidden]
        self.table = LiveTable(
            name, title, columns, run_search, context.settings, sort="started", descending=True
        )
        self.table.tick()
        self.filter = QueryBar(
            self,
            tr("Filter runs"),
            RUN_FIELDS,
            lambda node: run_query.predicate(node, context.clock),
            choices,
            self._known_words,
        )
        self._no_match_older = button(tr("Look in older runs"), self.load_older)
        self.no_match = EmptyState(
            "filter",
            tr("No run matches"),
            tr("Nothing that is loaded matches. Older runs may."),
            self._no_match_older,
            button(tr("Show all runs"), self._clear),
        )
        self.problem = label("", "error", wrap=True)
        self._problem_line = frame("tool-bar", row(self.problem), (16, 4, 16, 4))
        self._problem_line.hide()
        self.view = ListView(context.live, self.table, self.filter, nothing, self.no_match)
        self.older = button(tr("Show older runs"), self.load_older, "link")
        self.note = label("", "secondary")
        self.chosen_note = label("", "secondary")
        self.again = button(tr("Run again…"), self._again)
        self.cancel = button(tr("Cancel"), self._ask_cancel, "danger")
        self._foot = frame(
            "tool-bar-bottom",
            row(self.note, self.older, None, self.chosen_note, self.again, self.cancel),
            (16, 4, 12, 4),
        )
        self.setLayout(column(self._problem_line, self.view, self._foot, gap=0))
        self._connect()

    def show_runs(self, where: Where | None = None, holds: Callable[[Object], bool] | None = None) -> None:
        """The runs that the service lists for `where`, which are those for which `holds`."""
        self._history = self._new_history(where, holds)
        self.table.model_.take(self._history.objects, reset=True)
        self._say()

    @property
    def known(self) -> dict[int, Object]:
        """Every run that has been read, shown or not."""
        return self._history.objects

    @property
    def is_complete(self) -> bool:
        return self._history.is_complete()

    def chosen(self) -> list[Object]:
        return self.table.selected_objects()

    def load_older(self, then: Callable[[], None] | None = None) -> None:
        """Reads one page of what the filter asks for; `then` follows if something was on it."""
        history, query = self._history, self.filter.query
        self.older.setEnabled(False)

        def show(new: dict[int, Object]) -> None:
            if history is self._history:
                self.table.model_.take(new)
                self.table.model_.settle()
                self._say()
                if new and then is not None:
                    then()

        self._context.ops.run(
            run_ops.older(history, query, tr("Load older runs")),
            on_success=show,
            on_done=lambda: self.older.setEnabled(True),
            owner=self,
        )

    def load_all(self) -> None:
        """Reads page after page, each shown as it comes."""
        if not self._history.is_complete(self.filter.query):
            self.load_older(self.load_all)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self._open_ids():
            self._ask_cancel()
        else:
            super().keyPressEvent(event)

    # ---- inside

    def _new_history(self, where: Where | None, holds: Callable[[Object], bool] | None) -> History:
        live, client = self._context.live, self._context.client
        return History(live, client, RUN, RUNS, words.is_open, where, holds or (lambda _run: True))

    def _connect(self) -> None:
        self.table.opened.connect(lambda run_id: self._context.navigator.open("run", str(run_id)))
        self.table.selection_changed.connect(self._chosen)
        self.table.menu_opening.connect(self._fill_menu)
        self.view.counted.connect(self._counted)
        self.filter.query_box.problem_changed.connect(self._say_problem)
        self.destroyed.connect(self._context.live.subscribe(RUN, self._take))
        self.view.recount()
        self._chosen()

    def _take(self, batch: LiveBatch) -> None:
        mine = self._history.take(batch)
        if not (mine.reset or mine.changed or mine.removed):
            return
        self.table.take(mine)
        if mine.reset:
            self._say()
        if 0 < self.table.selected_count() < 50 and set(self.table.selected_ids()) & mine.changed.keys():
            self._chosen()

    def _known_words(self) -> dict[str, Iterable[str]]:
        runs = self.known.values()
        return {
            "script": {str(run["title"]) for run in runs},
            "device": {str(run["device"]) for run in runs},
            "by": {str(run.get("created_by") or "") for run in runs} - {""},
        }

    def _say_problem(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self._problem_line.setVisible(bool(sentence))

    def _clear(self) -> None:
        self.filter.clear()
        self.cleared.emit()

    def _counted(self, shown: int, total: int) -> None:
        self._say()
        self.counted.emit(shown, total)

    def _say(self) -> None:
        query, total = self.filter.query, self.table.model_.total
        complete, read = self._history.is_complete(query), self._history.has_read(query)
        self.older.setVisible(total > 0 and not complete)
        shown = self.table.model_.rowCount() if query else total
        all_ = plural(shown, "That is all: {count} run.", "That is all: {count} runs.")
        self.note.setText(all_ if read and complete else "")
        self._show_foot()

    def _show_foot(self) -> None:
        parts = (self.older, self.chosen_note, self.again, self.cancel)
        self._no_match_older.setVisible(not self._history.is_complete(self.filter.query))
        self._foot.setVisible(bool(self.note.text()) or any(not part.isHidden() for part in parts))

    def _open_ids(self) -> list[int]:
        return [run["id"] for run in self.chosen() if words.is_open(run)]

    def _ended(self) -> list[Object]:
        return [run for run in self.chosen() if not words.is_open(run)]

    def _chosen(self) -> None:
        count, open_, ended = self.table.selected_count(), len(self._open_ids()), len(self._ended())
        self.chosen_note.setText(tr("{count} chosen", count=f"{count:,}"))
        self.chosen_note.setVisible(count > 1)
        self.again.setText(plural(ended, "Run again", "Run {count} again…"))
        self.again.setVisible(ended > 0)
        self.cancel.setText(plural(open_, "Cancel", "Cancel {count} runs…"))
        self.cancel.setVisible(open_ > 0)
        self._show_foot()
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
                menu.addAction(part.text()).triggered.connect(lambda _checked, wish=wish: wish())

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
        """One on the spot; several of one rollout by the dialog, as one new rollout."""
        runs = self._ended()
        rollout = self._context.live.get(ROLLOUT, runs[0]["rollout_id"])
        if len(runs) == 1:
            self._context.ops.run(
                run_ops.rerun(self._context.client, runs[0]["id"]), on_success=self._open_new, owner=self
            )
        elif rollout is not None and len({run["rollout_id"] for run in runs}) == 1:
            devices = tuple(sorted({run["device_id"] for run in runs}))
            request = RunRequest.of_rollout(msgspec.convert(rollout, Rollout, strict=False), devices)
            self._context.navigator.ask(RUN_DIALOG, request)
        else:
            self._ask_again([run["id"] for run in runs])

    def _ask_again(self, ids: list[int]) -> None:
        confirm(
            self.window(),
            plural(len(ids), "Run this again?", "Run these {count} again?"),
            tr("Each one runs again on its device with what it was given, as a rollout of its own."),
            plural(len(ids), "Run again", "Run {count} again"),
            lambda: self._rerun(ids),
            role="primary",
        )

    def _open_new(self, made: RolloutCreated) -> None:
        if made.run_ids:
            self._context.navigator.open("run", str(made.run_ids[0]))

    def _rerun(self, ids: list[int]) -> None:
        def started(count: int) -> None:
            self._context.notices.notice(
                plural(count, "{count} run started.", "{count} runs started."), "good"
            )

        self._context.ops.run(run_ops.rerun_all(self._context.client, ids), on_success=started, owner=self)
