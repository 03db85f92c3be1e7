"""One run: what it does, why it waits, and the output of its steps."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from backend_lite.contract.live import ROLLOUT, RUN, SCRIPT
from backend_lite.contract.runs import Rollout
from console.core import run_ops, words
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.run_words import duration_word, sentence
from console.core.texts import tr
from console.features.runs import ops
from console.features.runs.run_details import RunDetails
from console.features.runs.run_steps import StepList, telling_step
from console.features.runs.step_output import StepOutput
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.gated import open_started, start_gated

Object = dict[str, Any]
_TICK_MS = 1_000


class RunPage(Page):
    key = "run"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._run_id = 0
        self._run: Object | None = None
        self._picked: tuple[int, int | None] | None = None
        crumb = button(tr("Runs /"), lambda: context.navigator.open("runs"), "link")
        self.again = button(tr("Run again…"), self._again, need=context.rights.need("rollouts:run"))
        self.cancel = button(tr("Cancel"), self._cancel, "danger", need=context.rights.need("rollouts:run"))
        self.save = button(tr("Save output…"), self._ask_save, icon="save")
        self.header = PageHeader("", self.save, self.again, self.cancel, crumb=crumb)
        self.sentence = label("", "muted", wrap=True)
        self.header.below.addWidget(self.sentence, 1)
        self.steps = StepList()
        self.steps.picked.connect(self._pick)
        self.step_output = StepOutput(self, context)
        self.output = self.step_output.view
        self.waiting = EmptyState("clock", "", "")
        self.missing = EmptyState(
            "runs",
            tr("There is no such run"),
            tr("The address is wrong, or its history was cleaned up."),
            button(tr("Show all runs"), lambda: context.navigator.open("runs")),
        )
        self.removed = EmptyState(
            "clock",
            tr("The output was removed"),
            tr("The rules of retention keep output for a limited time. What the run came to is kept."),
        )
        self.centre = QStackedWidget()
        for part in (self.output, self.waiting, self.missing, self.removed):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, row(self.steps, self.centre, gap=0), gap=0))
        self.info = RunDetails(context, opens=False)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def show_target(self, target: str | None) -> None:
        run_id = int(target) if target and target.isdigit() else 0
        if run_id != self._run_id:
            self.step_output.end()
            self._run, self._picked = None, None
            self._run_id = run_id
        known = self._context.live.get(RUN, run_id)
        if known is not None:
            self._show(known)
        else:
            self._load()

    def details(self) -> QWidget | None:
        return self.info if self._run is not None else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ticker.start()
        if self._run is not None:
            self._show(self._run)

    def hideEvent(self, event: QHideEvent) -> None:
        # Who is not looked at need not fetch anything.
        super().hideEvent(event)
        self._ticker.stop()
        self.step_output.end()

    # ---- inside

    def _connect(self) -> None:
        live = self._context.live
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        for stop in (
            live.subscribe(RUN, self._take),
            live.subscribe(ROLLOUT, lambda _batch: self._show_details()),
        ):
            self.destroyed.connect(stop)
        self.output.save_wanted.connect(self._ask_save)

    def _load(self) -> None:
        self._context.ops.run(
            ops.load_run(self._context.client, self._run_id),
            on_success=lambda run: self._show(msgspec.to_builtins(run)),
            on_error=self._not_loaded,
            owner=self,
        )

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.header.title.setText(tr("Run {id}", id=self._run_id))
        self.header.set_mark("")
        self.sentence.clear()
        for part in (self.again, self.cancel, self.save):
            part.setVisible(False)
        self.centre.setCurrentWidget(self.missing)

    def _take(self, batch: LiveBatch) -> None:
        if self._run_id in batch.changed:
            self._show(batch.changed[self._run_id])

    def _show(self, run: Object) -> None:
        if run["id"] != self._run_id:
            return
        first, self._run = self._run is None, run
        self.setWindowTitle(tr("{title} on {device}", title=run["title"], device=run["device"]))
        self.header.title.setText(run["title"])
        is_open = words.is_open(run)
        self.cancel.setVisible(is_open)
        self.cancel.setEnabled(run["state"] != "cancelling")
        self.again.setVisible(True)
        self._show_step()
        self._tick()
        if first:
            self.details_changed.emit()
            self.title_changed.emit()

    def _tick(self) -> None:
        run = self._run
        if run is None:
            return
        now = self._context.clock()
        word, tone = words.state_word(run["state"])
        ticks = words.is_open(run) and run.get("started_at")
        self.header.set_mark(
            tr("{state} · {time}", state=word, time=duration_word(run, now)) if ticks else word, tone
        )
        self.sentence.setText(sentence(run, now))
        self._show_details()

    def _show_details(self) -> None:
        if self._run is not None:
            self.info.show_run(self._run)

    def _pick(self) -> None:
        self._picked = self.steps.choice
        self._show_step()

    def _show_step(self) -> None:
        """The output of a step that has started; before that, why it has not."""
        steps = (self._run or {}).get("steps") or []
        self.steps.show_steps(steps, self._picked or (telling_step(steps), None))
        n, attempt = self.steps.choice
        step = next((step for step in steps if step["n"] == n), None)
        shown = _attempt(step, attempt)
        if shown is None or not (shown.get("started_at") or shown["stdout_size"] or shown["stderr_size"]):
            self.step_output.end()
            self._show_waiting()
            return
        removed = bool(shown.get("output_removed_at"))
        self.centre.setCurrentWidget(self.removed if removed else self.output)
        self.save.setVisible(not removed)
        if removed or not self.isVisible():
            self.step_output.end()
            return
        self.step_output.show_try(self._run_id, n, shown)

    def _show_waiting(self) -> None:
        assert self._run is not None
        word, _tone = words.state_word(self._run["state"])
        is_open = words.is_open(self._run)
        title = word if is_open else tr("{state}, without any output", state=word)
        self.waiting.say(title, sentence(self._run, self._context.clock()))
        self.centre.setCurrentWidget(self.waiting)
        self.save.setVisible(False)

    # ---- what a person does

    def _ask_save(self) -> None:
        self.step_output.menu().popup(self.save.mapToGlobal(QPoint(0, self.save.height())))

    def _cancel(self) -> None:
        self._context.ops.run(
            ops.cancel_run(self._context.client, self._run_id),
            on_success=lambda run: self._show(msgspec.to_builtins(run)),
            busy=self.cancel,
            owner=self,
        )

    def _again(self) -> None:
        """The same with the same, on the same device; the dialog lets a person change it."""
        assert self._run is not None
        known = self._context.live.get(ROLLOUT, self._run["rollout_id"])
        if known is not None:
            self._ask_again(msgspec.convert(known, Rollout))
        else:
            self._context.ops.run(
                ops.load_rollout(self._context.client, self._run["rollout_id"]),
                on_success=self._ask_again,
                owner=self,
            )

    def _ask_again(self, rollout: Rollout) -> None:
        if len(rollout.tasks) > 1:
            self._ask_from_where(rollout)
        else:
            self.again_as(rollout)

    def again_as(self, rollout: Rollout, _checked: bool = False) -> None:
        """All of it on this device, once more by the dialog."""
        assert self._run is not None
        request = RunRequest.of_rollout(rollout, (self._run["device_id"],))
        wanted = [task.script_id for task in request.tasks] or [request.script_id]
        if any(one is None or self._context.live.get(SCRIPT, one) is None for one in wanted):
            said = tr("The script of this run is no longer in the library.")
            if len(wanted) > 1:
                said = tr("Not all scripts of this run are still in the library.")
            self._context.notices.notice(said, "warning")
            return
        self._context.navigator.ask(RUN_DIALOG, request)

    def _ask_from_where(self, rollout: Rollout) -> None:
        menu = self.menu_again(rollout)
        menu.popup(self.again.mapToGlobal(QPoint(0, self.again.height())))

    def menu_again(self, rollout: Rollout) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("All steps again…")).triggered.connect(partial(self.again_as, rollout))
        for task in rollout.tasks[1:]:
            title = tr("From step {n}: {name}", n=task.n, name=task.name)
            menu.addAction(title).triggered.connect(partial(self.again_from, task.n))
        return menu

    def again_from(self, step: int, _checked: bool = False) -> None:
        """The same steps on the same device, from one of them on, without asking further."""
        start_gated(
            self._context,
            self,
            partial(run_ops.rerun, self._context.client, self._run_id, step),
            lambda made: open_started(self._context, made),
        )


def _attempt(step: Object | None, attempt: int | None) -> Object | None:
    """The step as it is, or an earlier try of it."""
    if step is None or attempt is None:
        return step
    return next((one for one in step.get("tries") or [] if one["attempt"] == attempt), None)
