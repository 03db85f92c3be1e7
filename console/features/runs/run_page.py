"""One run: what it does, why it waits, what it writes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QWidget

from backend_lite.contract.live import OUTPUT, ROLLOUT, RUN, SCRIPT
from backend_lite.contract.runs import Rollout
from backend_lite.contract.streams import STDERR, STDOUT
from console.core import formatting, run_ops, words
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.output_feed import OutputFeed
from console.core.output_lines import Gap, Gaps
from console.core.output_search import OutputSearch
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.run_words import duration_word, sentence
from console.core.texts import tr
from console.features.runs import ops
from console.features.runs.output_source import RunOutput
from console.features.runs.run_details import RunDetails
from console.features.runs.run_steps import StepList, telling_step
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, label, row
from console.widgets.empty_state import EmptyState
from console.widgets.gated import open_started, start_gated
from console.widgets.output_view import OutputView

Object = dict[str, Any]
_TICK_MS = 1_000
MOST_COPIED = 10 << 20
"""Bytes; more than that no clipboard should be asked to hold."""


class RunPage(Page):
    key = "run"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._run_id = 0
        self._run: Object | None = None
        self._picked: tuple[int, int | None] | None = None
        self._source: RunOutput | None = None
        self._feed: OutputFeed | None = None
        self._feed_of: tuple[int, int, int] | None = None
        self._shown: Object = {}
        crumb = button(tr("Runs /"), lambda: context.navigator.open("runs"), "link")
        self.again = button(tr("Run again…"), self._again, need=context.rights.need("rollouts:run"))
        self.cancel = button(tr("Cancel"), self._cancel, "danger", need=context.rights.need("rollouts:run"))
        self.save = button(tr("Save output…"), self._ask_save, icon="save")
        self.header = PageHeader("", self.save, self.again, self.cancel, crumb=crumb)
        self.sentence = label("", "muted", wrap=True)
        self.header.below.addWidget(self.sentence, 1)
        self.steps = StepList()
        self.steps.picked.connect(self._pick)
        self.output = OutputView(tr("Output of the run"))
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
        self.search = OutputSearch(self.output.matches)
        self.setLayout(column(self.header, row(self.steps, self.centre, gap=0), gap=0))
        self.info = RunDetails(context, opens=False)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def show_target(self, target: str | None) -> None:
        run_id = int(target) if target and target.isdigit() else 0
        if run_id != self._run_id:
            self._end_feed()
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
        output.copy_wanted.connect(self.copy_all)
        output.place_wanted.connect(self._go_to)
        output.search_wanted.connect(self._search)
        output.search_ended.connect(self.search.stop)

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
            self._end_feed()
            self._show_waiting()
            return
        removed = bool(shown.get("output_removed_at"))
        self.centre.setCurrentWidget(self.removed if removed else self.output)
        self.save.setVisible(not removed)
        if removed or not self.isVisible():
            self._end_feed()
            return
        self._shown = shown
        self._begin_feed(n, shown)
        assert self._feed is not None
        self._feed.grown(shown["stdout_size"], shown["stderr_size"])
        if shown.get("ended_at"):
            self._feed.finish(_gaps(shown))

    def _show_waiting(self) -> None:
        assert self._run is not None
        word, _tone = words.state_word(self._run["state"])
        is_open = words.is_open(self._run)
        title = word if is_open else tr("{state}, without any output", state=word)
        self.waiting.say(title, sentence(self._run, self._context.clock()))
        self.centre.setCurrentWidget(self.waiting)
        self.save.setVisible(False)

    # ---- output

    def _begin_feed(self, n: int, shown: Object) -> None:
        wanted = (self._run_id, n, shown["attempt"])
        if self._feed is not None and self._feed_of == wanted:
            return
        self._end_feed()
        self._source = RunOutput(self._context.client, *wanted)
        self._feed_of = wanted
        self.output.reset()
        encoding = self.output.encoding.currentData()
        self._feed = OutputFeed(self._source, self.output, encoding=encoding, gaps=_gaps(shown))
        self._feed.start()

    def _end_feed(self, *_why: object) -> None:
        if self._feed is not None:
            self.search.stop()
            self._feed.stop()
            self._feed = None
            self._feed_of = None

    def _pass_on(self, wish: str) -> None:
        if self._feed is not None:
            getattr(self._feed, wish)()

    def _decode(self, encoding: str) -> None:
        if self._feed is not None:
            self._feed.decode_as(encoding)

    def _go_to(self, stream: int, offset: int) -> None:
        if self._feed is not None:
            self._feed.go_to(stream, offset)

    def _search(self, text: str, match_case: bool) -> None:
        if self._feed is not None and self._source is not None:
            encodings = self._feed.encodings()
            self.search.start(self._source, text, match_case=match_case, encodings=encodings)

    def copy_all(self) -> None:
        """The text of the whole output into the clipboard."""
        if self._feed is None or self._source is None:
            return
        if _size(self._shown) > MOST_COPIED:
            size = formatting.size(_size(self._shown))
            sentence = tr("{size} are too much to copy at once. Save it as a file.", size=size)
            self._context.notices.notice(sentence, "warning")
            return
        self._context.ops.run(
            ops.copy_output(self._source, self._feed.encodings(), _gaps(self._shown)),
            on_success=QGuiApplication.clipboard().setText,
            owner=self,
        )

    def _ask_save(self) -> None:
        menu = QMenu(self)
        menu.addAction(tr("Copy all")).triggered.connect(lambda _checked: self.copy_all())
        menu.addSeparator()
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
        source = self._source
        if source is None:
            return
        sizes = (self._shown["stdout_size"], self._shown["stderr_size"])
        total = sum(sizes) if stream is None else sizes[stream]

        def saved(count: int) -> None:
            self._context.notices.notice(
                tr("{size} saved as {path}.", size=formatting.size(count), path=path), "good"
            )

        self._context.ops.run(ops.save_output(source, stream, Path(path), total), on_success=saved)

    # ---- what a person does

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


def _size(shown: Object) -> int:
    return int(shown["stdout_size"] + shown["stderr_size"])


def _gaps(shown: Object) -> Gaps:
    """Where output was left out, once that is known."""
    stdout, stderr = (_gap(shown, name) for name in ("stdout", "stderr"))
    return stdout, stderr


def _gap(shown: Object, name: str) -> Gap | None:
    missing = shown.get(f"{name}_total", 0) - shown[f"{name}_size"]
    return Gap(shown.get(f"{name}_gap", 0), missing) if missing > 0 else None
