"""One rollout: how far it is, what keeps it, what its devices wrote, and what can be done about it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QSplitter, QStackedWidget, QWidget

from backend_lite.contract.live import APPROVAL, ROLLOUT, RUN
from backend_lite.contract.output import OutputGroup
from backend_lite.contract.states import RolloutState
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.policy_words import policy_summary
from console.core.texts import plural, tr
from console.features.runs import ops
from console.features.runs.output_difference import OutputDifference
from console.features.runs.outputs_pane import OutputsPane
from console.features.runs.rollout_actions import RolloutActions
from console.features.runs.rollout_head import RolloutHead
from console.features.runs.rollout_words import origin, state_word
from console.features.runs.run_details import RunDetails
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import ElidedLabel, PageHeader, button, column, frame, label, row
from console.shell.window_state import restore_splitter, save_splitter
from console.widgets.empty_state import EmptyState
from console.widgets.row_index import both
from console.widgets.run_list import RunList
from console.widgets.switch import Switch

Object = dict[str, Any]
_CALM_MS = 400
"""How often the bars follow the runs at most."""
_SPLIT = "runs/rollout-split"
DEVICES, OUTPUTS, DIFFERENCE = "devices", "outputs", "difference"


class RolloutPage(Page):
    key = "rollout"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rollout_id = 0
        self._rollout: Object | None = None
        self._is_stale = False
        self.search_hint = tr("Search devices, runs, scripts or commands")
        crumb = button(tr("Runs /"), lambda: context.navigator.open("runs"), "link")
        self.controls = RolloutActions(context, self, self._show)
        self.header = PageHeader("", *self.controls.all(), crumb=crumb)
        self.origin = label("", "muted", wrap=True)
        self.policy = ElidedLabel("", "muted")
        self.header.below.addLayout(column(self.origin, row(self.policy, None), gap=2), 1)
        self.head = RolloutHead(context)
        self.switch = Switch(tr("Show runs by"), [(DEVICES, tr("Devices")), (OUTPUTS, tr("By output"))])
        none = EmptyState("runs", tr("No runs yet"), tr("They appear as soon as the service has made them."))
        self.runs = RunList(
            context,
            "rollout-runs",
            tr("Runs of the rollout"),
            none,
            links=("run", "device"),
            hidden=("title", "by"),
            says_all=False,
            scoped=True,
        )
        self._outputs: OutputsPane | None = None
        self.missing = EmptyState(
            "runs",
            tr("There is no such rollout"),
            tr("The address is wrong, or its history was cleaned up."),
            button(tr("Show all runs"), lambda: context.navigator.open("runs")),
        )
        self.centre = QStackedWidget()
        self.centre.addWidget(self._content())
        self.centre.addWidget(self.missing)
        self.setLayout(column(self.header, self.centre, gap=0))
        self.info = RunDetails(context, opens=True, within_rollout=True)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()
        self._show_part(DEVICES)

    def show_target(self, target: str | None) -> None:
        rollout_id = int(target) if target and target.isdigit() else 0
        new = rollout_id != self._rollout_id
        if new:
            self._rollout_id, self._rollout = rollout_id, None
            self.head.reset()
            self.runs.filter.clear()
            self.runs.show_where({"rollout_id": rollout_id}, lambda run: run.get("rollout_id") == rollout_id)
            self.switch.choose(DEVICES)
        known = self._context.live.get(ROLLOUT, rollout_id)
        if known is not None:
            self._show(known)
        else:
            self._load()
        self._is_stale = self._is_stale or new
        self._read_all()

    def details(self) -> QWidget | None:
        return self.info if len(self.runs.chosen()) == 1 and self._rollout is not None else None

    def subjects(self) -> tuple[int, ...]:
        return self.runs.chosen_devices()

    # ---- what is made when it is first looked at

    @property
    def outputs(self) -> OutputsPane:
        if self._outputs is None:
            self._outputs = made = OutputsPane(self._context)
            self._tools.addWidget(made.summary)
            self._tools.addWidget(made.steps)
            self._split.insertWidget(0, made)
            for at in range(self._split.count()):
                self._split.setCollapsible(at, False)
            self._split.setSizes([220, 320])
            restore_splitter(self._context.settings, _SPLIT, self._split)
            made.chosen_changed.connect(self._groups_chosen)
            made.opened.connect(self.runs.table.setFocus)
            if self._rollout is not None:
                made.show_rollout(self._rollout)
        return self._outputs

    @cached_property
    def difference(self) -> OutputDifference:
        made = OutputDifference(self._context)
        self.below.addWidget(made)
        return made

    # ---- inside

    def _content(self) -> QWidget:
        self._tools = row(self.switch, self.runs.filter)
        self._tools.setStretch(1, 1)
        tools = frame("tool-bar", self._tools, (16, 8, 16, 8))
        self._group_title = label("", "strong")
        self._against = QComboBox()
        self._against.setAccessibleName(tr("Compare with"))
        self._against_label = label(tr("compared with"), "muted")
        self.view = Switch(
            tr("Show of this output"), [(DEVICES, tr("Devices")), (DIFFERENCE, tr("Difference"))]
        )
        self._group_bar = frame(
            "tool-bar",
            row(self._group_title, None, self._against_label, self._against, self.view),
            (16, 6, 16, 6),
        )
        self.below = QStackedWidget()
        self.below.addWidget(self.runs)
        lower = QWidget()
        lower.setLayout(column(self._group_bar, self.below, gap=0))
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(lower)
        self._split.setHandleWidth(1)
        inside = QWidget()
        inside.setLayout(column(self.head, tools, self._split, gap=0))
        return inside

    def _connect(self) -> None:
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self._show_progress)
        live = self._context.live
        for stop in (
            live.subscribe(ROLLOUT, self._take),
            live.subscribe(RUN, self._runs_changed),
            live.subscribe(APPROVAL, self._approvals_changed),
        ):
            self.destroyed.connect(stop)
        self.head.filter_changed.connect(lambda _predicate: self._restrict())
        self.runs.cleared.connect(self._show_all)
        self.runs.chosen_changed.connect(self._run_chosen)
        self.runs.counted.connect(lambda *_: self._calm.isActive() or self._calm.start())
        self.switch.chosen.connect(self._show_part)
        self.view.chosen.connect(lambda _key: self._show_below())
        self._against.currentIndexChanged.connect(lambda _at: self._show_below())
        self._split.splitterMoved.connect(
            lambda *_: save_splitter(self._context.settings, _SPLIT, self._split)
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read_all()

    def _read_all(self) -> None:
        """Every run of it, once somebody looks."""
        if self._is_stale and self.isVisible():
            self._is_stale = False
            self.runs.load_all()

    def _load(self) -> None:
        self._context.ops.run(
            ops.load_rollout(self._context.client, self._rollout_id),
            on_success=lambda rollout: self._show(msgspec.to_builtins(rollout)),
            on_error=self._not_loaded,
            owner=self,
        )

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.header.title.setText(tr("Rollout {id}", id=self._rollout_id))
        self.header.set_mark("")
        self.origin.clear()
        self.policy.clear()
        self.controls.hide()
        self.centre.setCurrentWidget(self.missing)

    def _take(self, batch: LiveBatch) -> None:
        if self._rollout_id in batch.changed:
            self._show(batch.changed[self._rollout_id])

    def _runs_changed(self, batch: LiveBatch) -> None:
        if batch.reset and self._rollout is not None:
            # What was read before may have ended meanwhile.
            self._is_stale = True
            self._read_all()
        if not self._calm.isActive():
            self._calm.start()

    def _approvals_changed(self, batch: LiveBatch) -> None:
        mine = any(one["rollout_id"] == self._rollout_id for one in batch.changed.values())
        if (batch.reset or mine) and not self._calm.isActive():
            self._calm.start()

    def _show(self, rollout: Object) -> None:
        if rollout["id"] != self._rollout_id:
            return
        first, self._rollout = self._rollout is None, rollout
        self.centre.setCurrentIndex(0)
        now = self._context.clock()
        total = (rollout.get("counters") or {}).get("total", 0)
        title = plural(total, "{title} → one device", "{title} → {count} devices", title=rollout["title"])
        self.setWindowTitle(title)
        self.header.title.setText(title)
        self._show_mark(rollout)
        self.origin.setText(origin(rollout, now))
        self.policy.setText(policy_summary(rollout, now))
        self.controls.show_rollout(rollout)
        if self._outputs is not None:
            self._outputs.show_rollout(rollout)
        if first:
            self._show_progress()
            self.title_changed.emit()
            self.details_changed.emit()
        elif not self._calm.isActive():
            self._calm.start()

    def _show_mark(self, rollout: Object) -> None:
        word, tone = state_word(rollout)
        waves = rollout.get("waves") or []
        if len(waves) > 1 and rollout["state"] == RolloutState.RUNNING:
            word = tr("Wave {n} of {count}", n=rollout.get("wave", 1), count=len(waves))
        self.header.set_mark(word, tone)

    def _show_progress(self) -> None:
        if self._rollout is not None:
            self.head.show_rollout(self._rollout, self.runs.known.values())

    def _show_part(self, key: str) -> None:
        by_output = key == OUTPUTS
        if by_output or self._outputs is not None:
            self.outputs.setVisible(by_output)
            self.outputs.summary.setVisible(by_output)
            self.outputs.steps.setVisible(by_output and self.outputs.steps.count() > 1)
        self._group_bar.setVisible(by_output)
        if not by_output:
            self.view.choose(DEVICES)
        self._restrict()
        self._show_below()

    def _show_all(self) -> None:
        self.head.reset()
        self._restrict()

    def _restrict(self) -> None:
        of_output = self.outputs.predicate() if self.switch.key == OUTPUTS else None
        self.runs.view.restrict(both(self.head.predicate(), of_output))

    def _run_chosen(self) -> None:
        chosen = self.runs.chosen()
        if len(chosen) == 1:
            self.info.show_run(chosen[0])
        self.details_changed.emit()

    # ---- groups of output

    def _groups_chosen(self) -> None:
        self._show_group_title()
        self._fill_against()
        self._restrict()
        self._show_below()

    def _show_group_title(self) -> None:
        chosen = self.outputs.chosen()
        count = sum(group.count for group in chosen)
        if not chosen:
            self._group_title.setText(tr("Devices of all outputs"))
        else:
            text = plural(count, "One device with this output", "{count} devices with this output")
            cut = tr("; only the first can be listed") if self.outputs.is_cut() else ""
            self._group_title.setText(text + cut)

    def _fill_against(self) -> None:
        """With two groups chosen they are compared; else the chosen one with the largest other."""
        chosen = [group for group in self.outputs.chosen() if group.key]
        others = [group for group in self.outputs.groups() if group.key and group is not _last(chosen)]
        wanted = chosen[0].key if len(chosen) > 1 else self._against.currentData()
        self._against.blockSignals(True)
        self._against.clear()
        for group in others:
            self._against.addItem(
                tr("{count} · {sample}", count=f"{group.count:,}", sample=_short(group.sample)), group.key
            )
        self._against.setCurrentIndex(max(0, self._against.findData(wanted)))
        self._against.blockSignals(False)
        self.view.set_enabled(DIFFERENCE, bool(chosen and others))

    def _show_below(self) -> None:
        by_output = self.switch.key == OUTPUTS
        chosen = [group for group in self.outputs.chosen() if group.key] if by_output else []
        differs = self.view.key == DIFFERENCE and bool(chosen)
        for part in (self._against, self._against_label):
            part.setVisible(differs)
        self.below.setCurrentWidget(self.difference if differs else self.runs)
        if differs:
            self._compare(chosen[-1])

    def _compare(self, group: OutputGroup) -> None:
        """With the one that is chosen in the box."""
        wanted = self._against.currentData()
        first = next((other for other in self.outputs.groups() if other.key == wanted), None)
        if first is not None:
            self.difference.compare(first, group, self.outputs.compared_steps)


def _last(groups: list[OutputGroup]) -> OutputGroup | None:
    return groups[-1] if groups else None


def _short(sample: str) -> str:
    line = next((line.strip() for line in sample.splitlines() if line.strip()), "")
    return line if len(line) <= 40 else f"{line[:39]}…"
