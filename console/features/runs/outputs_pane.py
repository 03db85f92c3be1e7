"""The runs of a rollout by what they wrote: groups of identical output."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QStackedWidget, QWidget

from backend_lite.contract.output import OutputGroup, OutputGroups
from console.core import formatting, words
from console.core.activity import is_open
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.runs import rollout_ops
from console.shell.context import Context
from console.shell.parts import column, label
from console.widgets.empty_state import EmptyState
from console.widgets.group_list import GroupLine, GroupList
from console.widgets.row_index import Predicate

Object = dict[str, Any]

REFRESH_MS = 5_000
"""While runs end: often enough to follow, seldom enough to read."""
_NO_OUTPUT = "-"


class OutputsPane(QWidget):
    """`summary` and `steps` are for the page to place. `chosen_changed()`: other groups are chosen;
    `opened()`: one was opened. Asks only while it is seen."""

    chosen_changed = Signal()
    opened = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rollout: Object | None = None
        self._asked_at: tuple[object, ...] | None = None
        self._groups: dict[str, OutputGroup] = {}
        self.summary = label("", "strong")
        self.steps = QComboBox()
        self.steps.setAccessibleName(tr("Output of"))
        self.steps.hide()
        self.list = GroupList(tr("Groups of identical output"))
        self.nothing = EmptyState(
            "terminal", tr("No output yet"), tr("Runs are put together here by what they wrote.")
        )
        self.centre = QStackedWidget()
        self.centre.addWidget(self.nothing)
        self.centre.addWidget(self.list)
        self.setLayout(column(self.centre, gap=0))
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self.steps.currentIndexChanged.connect(lambda _at: self._load())
        self.list.chosen_changed.connect(self.chosen_changed)
        self.list.opened.connect(self.opened)

    @property
    def step(self) -> int | None:
        """The step whose output is compared; None for the whole output."""
        found: int | None = self.steps.currentData()
        return found

    @property
    def compared_steps(self) -> list[int]:
        tasks = (self._rollout or {}).get("tasks") or ()
        return [self.step] if self.step is not None else [task["n"] for task in tasks] or [1]

    def chosen(self) -> list[OutputGroup]:
        return [self._groups[line.key] for line in self.list.chosen() if line.key in self._groups]

    def groups(self) -> list[OutputGroup]:
        """The largest first."""
        return list(self._groups.values())

    def show_rollout(self, rollout: Object) -> None:
        new = self._rollout is None or self._rollout["id"] != rollout["id"]
        self._rollout = rollout
        if new:
            self._groups, self._asked_at = {}, None
            self.list.show_lines([])
            self._show_steps(rollout)
        if self.isVisible() and (new or not is_open(rollout)):
            self._refresh()

    def predicate(self) -> Predicate | None:
        """Runs of the chosen groups."""
        chosen = self.chosen()
        if not chosen:
            return None
        ids = {run_id for group in chosen for run_id in group.run_ids}
        # Of a large group only the first ids are told; the key of a whole output is that of its runs.
        keys = {group.key for group in chosen if group.key and self._is_whole()}
        return lambda run: run["id"] in ids or (run.get("output_key") in keys if keys else False)

    def is_cut(self) -> bool:
        """True when some runs of the chosen groups cannot be named."""
        return not self._is_whole() and any(group.count > len(group.run_ids) for group in self.chosen())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    # ---- inside

    def _is_whole(self) -> bool:
        return self.step is None or self.steps.count() <= 1

    def _show_steps(self, rollout: Object) -> None:
        tasks = rollout.get("tasks") or ()
        self.steps.blockSignals(True)
        self.steps.clear()
        if len(tasks) > 1:
            self.steps.addItem(tr("All steps"), None)
            for task in tasks:
                self.steps.addItem(tr("Step {n}: {name}", n=task["n"], name=task["name"]), task["n"])
        self.steps.blockSignals(False)
        self.steps.setVisible(len(tasks) > 1 and self.isVisible())

    def _refresh(self) -> None:
        """Asks again only if a run has changed its state since."""
        if self._rollout is not None and self._asked_at != self._now():
            self._load()

    def _now(self) -> tuple[object, ...]:
        assert self._rollout is not None
        return self.step, *sorted((self._rollout.get("counters") or {}).items())

    def _load(self) -> None:
        if self._rollout is None:
            return
        rollout_id, step = self._rollout["id"], self.step
        self._asked_at = self._now()

        def show(answer: OutputGroups) -> None:
            if self._rollout is not None and (self._rollout["id"], self.step) == (rollout_id, step):
                self._show(answer.groups)

        def refused(refusal: ApiError) -> None:
            self.nothing.say(tr("The outputs cannot be compared"), refusal.detail)
            self.centre.setCurrentWidget(self.nothing)

        self._context.ops.run(
            rollout_ops.load_groups(self._context.client, rollout_id, step),
            on_success=show,
            on_error=refused,
            owner=self,
        )

    def _show(self, groups: list[OutputGroup]) -> None:
        self._groups = {group.key or _NO_OUTPUT: group for group in groups}
        with_output = [group for group in groups if group.key is not None]
        self.summary.setText(_summary([group.count for group in with_output]))
        self.list.show_lines([_line(group) for group in groups])
        self.centre.setCurrentWidget(self.list if groups else self.nothing)
        self.chosen_changed.emit()


def _summary(counts: list[int]) -> str:
    """`All 415 wrote the same`, `412 same, 3 differ`, `7 different outputs of 9`."""
    total = sum(counts)
    if not counts:
        return tr("No output yet")
    if len(counts) == 1:
        return plural(total, "One output", "All {count} wrote the same")
    if counts[0] > 1:
        return tr("{same} same, {others} differ", same=f"{counts[0]:,}", others=f"{total - counts[0]:,}")
    return plural(total, "One output", "{count} different outputs")


def _line(group: OutputGroup) -> GroupLine:
    states = sorted(group.states.items(), key=lambda item: -item[1])
    word, tone = words.state_word(states[0][0]) if states else (tr("Unknown"), "idle")
    if group.key is None:
        return GroupLine(_NO_OUTPUT, group.count, word, tone, tr("No output"), _note(group), is_output=False)
    lines = [line.strip() for line in group.sample.splitlines() if line.strip()]
    sample = lines[0] if lines else tr("(writes nothing)")
    return GroupLine(
        group.key, group.count, word, tone, sample, _note(group), is_output=bool(lines), whole=group.sample
    )


def _note(group: OutputGroup) -> str:
    parts = []
    if len(group.states) > 1:
        states = sorted(group.states.items(), key=lambda item: -item[1])
        parts.append(
            ", ".join(
                tr("{count} {state}", count=f"{count:,}", state=words.state_word(state)[0].lower())
                for state, count in states
            )
        )
    codes = [code for code in group.exit_codes if code is not None]
    if codes:
        shown = ", ".join(map(str, codes[:4])) + ("…" if len(codes) > 4 else "")
        parts.append(plural(len(codes), "exit code {codes}", "exit codes {codes}", codes=shown))
    if group.key is not None:
        parts.append(formatting.size(group.size))
    return " · ".join(parts)
