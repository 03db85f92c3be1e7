"""What there is to know about one run at a glance, for the right pane."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.live import ROLLOUT
from console.core import formatting, words
from console.core.run_words import duration_word, sentence, timeline
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import Facts
from console.widgets.status_badge import StatusBadge

Object = dict[str, Any]


class RunDetails(QWidget):
    """With `opens` there is a button to the run's own page, `within_rollout` none to its rollout."""

    def __init__(self, context: Context, *, opens: bool, within_rollout: bool = False) -> None:
        super().__init__()
        self._context = context
        self._within_rollout = within_rollout
        self._run: Object | None = None
        self.title = label("", "title", wrap=True)
        self.badge = StatusBadge()
        self.sentence = label("", "muted", wrap=True)
        self.open = button(tr("Show output"), self._open, "primary")
        self.device = button(tr("Device"), self._open_device, name=tr("Open the device"))
        self.rollout = button(tr("Rollout"), self._open_rollout, name=tr("Show the whole rollout"))
        self.open.setVisible(opens)
        self.facts = Facts()
        self.inputs = Facts()
        self._inputs_title = label(tr("Given to the script"), "header")
        self.story = Facts(72)
        self._story_title = label(tr("Timeline"), "header")
        lines = column(
            row(self.title, None, self.badge),
            self.sentence,
            row(self.open, self.device, self.rollout, None),
            self.facts,
            self._inputs_title,
            self.inputs,
            self._story_title,
            self.story,
            None,
            gap=12,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)

    def show_run(self, run: Object) -> None:
        if self._run is None or self._run["id"] != run["id"]:
            self.story.clear()
            self.inputs.clear()
        self._run = run
        now = self._context.clock()
        self.title.setText(run["title"])
        self.badge.show_state(*words.state_word(run["state"]))
        self.sentence.setText(sentence(run, now))
        code = words.exit_code(run)
        rollout = self._context.live.get(ROLLOUT, run["rollout_id"]) or {}
        revision = rollout.get("revision")
        for name, value in (
            (tr("Device"), run["device"]),
            (tr("Asked for"), formatting.local_time(run["created_at"], now)),
            (tr("Started"), formatting.local_time(run["started_at"], now) if run.get("started_at") else ""),
            (tr("Duration"), duration_word(run, now) if run.get("started_at") else ""),
            (tr("Exit code"), "" if code is None else str(code)),
            (tr("By"), run.get("created_by") or ""),
            (tr("Revision"), "" if revision is None else str(revision)),
            (tr("Run"), str(run["id"])),
        ):
            self.facts.show_fact(name, value)
        self._show_inputs(rollout)
        for number, (when, what) in enumerate(timeline(run)):
            self.story.show_line(number, when, what)
        many = (rollout.get("counters") or {}).get("total", 2) > 1
        self.rollout.setVisible(many and not self._within_rollout)

    def _show_inputs(self, rollout: Object) -> None:
        arguments = rollout.get("arguments") or []
        parameters = rollout.get("parameters") or {}
        self._inputs_title.setVisible(bool(arguments or parameters))
        self.inputs.setVisible(bool(arguments or parameters))
        for number, value in enumerate(arguments, 1):
            self.inputs.show_fact(tr("Argument {n}", n=number), value or tr("(empty)"))
        for name, value in parameters.items():
            self.inputs.show_fact(name, str(value))

    def _open(self) -> None:
        if self._run is not None:
            self._context.navigator.open("run", str(self._run["id"]))

    def _open_device(self) -> None:
        if self._run is not None:
            self._context.navigator.open("device", str(self._run["device_id"]))

    def _open_rollout(self) -> None:
        if self._run is not None:
            self._context.navigator.open("rollout", str(self._run["rollout_id"]))
