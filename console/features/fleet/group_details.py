"""A group at a glance, for the right pane."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.live import PAUSE
from backend_lite.contract.pauses import PauseScope
from console.core import formatting
from console.core.pause_request import PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.fleet import group_words
from console.features.fleet.pause_part import PausePart
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import Facts

Object = dict[str, Any]


class GroupDetails(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._group_id = 0
        self.name = label("", "title", wrap=True)
        self.description = label("", "muted", wrap=True)
        self.run = button(tr("Run…"), self._run, "primary", need=context.rights.need("rollouts:run"))
        self.open = button(tr("Open"), self._open)
        self.pause = PausePart(self, context, PauseScope.GROUP)
        self.paused = label("", "muted", wrap=True)
        self.facts = Facts()
        top = row(self.name, self.pause.badge)
        top.setStretch(0, 1)
        lines = column(
            top,
            self.description,
            row(self.run, self.open, self.pause.button, None),
            self.paused,
            self.facts,
            None,
            gap=12,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)

    def show_group(self, group: Object, count: int) -> None:
        self._group_id = group["id"]
        self.name.setText(str(group["name"]))
        self.description.setText(str(group.get("description") or ""))
        self.description.setVisible(bool(group.get("description")))
        pauses = group_words.group_pauses(self._context.live.kind(PAUSE).values(), self._group_id)
        self.pause.show(PauseRequest(group_id=self._group_id), pauses)
        self.paused.setText(self.pause.sentence)
        self.paused.setVisible(bool(pauses))
        self.facts.show_fact(tr("Devices"), f"{count:,}")
        self.facts.show_fact(tr("Has"), group_words.kind_word(group))
        self.facts.show_fact(tr("Query"), str(group.get("query") or ""))
        now = self._context.clock()
        self.facts.show_fact(tr("Changed"), formatting.local_time(group["updated_at"], now))

    def _run(self) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(group_ids=(self._group_id,)))

    def _open(self) -> None:
        self._context.navigator.open("group", str(self._group_id))
