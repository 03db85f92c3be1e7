"""What two groups of output differ in."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QStackedWidget, QWidget

from backend_lite.contract.output import OutputGroup
from console.core import formatting
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import tr
from console.features.runs import rollout_ops
from console.features.runs.rollout_ops import COMPARED, OutputText
from console.shell.context import Context
from console.shell.parts import column, label
from console.widgets.diff_view import DiffLine, DiffView, diff_lines, summary
from console.widgets.empty_state import EmptyState

MOST_LINES = 2_000
"""Of each output: comparing more takes longer than a person looks."""


class OutputDifference(QWidget):
    """Shows one pair at a time; an answer that comes late for another pair is dropped."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._pair: tuple[int, int, tuple[int, ...]] | None = None
        self.note = label("", "muted", wrap=True)
        self.note.setContentsMargins(16, 6, 16, 6)
        self.diff = DiffView(tr("Differences between the outputs"))
        self.nothing = EmptyState("terminal", tr("Comparing…"), _comparing())
        self.centre = QStackedWidget()
        self.centre.addWidget(self.nothing)
        self.centre.addWidget(self.diff)
        self.setLayout(column(self.note, self.centre, gap=0))

    def compare(self, first: OutputGroup, second: OutputGroup, steps: list[int]) -> None:
        """What `second` has that `first` has not, and the reverse."""
        if not first.run_ids or not second.run_ids:
            return
        pair = (first.run_ids[0], second.run_ids[0], tuple(steps))
        if pair == self._pair:
            return
        self._pair = pair
        self._say(tr("Comparing…"), _comparing())

        def show(found: tuple[list[DiffLine], str]) -> None:
            if pair == self._pair:
                self._show(*found)

        def refused(refusal: ApiError) -> None:
            if pair == self._pair:
                self._pair = None
                self._say(tr("They cannot be compared"), refusal.detail)

        self._context.ops.run(
            _difference(rollout_ops.load_texts(self._context.client, pair[:2], steps)),
            on_success=show,
            on_error=refused,
            owner=self,
        )

    def _show(self, lines: list[DiffLine], remark: str) -> None:
        self.note.setText(" ".join(part for part in (summary(lines) + ".", remark) if part))
        if lines:
            self.diff.show_lines(lines)
            self.centre.setCurrentWidget(self.diff)
        else:
            self._say(tr("No difference"), remark or tr("They wrote the same lines."))

    def _say(self, title: str, text: str) -> None:
        self.note.clear()
        self.nothing.say(title, text)
        self.centre.setCurrentWidget(self.nothing)


def _difference(load: Op[list[OutputText]]) -> Op[tuple[list[DiffLine], str]]:
    async def call(progress: Progress) -> tuple[list[DiffLine], str]:
        first, second = await load.call(progress)
        texts = [_first_lines(output.text) for output in (first, second)]
        cut = first.cut or second.cut or any(was_cut for _text, was_cut in texts)
        # Some texts take a second: not on the window's own thread.
        lines = await asyncio.to_thread(diff_lines, texts[0][0], texts[1][0])
        return lines, _cut_sentence() if cut else ""

    return Op(tr("Compare the outputs"), call)


def _first_lines(text: str) -> tuple[str, bool]:
    lines = text.splitlines()
    return "\n".join(lines[:MOST_LINES]), len(lines) > MOST_LINES


def _comparing() -> str:
    return tr("The beginning of both outputs is being read.")


def _cut_sentence() -> str:
    return tr(
        "Only the beginning is compared: {size} and {lines} lines of each.",
        size=formatting.size(COMPARED),
        lines=f"{MOST_LINES:,}",
    )
