"""All rollouts, or all runs."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from backend_lite.contract.live import ROLLOUT, RUN
from console.core import words
from console.core.activity import is_open
from console.core.live_count import LiveCount
from console.core.texts import tr
from console.features.runs.rollout_list import RolloutList
from console.features.runs.run_details import RunDetails
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.empty_state import EmptyState
from console.widgets.history_list import HistoryList
from console.widgets.run_columns import ended_badly, run_choices
from console.widgets.run_list import RunList
from console.widgets.saved_views import SavedView, SavedViews, ViewStore
from console.widgets.switch import Switch

Object = dict[str, Any]
ROLLOUTS, RUNS = "rollouts", "runs"
_PART = "runs/part"


class RunsPage(Page):
    key = "runs"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("Runs"))
        self.search_hint = tr("Search runs, devices, scripts or commands")
        self.rollouts = RolloutList(context, _nothing(context))
        self.runs = RunList(context, "runs", tr("Runs"), _nothing(context), choices=run_choices())
        self.switch = Switch(tr("Show"), [(ROLLOUTS, tr("Rollouts")), (RUNS, tr("Runs"))])
        self.views = SavedViews(self, ViewStore(context.settings, f"{_person(context)}/runs"), self._view)
        self.columns = button(tr("Columns"), self._show_columns)
        self.header = PageHeader(tr("Runs"), self.switch, self.columns, self.views)
        self.centre = QStackedWidget()
        for part in (self.rollouts, self.runs):
            self.header.below.addWidget(part.filter, 1)
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.centre, gap=0))
        self.info = RunDetails(context, opens=True)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()
        self.switch.choose(str(context.settings.value(_PART, ROLLOUTS)))
        self._show_part(self.switch.key)

    @property
    def part(self) -> HistoryList:
        return self.runs if self.switch.key == RUNS else self.rollouts

    def details(self) -> QWidget | None:
        return self.info if self.part is self.runs and len(self.runs.chosen()) == 1 else None

    def subjects(self) -> tuple[int, ...]:
        return self.runs.chosen_devices() if self.part is self.runs else ()

    # ---- inside

    def _connect(self) -> None:
        live = self._context.live
        runs, rollouts = self.runs.filter, self.rollouts.filter
        self._counts = [
            LiveCount(live, RUN, partial(runs.set_count, "open"), words.is_open),
            LiveCount(live, RUN, partial(runs.set_count, "failed"), ended_badly),
            LiveCount(live, ROLLOUT, partial(rollouts.set_count, "open"), is_open),
        ]
        for count in self._counts:
            self.destroyed.connect(count.stop)
        for part in (self.rollouts, self.runs):
            part.counted.connect(lambda *_: self._count())
        self.switch.chosen.connect(self._show_part)
        self.runs.chosen_changed.connect(self._run_chosen)
        self.views.chosen.connect(self._show_view)

    def _show_part(self, key: str) -> None:
        self._context.settings.setValue(_PART, key)
        self.centre.setCurrentWidget(self.part)
        self._count()
        self.details_changed.emit()

    def _count(self) -> None:
        model = self.part.table.model_
        self.header.show_count(model.rowCount(), model.total)
        for part in (self.rollouts, self.runs):
            part.filter.setVisible(part is self.part and model.total > 0)
        for widget in (self.columns, self.views):
            widget.setVisible(model.total > 0)

    def _run_chosen(self) -> None:
        chosen = self.runs.chosen()
        if len(chosen) == 1:
            self.info.show_run(chosen[0])
        self.details_changed.emit()

    def _show_columns(self) -> None:
        table = self.part.table
        menu = table.header.columns_menu(max(table.currentIndex().column(), 0))
        menu.popup(self.columns.mapToGlobal(self.columns.rect().bottomLeft()))

    # ---- views

    def _view(self) -> SavedView:
        part = self.part
        return SavedView(
            "", self.switch.key, part.filter.box.text(), part.filter.choice, part.table.header.arrangement()
        )

    def _show_view(self, view: SavedView) -> None:
        self.switch.choose(view.part if view.part in (ROLLOUTS, RUNS) else ROLLOUTS)
        self.part.table.header.show_arrangement(view.arrangement)
        self.part.filter.set_query(view.query, view.choice)
        self.part.table.setFocus()


def _nothing(context: Context) -> EmptyState:
    show_scripts: QPushButton = button(
        tr("Show the scripts"), lambda: context.navigator.open("scripts"), "primary"
    )
    return EmptyState(
        "runs",
        tr("Nothing was run yet"),
        tr("Choose a script, then the devices to run it on."),
        show_scripts,
    )


def _person(context: Context) -> str:
    return context.session.user.id if context.session.user is not None else ""
