"""All runs, or those of one rollout."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from backend_lite.contract.common import Page as AnswerPage
from backend_lite.contract.live import LIVE_ENDED_RUNS, ROLLOUT, RUN
from backend_lite.contract.runs import Run
from backend_lite.contract.states import RunState
from console.core import formatting, words
from console.core.live import LiveBatch, LiveState
from console.core.live_count import LiveCount
from console.core.run_words import duration_s, duration_word
from console.core.texts import plural, tr
from console.features.runs import ops
from console.features.runs.rollout_bar import RolloutBar
from console.features.runs.run_details import RunDetails
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, frame, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice, FilterBar
from console.widgets.live_table import LiveTable
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_ROLLOUT = "rollout:"


def run_columns(context: Context) -> list[Column]:
    clock = context.clock

    def started(run: Object) -> str:
        return formatting.local_time(run.get("started_at") or run["created_at"], clock())

    def exit_code(run: Object) -> str:
        code = words.exit_code(run)
        return formatting.NOTHING if code is None else str(code)

    return [
        pill_column("state", tr("State"), lambda run: Pill(*words.state_word(run["state"])), width=110),
        Column("title", tr("Script"), lambda run: str(run["title"]), Kind.STRONG, width=200),
        Column("device", tr("Device"), lambda run: str(run["device"]), width=130),
        Column("started", tr("Started"), started, sort=lambda run: run["id"], width=138),
        Column(
            "duration",
            tr("Duration"),
            lambda run: duration_word(run, clock()),
            Kind.NUMBER,
            sort=lambda run: duration_s(run, clock()) or -1.0,
            width=96,
        ),
        Column("exit", tr("Exit code"), exit_code, Kind.NUMBER, sort=_exit_key, width=84),
        Column("by", tr("By"), lambda run: str(run.get("created_by") or ""), Kind.MUTED, width=90),
        Column("why", tr("Remark"), _remark, Kind.MUTED, width=240),
    ]


def _exit_key(run: Object) -> int:
    code = words.exit_code(run)
    return -(1 << 40) if code is None else code


def _remark(run: Object) -> str:
    return str(run.get("waiting") or words.reason_sentence(str(run.get("reason") or "")))


def search_text(run: Object) -> str:
    parts = (run["title"], run["device"], run["state"], run.get("created_by"), str(run["id"]))
    return " ".join(part for part in parts if part).lower()


def _in_state(*states: RunState) -> Predicate:
    return lambda run: run["state"] in states


_FAILED = _in_state(RunState.FAILED, RunState.EXPIRED, RunState.UNKNOWN)


class RunsPage(Page):
    """Opened for `rollout:17` it shows that rollout's runs only."""

    key = "runs"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rollout_id: int | None = None
        self._older: dict[int, Object] = {}
        self._cursor: str | None = None
        self._asked_older = False
        self.setWindowTitle(tr("Runs"))
        self.search_hint = tr("Search runs, devices, scripts or commands")
        self.filter = FilterBar(
            self,
            tr("Filter runs"),
            [
                Choice("all", tr("All")),
                Choice("open", tr("Not ended"), words.is_open),
                Choice("failed", tr("Failed or unknown"), _FAILED),
                Choice("succeeded", tr("Succeeded"), _in_state(RunState.SUCCEEDED)),
            ],
        )
        self.table = LiveTable(
            "runs",
            tr("Runs"),
            run_columns(context),
            search_text,
            context.settings,
            sort="started",
            descending=True,
        )
        self.table.tick()
        self.header = PageHeader(tr("Runs"))
        self.header.below.addWidget(self.filter, 1)
        self.rollout = RolloutBar(context)
        self.rollout.left.connect(lambda: context.navigator.open(self.key))
        self.nothing = EmptyState(
            "runs",
            tr("Nothing was run yet"),
            tr("Choose a script, then the devices to run it on."),
            button(tr("Show the scripts"), lambda: context.navigator.open("scripts"), "primary"),
        )
        self.no_match = EmptyState(
            "filter",
            tr("No run matches"),
            tr("No run that is loaded holds these words in this state."),
            button(tr("Show all runs"), self.filter.clear),
        )
        self.centre = QStackedWidget()
        for part in (self.table, self.nothing, self.no_match):
            self.centre.addWidget(part)
        self.older = button(tr("Show older runs"), self._load_older, "link")
        self._note = label("", "secondary")
        self._foot = frame("tool-bar-bottom", row(self._note, self.older, None), (16, 2, 12, 2))
        self.setLayout(column(self.header, self.rollout, self.centre, self._foot, gap=0))
        self.info = RunDetails(context, opens=True)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def show_target(self, target: str | None) -> None:
        wanted = _rollout_of(target)
        if wanted != self._rollout_id:
            self._rollout_id = wanted
            self._older, self._cursor, self._asked_older = {}, None, False
            self._fill()
            if wanted is not None:
                # The live stream holds the newest runs only; this rollout may be older.
                self._load_older()
        self.rollout.show_rollout(wanted)

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() == 1 else None

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        self.filter.changed.connect(self._filter)
        self.filter.left.connect(table.setFocus)
        table.typed.connect(self.filter.begin)
        table.opened.connect(lambda run_id: self._context.navigator.open("run", str(run_id)))
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        table.model_.counted.connect(self._count)
        self._counts = [
            LiveCount(live, RUN, partial(self.filter.set_count, "open"), words.is_open),
            LiveCount(live, RUN, partial(self.filter.set_count, "failed"), _FAILED),
        ]
        for stop in (
            live.subscribe(RUN, self._take),
            live.subscribe(ROLLOUT, lambda _batch: self.rollout.refresh()),
            live.subscribe_state(lambda _state: self._count_now()),
            *(count.stop for count in self._counts),
        ):
            self.destroyed.connect(stop)
        self._count_now()

    def _mine(self, runs: dict[int, Object]) -> dict[int, Object]:
        if self._rollout_id is None:
            return runs
        return {key: run for key, run in runs.items() if run["rollout_id"] == self._rollout_id}

    def _fill(self) -> None:
        known = {**self._older, **self._context.live.kind(RUN)}
        self.table.model_.take(self._mine(known), reset=True)
        self._count_now()

    def _take(self, batch: LiveBatch) -> None:
        if batch.reset:
            self._fill()
        else:
            # A run that leaves the live stream has only become old: it stays where it is.
            self.table.model_.take(self._mine(batch.changed))
        if self.table.selected_count() == 1:
            self._show_details()

    def _filter(self, text: str, predicate: Any) -> None:
        self.table.model_.filter(text, predicate)
        self._count_now()

    def _count_now(self) -> None:
        self._count(self.table.model_.rowCount(), self.table.model_.total)

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        known = self._context.live.state is LiveState.LIVE
        nothing = self.no_match if total or self._rollout_id is not None else self.nothing
        self.centre.setCurrentWidget(nothing if not shown and (known or total) else self.table)
        self.filter.setVisible(total > 0 or self._rollout_id is not None)
        ended = self._asked_older and self._cursor is None
        live_has_all = len(self._context.live.kind(RUN)) < LIVE_ENDED_RUNS
        self.older.setVisible(not ended and total > 0 and (self._asked_older or not live_has_all))
        self._note.setText(
            plural(total, "That is all: {count} run.", "That is all: {count} runs.") if ended else ""
        )
        self._foot.setVisible(ended or not self.older.isHidden())

    def _load_older(self) -> None:
        self.older.setEnabled(False)
        rollout_id = self._rollout_id

        def show(page: AnswerPage[Run]) -> None:
            if rollout_id != self._rollout_id:
                return
            self._asked_older, self._cursor = True, page.next
            found = {run.id: msgspec.to_builtins(run) for run in page.items}
            self._older.update(found)
            live = self._context.live.kind(RUN)
            self.table.model_.take({key: run for key, run in found.items() if key not in live})
            self.table.model_.settle()
            self._count_now()

        self._context.ops.run(
            ops.older_runs(self._context.client, self._cursor, rollout_id),
            on_success=show,
            on_done=lambda: self.older.setEnabled(True),
            owner=self,
        )

    def _selected(self) -> None:
        if self.table.selected_count() == 1:
            self._show_details()
        self.details_changed.emit()

    def _show_details(self) -> None:
        chosen = self.table.selected_objects()
        if chosen:
            self.info.show_run(chosen[0])

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            run = chosen[0]
            for title, page, target in (
                (tr("Show output"), "run", str(run["id"])),
                (tr("Open device"), "device", str(run["device_id"])),
                (tr("Show the whole rollout"), self.key, f"{_ROLLOUT}{run['rollout_id']}"),
            ):
                menu.addAction(title).triggered.connect(
                    lambda _checked, page=page, target=target: self._context.navigator.open(page, target)
                )
        open_ids = [run["id"] for run in chosen if words.is_open(run)]
        if open_ids:
            menu.addSeparator()
            title = plural(len(open_ids), "Cancel", "Cancel {count} runs")
            menu.addAction(title).triggered.connect(lambda _checked: self._cancel(open_ids))

    def _cancel(self, run_ids: list[int]) -> None:
        for run_id in run_ids:
            self._context.ops.run(ops.cancel_run(self._context.client, run_id), owner=self)


def _rollout_of(target: str | None) -> int | None:
    number = (target or "").removeprefix(_ROLLOUT)
    return int(number) if target and target.startswith(_ROLLOUT) and number.isdigit() else None
