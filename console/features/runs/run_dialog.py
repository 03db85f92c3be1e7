"""What, where and with what: everything that will happen is said before Run is pressed."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from backend_lite.contract.live import SCRIPT
from backend_lite.contract.runs import (
    DEFAULT_EXPIRES_AFTER_S,
    Policy,
    RolloutCreate,
    RolloutCreated,
    Targets,
)
from console.core import formatting, words
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.run_request import RunRequest
from console.core.texts import plural, tr
from console.features.runs import ops
from console.features.runs.device_picker import DevicePicker
from console.features.runs.run_inputs import RunInputs
from console.features.runs.targets import Outlook, named, outlook
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Field
from console.widgets.notice_bar import NoticeBar

Object = dict[str, Any]
SIZE = (980, 640)
_INPUTS_WIDTH = 330


class RunDialog(QDialog):
    """One dialog is one rollout, however often Run is pressed: it carries one idempotency key."""

    def __init__(self, parent: QWidget, context: Context, request: RunRequest) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Run a script"))
        self.resize(*SIZE)
        self._context = context
        self._request = request
        self._key = secrets.token_hex(16)
        self._sending = False
        self._began: RolloutCreate | None = None
        self.script = QComboBox()
        self.script.setEditable(False)
        self._script_field = Field(tr("Script"), self.script)
        self._script_note = label("", "secondary", wrap=True)
        self.picker = DevicePicker(context)
        self.inputs = RunInputs()
        self.remarks = NoticeBar()
        self.sentence = label("", "muted", wrap=True)
        self.refusal = label("", "error", wrap=True)
        self.refusal.hide()
        self.cancel = button(tr("Cancel"), self.reject)
        self.run = button(tr("Run"), self.start, "primary")
        # Enter belongs to the rows and the list; Ctrl+Enter runs from anywhere.
        self.run.setAutoDefault(False)
        self.cancel.setAutoDefault(False)
        self.run.setShortcut("Ctrl+Return")
        self.run.setToolTip(tr("Ctrl+Enter"))
        self._build()
        self._fill_scripts()
        self.inputs.show_request(request)
        self.picker.choose(request.device_ids)
        self.picker.changed.connect(self._show_outlook)
        self.inputs.changed.connect(self._show_outlook)
        self.script.currentIndexChanged.connect(self._script_chosen)
        self.destroyed.connect(context.live.subscribe(SCRIPT, self._scripts_changed))
        self._script_chosen()
        if request.device_ids:
            self.picker.filter.choose("chosen" if len(self.picker.chosen) > 1 else "all")
            self.picker.table.select(self.picker.chosen[:1])
        self.picker.table.setFocus()

    def chosen_script(self) -> Object | None:
        script_id = self.script.currentData()
        return None if script_id is None else self._context.live.get(SCRIPT, script_id)

    def wanted(self) -> RolloutCreate | None:
        """What Run would send; None while it cannot be sent."""
        script = self.chosen_script()
        if script is None or self._obstacle():
            return None
        pinned = self._request.revision_id if script["id"] == self._request.script_id else None
        return RolloutCreate(
            script_id=None if pinned else script["id"],
            revision_id=pinned,
            targets=Targets(devices=self.picker.chosen),
            arguments=self.inputs.argument_values(),
            parameters=dict(self.inputs.parameter_values()),
            policy=Policy(timeout_s=self.inputs.timeout_s),
        )

    def start(self) -> None:
        wanted = self.wanted()
        if wanted is None or self._sending:
            return
        if self._began is not None and self._began != wanted:
            # Something else than what was sent before: another rollout.
            self._key = secrets.token_hex(16)
        self._began = wanted
        self._sending = True
        self._show_outlook()
        self._context.ops.run(
            ops.start(self._context.client, wanted, self._key),
            on_success=self._started,
            on_error=self._refused,
            on_done=self._sent,
            owner=self,
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter in a field must not press the next best button.
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    # ---- inside

    def _build(self) -> None:
        inputs = QScrollArea()
        inputs.setWidgetResizable(True)
        inputs.setFrameShape(QFrame.Shape.NoFrame)
        inputs.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        set_role(self.inputs, "scrolled")
        inputs.setWidget(self.inputs)
        right = column(self._script_field, self._script_note, inputs, gap=8)
        side = QWidget()
        side.setFixedWidth(_INPUTS_WIDTH)
        side.setLayout(right)
        centre = QHBoxLayout()
        centre.setContentsMargins(20, 16, 20, 12)
        centre.setSpacing(20)
        centre.addWidget(self.picker, 1)
        centre.addWidget(side)
        foot = row(column(self.sentence, self.refusal, gap=2), self.cancel, self.run)
        foot.setStretch(0, 1)
        foot.setContentsMargins(20, 12, 20, 16)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(centre, 1)
        outer.addWidget(self.remarks)
        outer.addLayout(foot)

    def _fill_scripts(self) -> None:
        wanted = self.script.currentData() if self.script.count() else self._request.script_id
        scripts = sorted(self._context.live.kind(SCRIPT).values(), key=lambda item: item["name"].lower())
        self.script.blockSignals(True)
        self.script.clear()
        if wanted is None:
            self.script.addItem(tr("Choose a script…"), None)
        for script in scripts:
            self.script.addItem(script["name"], script["id"])
        self.script.setCurrentIndex(max(self.script.findData(wanted), 0))
        self.script.blockSignals(False)

    def _scripts_changed(self, batch: LiveBatch) -> None:
        names = {self.script.itemData(at): self.script.itemText(at) for at in range(self.script.count())}
        if (
            batch.reset
            or batch.removed
            or any(names.get(key) != script["name"] for key, script in batch.changed.items())
        ):
            self._fill_scripts()
        if batch.reset or self.script.currentData() in batch.changed:
            self._script_chosen()

    def _script_chosen(self, _at: int = 0) -> None:
        script = self.chosen_script()
        if script is None:
            self._script_note.setText(tr("What shall be run?"))
        else:
            same = script["id"] == self._request.script_id
            timeout = self._request.timeout_s if same else None
            self.inputs.set_script(script["language"], timeout or script["timeout_s"])
            self._script_note.setText(
                tr(
                    "{language} · {system} · {revision}",
                    language=words.language_word(script["language"]),
                    system=words.system_word(script.get("target_os_type")),
                    revision=self._revision_words(script, same=same),
                )
            )
        self.picker.set_script(script)
        self._show_outlook()

    def _revision_words(self, script: Object, *, same: bool) -> str:
        pinned = self._request.revision_id if same else None
        if pinned is None or pinned == script.get("revision_id"):
            return tr("revision {n}", n=script["revision"])
        return tr("the revision of that run, not the newest")

    def _obstacle(self) -> str:
        """Why Run cannot be pressed, in a sentence; empty when it can."""
        if self.chosen_script() is None:
            return tr("Choose a script.")
        if not self.picker.chosen:
            return tr("Choose at least one device.")
        if outlook(self.chosen_script(), self.picker.chosen_devices()).impossible:
            return tr("Take out the devices that cannot take part.")
        return self.inputs.wrong()

    def _waits(self) -> str:
        until = self._context.clock() + timedelta(seconds=DEFAULT_EXPIRES_AFTER_S)
        return tr("until {when}", when=formatting.local_time(until, self._context.clock()))

    def _show_outlook(self) -> None:
        script = self.chosen_script()
        found = outlook(script, self.picker.chosen_devices())
        self._show_remarks(script, found)
        obstacle = self._obstacle()
        self.run.setEnabled(not obstacle and not self._sending)
        count = len(self.picker.chosen)
        self.run.setText(
            tr("Starting…")
            if self._sending
            else plural(count, "Run", "Run on {count} devices")
            if count
            else tr("Run")
        )
        self.sentence.setText(obstacle or self._promise(script, found))

    def _promise(self, script: Object | None, found: Outlook) -> str:
        assert script is not None
        name = script["name"]
        if not found.away:
            return tr("“{name}” starts at once on {names}.", name=name, names=named(found.ready))
        if not found.ready:
            return tr("“{name}” starts when {names} can be reached.", name=name, names=named(found.away))
        return tr(
            "“{name}” starts at once on {ready}, and later on {away}.",
            name=name,
            ready=plural(len(found.ready), "{count} device", "{count} devices"),
            away=plural(len(found.away), "{count} device", "{count} devices"),
        )

    def _show_remarks(self, script: Object | None, found: Outlook) -> None:
        said = found.sentences(script, self._waits())
        if not said:
            self.remarks.say("")
            return
        tone = "bad" if any(tone == "bad" for tone, _sentence in said) else "warning"
        impossible = [device["id"] for device in found.impossible]
        actions = {tr("Take them out"): lambda: self.picker.drop(impossible)} if impossible else {}
        self.remarks.say("\n".join(sentence for _tone, sentence in said), tone, actions)

    def _sent(self) -> None:
        self._sending = False
        self._show_outlook()

    def _refused(self, refusal: ApiError) -> None:
        self.refusal.setText(refusal.detail)
        self.refusal.show()

    def _started(self, rollout: RolloutCreated) -> None:
        navigator = self._context.navigator
        self.accept()
        if len(rollout.run_ids) == 1:
            navigator.open("run", str(rollout.run_ids[0]))
        else:
            navigator.open("rollout", str(rollout.id))


def open_dialog(context: Context, request: RunRequest) -> RunDialog | None:
    """Over the open page; None where there is no window to open it over."""
    page = context.navigator.page
    if page is None:
        return None
    dialog = RunDialog(page.window(), context, request)
    dialog.open()
    return dialog
