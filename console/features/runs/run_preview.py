"""What would happen, before it does: the devices, what stands against it, and what is in the script."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from backend_lite.contract.live import DEVICE
from backend_lite.contract.runs import Policy, Preview
from console.core import formatting, words
from console.core.finding_words import finding_lines
from console.core.texts import tr
from console.features.runs import preview_words
from console.features.runs.preview_loader import PreviewLoader
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role, theme
from console.widgets.lines import Lines
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_FINDINGS = 4
_TASKS = 6
_ROWS = 4
_TASKS_COLUMN = 1


class RunPreview(QFrame):
    """Shows what `loader` knows, and never anything else: while it asks, nothing of before is left.

    `drop_wanted(ids)`: a person takes out the devices that cannot take part.
    """

    drop_wanted = Signal(list)

    def __init__(self, context: Context, loader: PreviewLoader) -> None:
        super().__init__()
        self._context, self._loader = context, loader
        self._known: Preview | None = None
        self._revision: int | None = None
        self._refused: list[int] = []
        self._task_count = 0
        self.state = label("", "secondary")
        self.plain = label("", "muted", wrap=True)
        self.again = button(tr("Try again"), loader.ask_again)
        self.lines = Lines(tr("What will happen"))
        self.drop = button(tr("Take them out"), lambda: self.drop_wanted.emit(self._refused))
        self.tasks = Lines(tr("Tasks"), _TASKS, word_width=theme().control)
        self.findings_title = label("", "header")
        self.findings = Lines(tr("Findings in the script"), _FINDINGS)
        self._area: QScrollArea | None = None
        self._centre = QStackedWidget()
        self._centre.addWidget(self._plain_part())
        head = row(label(tr("What will happen"), "title"), None, self.state)
        self.setLayout(column(head, self._centre, gap=12))

    @cached_property
    def table(self) -> LiveTable:
        """Made with the first preview: the dialog opens sooner without it."""
        made = LiveTable("preview", tr("Devices that it is for"), self._columns(), _search, sort="order")
        made.header.setStretchLastSection(True)
        made.setMinimumHeight((_ROWS + 1) * theme().row_height)
        return made

    def say(self, sentence: str) -> None:
        """In place of a preview: what has to be chosen first."""
        self.state.clear()
        self.plain.setText(sentence)
        self.again.hide()
        self._centre.setCurrentIndex(0)

    def refresh(self, policy: Policy, tasks: int) -> None:
        loader = self._loader
        if loader.preview is not None:
            self._show(loader.preview, policy, tasks)
            return
        self.state.clear()
        self.again.setVisible(not loader.checking)
        if loader.checking:
            self.plain.setText(tr("Looking at the devices and the script…"))
        else:
            self.plain.setText(loader.refusal or tr("The service does not answer: nothing can be said."))
        self._centre.setCurrentIndex(0)

    # ---- inside

    def _plain_part(self) -> QWidget:
        part = QWidget()
        part.setLayout(column(self.plain, row(self.again, None), None))
        return part

    def _known_area(self) -> QScrollArea:
        if self._area is None:
            self._area = QScrollArea()
            self._area.setWidgetResizable(True)
            self._area.setFrameShape(QFrame.Shape.NoFrame)
            self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self._area.setWidget(self._known_part())
            self._centre.addWidget(self._area)
        return self._area

    def _known_part(self) -> QWidget:
        self._drop_line = QWidget()
        self._drop_line.setLayout(row(self.drop, None))
        self._findings_part = QWidget()
        self._findings_part.setLayout(column(self.findings_title, self.findings, gap=6))
        self._tasks_part = QWidget()
        self._tasks_part.setLayout(column(label(tr("Tasks"), "header"), self.tasks, gap=6))
        part = QWidget()
        set_role(part, "scrolled")
        parts = (self.lines, self._drop_line, self._tasks_part, self._findings_part, self.table)
        lines = column(*parts, gap=12)
        lines.setStretch(len(parts) - 1, 1)
        part.setLayout(lines)
        return part

    def _show(self, preview: Preview, policy: Policy, tasks: int) -> None:
        now, area = self._context.clock(), self._known_area()
        self._revision = preview.revision if tasks == 1 else None
        self._refused = [device.device_id for device in preview_words.refused(preview)]
        self.state.setText(tr("as of {time}", time=formatting.clock_time(self._loader.known_at or now)))
        said = preview_words.lines(preview, policy, now)
        self.lines.show_lines([(line.word, line.tone, line.text) for line in said])
        self._drop_line.setVisible(bool(self._refused))
        found = finding_lines(preview.findings, tasks)
        self.findings.show_lines(found)
        self.findings_title.setText(tr("In the script") if tasks < 2 else tr("In the scripts"))
        self._findings_part.setVisible(bool(found))
        done = preview_words.task_lines(preview)
        self.tasks.show_lines([(line.word, line.tone, line.text) for line in done])
        self._tasks_part.setVisible(bool(done))
        if preview is not self._known:
            self._known = preview
            self._fill(preview)
        self._centre.setCurrentWidget(area)

    def _fill(self, preview: Preview) -> None:
        several = len(preview.tasks) > 1
        self._task_count = len(preview.tasks)
        self.table.setColumnHidden(_TASKS_COLUMN, not several)
        rows = {
            device.device_id: {**msgspec.to_builtins(device), "id": device.device_id, "order": at}
            for at, device in enumerate(preview.devices)
        }
        self.table.model_.take(rows, reset=True)

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        def contact(row_: Object) -> Pill:
            device = self._context.live.get(DEVICE, row_["id"])
            if device is not None:
                return Pill(*words.contact_word(device, clock()))
            return Pill(tr("Online"), "good") if row_["connected"] else Pill(tr("Offline"), "idle")

        def remark(row_: Object) -> Pill | None:
            if not row_["problem"]:
                return None
            return Pill(tr("Skipped"), "idle") if row_["skipped"] else Pill(tr("Not possible"), "bad")

        def before(row_: Object) -> Pill | None:
            return _before(row_, self._revision)

        def when(row_: Object) -> str:
            return formatting.ago(row_["last_ended_at"], clock()) if row_["last_ended_at"] else ""

        def tasks(row_: Object) -> str:
            return preview_words.tasks_there(row_["skips"], self._task_count)

        return [
            Column("order", tr("Device"), _name, Kind.STRONG, sort=lambda r: r["order"], width=116),
            Column("tasks", tr("Tasks"), tasks, sort=lambda r: len(r["skips"]), width=90),
            pill_column("contact", tr("Contact"), lambda r: remark(r) or contact(r), width=104),
            pill_column("before", tr("Last time"), before, width=194),
            Column("when", tr("Ended"), when, Kind.MUTED, width=78),
        ]


def _before(found: Object, revision: int | None) -> Pill | None:
    if found["last_state"] is None:
        return None
    word, tone = words.state_word(found["last_state"])
    last = found["last_revision"]
    if last is None or revision is None:
        return Pill(word, tone)
    return Pill(word, tone, tr("same revision") if last == revision else tr("revision {n}", n=last))


def _name(found: Object) -> str:
    return str(found["hostname"])


def _search(found: Object) -> str:
    return str(found["hostname"]).lower()
