"""What, where and how: everything that will happen is said before Run is pressed."""

from __future__ import annotations

import secrets
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from backend_lite.contract.live import DEVICE, GROUP
from backend_lite.contract.runs import OfflinePolicy, Policy, RolloutCreate, RolloutCreated
from console.core import formatting
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.run_ops import CONFIRM_NEEDED
from console.core.run_request import RunRequest
from console.core.texts import plural, tr
from console.features.runs import dialog_ops, preview_words
from console.features.runs.device_picker import DevicePicker
from console.features.runs.preview_loader import PreviewLoader
from console.features.runs.run_options import RunOptions
from console.features.runs.run_preview import RunPreview
from console.features.runs.run_targets import RunTargets
from console.features.runs.run_what import RunWhat
from console.shell.context import Context
from console.shell.parts import button, column, frame, label, row, rule
from console.shell.theme import set_role
from console.widgets.form import ErrorLine
from console.widgets.gate_view import GateView
from console.widgets.gated import open_started

Object = dict[str, Any]
SIZE = (1200, 740)
LEAST = (900, 560)
_LONGEST_NAME = 24


class RunDialog(QDialog):
    """One dialog is one rollout, however often Run is pressed: it carries one idempotency key."""

    def __init__(self, parent: QWidget, context: Context, request: RunRequest) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_title(request))
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.resize(*SIZE)
        self.setMinimumSize(*LEAST)
        self._context = context
        self._key = secrets.token_hex(16)
        self._sending = False
        self._pressed = False
        self._began: RolloutCreate | None = None
        self.what = RunWhat(context)
        self.targets = RunTargets(context)
        self.options = RunOptions(context.clock)
        self.loader = PreviewLoader(self, context)
        self.preview = RunPreview(context, self.loader)
        self.gate = GateView()
        self.sentence = label("", "muted", wrap=True)
        self.refusal = ErrorLine()
        self.cancel = button(tr("Cancel"), self.reject)
        self.run = button(tr("Run"), self.start, "primary", need=context.rights.need("rollouts:run"))
        self._only_look = request.only_look
        if request.only_look:
            self.cancel.setText(tr("Close"))
            self.run.hide()
        # Enter in a field goes on to the next one; on the button it runs. Ctrl+Enter runs from anywhere.
        self.cancel.setAutoDefault(False)
        self.run.setShortcut("Ctrl+Return")
        self.run.setToolTip(tr("Ctrl+Enter"))
        self._build()
        self._propose(request)
        self._connect()
        self._changed()
        self._first_focus().setFocus()

    @property
    def picker(self) -> DevicePicker:
        """The devices by name."""
        return self.targets.picker

    def wanted(self) -> RolloutCreate | None:
        """What Run would send; None while it cannot be sent."""
        return None if self._wrong() else self._proposal()

    def start(self) -> None:
        """Waits for the preview where it is still on its way."""
        wanted = self.wanted()
        if wanted is None or self._sending or self._only_look or self._obstacle():
            return
        if self.loader.checking:
            self._pressed = True
            self._refresh()
            return
        self._send(wanted)

    def done(self, result: int) -> None:
        self.loader.stop()
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif isinstance(self.focusWidget(), QLineEdit | QComboBox | QAbstractButton):
            self.focusNextChild()

    # ---- inside

    def _build(self) -> None:
        inside = QWidget()
        set_role(inside, "scrolled")
        choices = column(self.what, rule(), self.targets, rule(), self.options, gap=16)
        choices.setStretch(2, 1)
        choices.setContentsMargins(20, 16, 20, 16)
        inside.setLayout(choices)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inside)
        right = frame("page", column(self.preview), (20, 16, 20, 16))
        centre = QHBoxLayout()
        centre.setContentsMargins(0, 0, 0, 0)
        centre.setSpacing(0)
        centre.addWidget(self._area, 6)
        centre.addWidget(right, 5)
        said = column(self.sentence, self.refusal, self.gate, gap=6)
        line = row(said, self.cancel, self.run)
        line.setStretch(0, 1)
        foot = frame("tool-bar-bottom", line, (20, 12, 20, 12))
        outer = column(centre, foot, gap=0)
        outer.setStretch(0, 1)
        self.setLayout(outer)

    def _propose(self, request: RunRequest) -> None:
        self.what.show_request(request)
        self.targets.show_request(request)
        policy = request.policy or Policy()
        policy.timeout_s = request.timeout_s if request.timeout_s is not None else policy.timeout_s
        self.options.show_policy(policy)

    def _connect(self) -> None:
        for part in (self.what, self.targets, self.options):
            part.changed.connect(self._changed)
        self.loader.changed.connect(self._looked)
        self.gate.changed.connect(self._refresh)
        self.preview.drop_wanted.connect(self.targets.picker.drop)
        live = self._context.live
        self.destroyed.connect(live.subscribe(DEVICE, self._news))
        self.destroyed.connect(live.subscribe(GROUP, self._news))

    def _first_focus(self) -> QWidget:
        """Where a person goes on: the first gap, else the button, which Enter then presses."""
        gap = self.what.first_gap()
        if gap is not None:
            return gap
        return self.targets.first_gap() or self.run

    def _proposal(self) -> RolloutCreate | None:
        """What is chosen so far; None where there is nothing to look at yet."""
        wanted = RolloutCreate(targets=self.targets.value(), policy=self.options.value())
        return wanted if self.what.write(wanted) and not self.targets.wrong() else None

    def _changed(self) -> None:
        works = self.what.works()
        self.targets.picker.show_works(works)
        self.options.show_works(works)
        self.what.show_limit(self.options.value().timeout_s)
        revisions = tuple((one["id"], _revision(one)) for one in works)
        if self.loader.ask(self._proposal(), revisions):
            self._pressed = False
            self.refusal.hide()
        self._refresh()

    def _news(self, batch: LiveBatch) -> None:
        known = self.loader.preview
        if known is None:
            return
        named = {device.device_id for device in known.devices}
        if batch.reset or not self.targets.are_named or named & (batch.changed.keys() | batch.removed):
            self.loader.news()

    def _looked(self) -> None:
        """The preview has got further; a press that waited goes on, if nothing new stands against it."""
        self._refresh()
        if self._pressed and not self.loader.checking:
            self._pressed = False
            self.start()
            self._refresh()

    # ---- what stands against it, and what is said

    def _wrong(self) -> str:
        return self.what.wrong() or self.targets.wrong() or self.options.wrong()

    def _obstacle(self) -> str:
        """Why Run cannot be pressed, in a sentence; empty when it can."""
        wrong, preview = self._wrong(), self.loader.preview
        if wrong:
            return wrong
        if preview is None:
            if self.loader.checking:
                return "" if self.targets.are_named else tr("Looking for the devices…")
            return self.loader.refusal or tr("The service does not answer.")
        if preview_words.refused(preview):
            return tr("Take out the devices that cannot take part.")
        if preview.errors:
            return preview.errors[0]
        if not preview_words.going(preview):
            return tr("There is no device that could take part.")
        return self.gate.wrong()

    def _count(self) -> int | None:
        """How many devices it will run on, as far as it is known."""
        preview = self.loader.preview
        if preview is None:
            return len(self.targets.picker.chosen) if self.targets.are_named else None
        queue = self.options.value().offline is OfflinePolicy.QUEUE
        return sum(queue or device.connected for device in preview_words.going(preview))

    def _refresh(self) -> None:
        preview, policy = self.loader.preview, self.options.value()
        self.targets.show_count(len(preview.devices) if preview else None)
        self.gate.show_preview(preview, only_look=self._only_look)
        if self._proposal() is None:
            self.preview.say(tr("Choose what to do and where, to see here what would happen."))
        else:
            self.preview.refresh(policy, self.what.count)
        obstacle = self.targets.wrong() if self._only_look else self._obstacle()
        self._show_button(self._button_text(policy), not obstacle and not self._sending and not self._pressed)
        if obstacle:
            self.sentence.setText("" if self.gate.wrong() == obstacle else obstacle)
        elif preview is not None:
            self.sentence.setText(preview_words.promise(self.what.title, preview, policy))
        else:
            self.sentence.setText(tr("Looking at the devices and the script…"))
        self.sentence.setVisible(bool(self.sentence.text()))

    def _show_button(self, text: str, enabled: bool) -> None:
        """The keyboard stays with the button over the moments in which it cannot be pressed."""
        had_focus = self.run.hasFocus()
        self.run.setText(text)
        self.run.setEnabled(enabled)
        if had_focus and not enabled:
            held = self.gate.count.box if self.gate.count.isVisibleTo(self) else self
            held.setFocus()
        elif enabled and self.focusWidget() in (None, self):
            self.run.setFocus()

    def _button_text(self, policy: Policy) -> str:
        if self._sending or self._pressed:
            return tr("Starting…")
        count = self._count()
        if not count:
            return tr("Run")
        if self._needs_approval():
            return tr("Ask for approval")
        if count == 1 and (name := self._only_name()):
            where = tr("Run on {name}", name=name)
        else:
            where = plural(count, "Run on {count} device", "Run on {count} devices")
        if policy.not_before:
            when = formatting.local_time(policy.not_before, self._context.clock())
            return tr("{where}, {when}", where=where, when=when)
        return where

    def _needs_approval(self) -> bool:
        return self.loader.preview is not None and self.loader.preview.gate.approve

    def _only_name(self) -> str:
        preview = self.loader.preview
        if preview is not None:
            names = [device.hostname for device in preview_words.going(preview)]
        else:
            names = [str(device.get("hostname") or "") for device in self.targets.picker.chosen_devices()]
        return names[0] if len(names) == 1 and len(names[0]) <= _LONGEST_NAME else ""

    # ---- sending

    def _send(self, wanted: RolloutCreate) -> None:
        wanted.confirmed_devices = self.gate.confirmed
        if self._began is not None and self._began != wanted:
            # Something else than what was sent before: another rollout.
            self._key = secrets.token_hex(16)
        self._began = wanted
        self._sending = True
        self._refresh()
        self._context.ops.run(
            dialog_ops.start(self._context.client, wanted, self._key),
            on_success=self._started,
            on_error=self._refused,
            on_done=self._sent,
            owner=self,
        )

    def _sent(self) -> None:
        self._sending = False
        self._refresh()

    def _refused(self, refusal: ApiError) -> None:
        self.refusal.say(refusal.detail)
        if refusal.code == CONFIRM_NEEDED:
            self.loader.ask_again()

    def _started(self, rollout: RolloutCreated) -> None:
        self.accept()
        open_started(self._context, rollout)


def _revision(work: Object) -> int:
    """Of software its version: there every change may matter."""
    return int(work["revision"] if "revision" in work else work["version"])


def _title(request: RunRequest) -> str:
    if request.on_one_device:
        return tr("Test-run on one device")
    if request.only_look:
        return tr("What would run where")
    if request.again:
        return tr("Run again")
    return tr("Apply a profile") if request.profile_id is not None else tr("Run")


def open_dialog(context: Context, request: RunRequest) -> RunDialog | None:
    """Over the open page; None where there is no window to open it over."""
    page = context.navigator.page
    if page is None:
        return None
    dialog = RunDialog(page.window(), context, request)
    dialog.open()
    return dialog
