"""The output of one try of a step: fetched while it is looked at, searched, copied and saved."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from backend_lite.contract.live import OUTPUT
from backend_lite.contract.streams import STDERR, STDOUT
from console.core import formatting
from console.core.live import LiveBatch
from console.core.output_feed import OutputFeed
from console.core.output_lines import Gap, Gaps
from console.core.output_search import OutputSearch
from console.core.texts import tr
from console.features.runs import ops
from console.features.runs.output_source import RunOutput
from console.shell.context import Context
from console.widgets.output_view import OutputView

Object = dict[str, Any]
MOST_COPIED = 10 << 20
"""Bytes; more than that no clipboard should be asked to hold."""


class StepOutput:
    """Fills `view`, which stands on `page`."""

    def __init__(self, page: QWidget, context: Context) -> None:
        self._page, self._context = page, context
        self._of: tuple[int, int, int] | None = None
        self._source: RunOutput | None = None
        self._feed: OutputFeed | None = None
        self._shown: Object = {}
        self._run_id = 0
        self.view = OutputView(tr("Output of the run"))
        self.search = OutputSearch(self.view.matches)
        self._connect()

    @property
    def is_complete(self) -> bool:
        """Whether all that is known of it is shown."""
        return self._feed is None or self._feed.idle.is_set()

    def show_try(self, run_id: int, n: int, shown: Object) -> None:
        """`shown` is the try of the step, as the run has it."""
        self._run_id, self._shown = run_id, shown
        self._begin((run_id, n, shown["attempt"]))
        assert self._feed is not None
        self._feed.grown(shown["stdout_size"], shown["stderr_size"])
        if shown.get("ended_at"):
            self._feed.finish(_gaps(shown))

    def end(self, *_why: object) -> None:
        """Nothing is fetched any more."""
        if self._feed is not None:
            self.search.stop()
            self._feed.stop()
            self._feed = None
            self._of = None

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
            owner=self._page,
        )

    def menu(self) -> QMenu:
        """What can be done with it as a whole."""
        menu = QMenu(self._page)
        menu.addAction(tr("Copy all")).triggered.connect(lambda _checked: self.copy_all())
        menu.addSeparator()
        for title, stream in (
            (tr("Both streams, in the order of arrival…"), None),
            (tr("stdout…"), STDOUT),
            (tr("stderr…"), STDERR),
        ):
            menu.addAction(title).triggered.connect(lambda _checked, stream=stream: self._ask_file(stream))
        return menu

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

    # ---- inside

    def _connect(self) -> None:
        view = self.view
        for stop in (self._context.live.subscribe(OUTPUT, self._take), self.end):
            self._page.destroyed.connect(stop)
        for signal, wish in (
            (view.earlier_wanted, "earlier"),
            (view.later_wanted, "later"),
            (view.start_wanted, "to_start"),
            (view.end_wanted, "to_end"),
        ):
            signal.connect(partial(self._pass_on, wish))
        view.encoding_chosen.connect(self._decode)
        view.copy_wanted.connect(self.copy_all)
        view.place_wanted.connect(self._go_to)
        view.search_wanted.connect(self._search)
        view.search_ended.connect(self.search.stop)

    def _begin(self, wanted: tuple[int, int, int]) -> None:
        if self._feed is not None and self._of == wanted:
            return
        self.end()
        self._source = RunOutput(self._context.client, *wanted)
        self._of = wanted
        self.view.reset()
        encoding = self.view.encoding.currentData()
        self._feed = OutputFeed(self._source, self.view, encoding=encoding, gaps=_gaps(self._shown))
        self._feed.start()

    def _take(self, batch: LiveBatch) -> None:
        for news in batch.changed.values():
            if self._feed is not None and self._of == (news["run_id"], news["n"], news["attempt"]):
                self._feed.grown(news["stdout"], news["stderr"])

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

    def _ask_file(self, stream: int | None) -> None:
        dialog = QFileDialog(self._page, tr("Save output"), "", tr("Text files (*.txt *.log);;All files (*)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        suffix = {STDOUT: "-stdout", STDERR: "-stderr"}.get(stream, "") if stream is not None else ""
        dialog.selectFile(f"run-{self._run_id}{suffix}.txt")
        dialog.fileSelected.connect(lambda path: self.save_to(path, stream))
        dialog.open()


def _size(shown: Object) -> int:
    return int(shown["stdout_size"] + shown["stderr_size"])


def _gaps(shown: Object) -> Gaps:
    """Where output was left out, once that is known."""
    stdout, stderr = (_gap(shown, name) for name in ("stdout", "stderr"))
    return stdout, stderr


def _gap(shown: Object, name: str) -> Gap | None:
    missing = shown.get(f"{name}_total", 0) - shown[f"{name}_size"]
    return Gap(shown.get(f"{name}_gap", 0), missing) if missing > 0 else None
