"""One run: what it does, why it waits, what it writes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QMenu, QStackedWidget, QWidget

from backend_lite.contract.live import OUTPUT, ROLLOUT, RUN, SCRIPT
from backend_lite.contract.runs import Rollout
from backend_lite.contract.streams import STDERR, STDOUT
from console.core import formatting, words
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.output_feed import OutputFeed
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.run_words import duration_word, sentence
from console.core.texts import tr
from console.features.runs import ops
from console.features.runs.output_source import RunOutput
from console.features.runs.run_details import RunDetails
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, label
from console.widgets.empty_state import EmptyState
from console.widgets.output_view import OutputView

Object = dict[str, Any]
_TICK_MS = 1_000


class RunPage(Page):
    key = "run"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._run_id = 0
        self._run: Object | None = None
        self._step_n = 1
        self._source: RunOutput | None = None
        self._feed: OutputFeed | None = None
        self._feed_of: tuple[int, int, int] | None = None
        crumb = button(tr("Runs /"), lambda: context.navigator.open("runs"), "link")
        self.again = button(tr("Run again…"), self._again)
        self.cancel = button(tr("Cancel"), self._cancel, "danger")
        self.save = button(tr("Save output…"), self._ask_save, icon="save")
        self.header = PageHeader("", self.save, self.again, self.cancel, crumb=crumb)
        self.sentence = label("", "muted", wrap=True)
        self.steps = QComboBox()
        self.steps.setAccessibleName(tr("Step"))
        self.steps.hide()
        self.steps.currentIndexChanged.connect(self._step_chosen)
        self.header.below.addWidget(self.sentence, 1)
        self.header.below.addWidget(self.steps)
        self.output = OutputView(tr("Output of the run"))
        self.waiting = EmptyState("clock", "", "")
        self.missing = EmptyState(
            "runs",
            tr("There is no such run"),
            tr("The address is wrong, or its history was cleaned up."),
            button(tr("Show all runs"), lambda: context.navigator.open("runs")),
        )
        self.centre = QStackedWidget()
        for part in (self.output, self.waiting, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.centre, gap=0))
        self.info = RunDetails(context, opens=False)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def show_target(self, target: str | None) -> None:
        run_id = int(target) if target and target.isdigit() else 0
        if run_id != self._run_id:
            self._end_feed()
            self._run, self._step_n = None, 1
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
        self._end_feed()

    # ---- inside

    def _connect(self) -> None:
        live, output = self._context.live, self.output
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        for stop in (
            live.subscribe(RUN, self._take),
            live.subscribe(OUTPUT, self._take_output),
            live.subscribe(ROLLOUT, lambda _batch: self._show_details()),
        ):
            self.destroyed.connect(stop)
        self.destroyed.connect(self._end_feed)
        for signal, wish in (
            (output.earlier_wanted, "earlier"),
            (output.later_wanted, "later"),
            (output.start_wanted, "to_start"),
            (output.end_wanted, "to_end"),
        ):
            signal.connect(partial(self._pass_on, wish))
        output.encoding_chosen.connect(self._decode)
        output.save_wanted.connect(self._ask_save)

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

    def _take_output(self, batch: LiveBatch) -> None:
        for news in batch.changed.values():
            if self._feed is not None and self._feed_of == (news["run_id"], news["n"], news["attempt"]):
                self._feed.grown(news["stdout"], news["stderr"])

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
        self._show_steps(run)
        self._show_step(self._step())
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

    def _show_steps(self, run: Object) -> None:
        steps = run.get("steps") or []
        self.steps.setVisible(len(steps) > 1)
        titles = [
            tr("{n}. {name} · {state}", n=s["n"], name=s["name"], state=words.state_word(s["state"])[0])
            for s in steps
        ]
        self.steps.blockSignals(True)
        if self.steps.count() != len(titles):
            self.steps.clear()
            self.steps.addItems(titles)
        for at, title in enumerate(titles):
            self.steps.setItemText(at, title)
        self.steps.setCurrentIndex(max(0, min(self._step_n, len(titles)) - 1))
        self.steps.blockSignals(False)

    def _step_chosen(self, at: int) -> None:
        self._step_n = at + 1
        self._show_step(self._step())

    def _step(self) -> Object | None:
        steps = (self._run or {}).get("steps") or []
        return next((step for step in steps if step["n"] == self._step_n), None)

    def _show_step(self, step: Object | None) -> None:
        """The output of a step that has started; before that, why it has not."""
        if step is None or not (step.get("started_at") or step["stdout_size"] or step["stderr_size"]):
            self._end_feed()
            self._show_waiting()
            return
        self.centre.setCurrentWidget(self.output)
        self.save.setVisible(True)
        if not self.isVisible():
            return
        self._begin_feed(step)
        assert self._feed is not None
        self._feed.grown(step["stdout_size"], step["stderr_size"])
        if step.get("ended_at"):
            self._feed.finish()

    def _show_waiting(self) -> None:
        assert self._run is not None
        word, _tone = words.state_word(self._run["state"])
        is_open = words.is_open(self._run)
        title = word if is_open else tr("{state}, without any output", state=word)
        self.waiting.say(title, sentence(self._run, self._context.clock()))
        self.centre.setCurrentWidget(self.waiting)
        self.save.setVisible(False)

    # ---- output

    def _begin_feed(self, step: Object) -> None:
        wanted = (self._run_id, step["n"], step["attempt"])
        if self._feed is not None and self._feed_of == wanted:
            return
        self._end_feed()
        self._source = RunOutput(self._context.client, *wanted)
        self._feed_of = wanted
        self.output.reset()
        self._feed = OutputFeed(self._source, self.output, encoding=self.output.encoding.currentData())
        self._feed.start()

    def _end_feed(self, *_why: object) -> None:
        if self._feed is not None:
            self._feed.stop()
            self._feed = None
            self._feed_of = None

    def _pass_on(self, wish: str) -> None:
        if self._feed is not None:
            getattr(self._feed, wish)()

    def _decode(self, encoding: str) -> None:
        if self._feed is not None:
            self._feed.decode_as(encoding)

    def _ask_save(self) -> None:
        menu = QMenu(self)
        for title, stream in (
            (tr("Both streams, in the order of arrival…"), None),
            (tr("stdout…"), STDOUT),
            (tr("stderr…"), STDERR),
        ):
            menu.addAction(title).triggered.connect(lambda _checked, stream=stream: self._ask_file(stream))
        menu.popup(self.save.mapToGlobal(QPoint(0, self.save.height())))

    def _ask_file(self, stream: int | None) -> None:
        dialog = QFileDialog(self, tr("Save output"), "", tr("Text files (*.txt *.log);;All files (*)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        suffix = {STDOUT: "-stdout", STDERR: "-stderr"}.get(stream, "") if stream is not None else ""
        dialog.selectFile(f"run-{self._run_id}{suffix}.txt")
        dialog.fileSelected.connect(lambda path: self.save_to(path, stream))
        dialog.open()

    def save_to(self, path: str, stream: int | None) -> None:
        step = self._step()
        if step is None:
            return
        source = RunOutput(self._context.client, self._run_id, step["n"], step["attempt"])

        def saved(count: int) -> None:
            self._context.notices.notice(
                tr("{size} saved as {path}.", size=formatting.size(count), path=path), "good"
            )

        self._context.ops.run(ops.save_output(source, stream, Path(path)), on_success=saved)

    # ---- what a person does

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self._context.ops.run(
            ops.cancel_run(self._context.client, self._run_id),
            on_success=lambda run: self._show(msgspec.to_builtins(run)),
            on_done=lambda: self.cancel.setEnabled(True),
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
        assert self._run is not None
        if rollout.script_id is None or self._context.live.get(SCRIPT, rollout.script_id) is None:
            self._context.notices.notice(tr("The script of this run is no longer in the library."), "warning")
            return
        self._context.navigator.ask(
            RUN_DIALOG,
            RunRequest(
                script_id=rollout.script_id,
                device_ids=(self._run["device_id"],),
                arguments=tuple(rollout.arguments),
                parameters=dict(rollout.parameters),
                timeout_s=rollout.policy.timeout_s,
            ),
        )
