"""Pausing work: where, why, until when."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QComboBox, QDialog, QLineEdit, QRadioButton, QWidget

from backend_lite.contract.common import format_time
from backend_lite.contract.live import DEVICE, GROUP
from backend_lite.contract.pauses import PauseCreate, PauseScope
from console.core import pause_ops
from console.core.pause_request import PauseRequest
from console.core.spans import parse_moment
from console.core.texts import plural, tr
from console.core.words import named
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import ErrorLine, Field
from console.widgets.parsed_field import ParsedField

WIDTH = 460
_MARGINS = (20, 20, 20, 16)


class PauseDialog(QDialog):
    def __init__(self, parent: QWidget, context: Context, request: PauseRequest) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Pause work"))
        self.setFixedWidth(WIDTH)
        self._context = context
        known = context.live.kind(DEVICE)
        self._devices = [known[key] for key in request.device_ids if key in known]
        self.fleet = QRadioButton(tr("The whole fleet"))
        self.group = QRadioButton(tr("A group"))
        names = named([str(device["hostname"]) for device in self._devices])
        self.device = QRadioButton(names or tr("Devices"))
        self.groups = QComboBox()
        self.reason = QLineEdit()
        self.reason.setMaxLength(500)
        self.until = ParsedField(
            tr("Until"),
            lambda text: parse_moment(text, context.clock().astimezone().replace(tzinfo=None)),
            tr("Write a time such as 22:00, tomorrow 6:00 or in 2 h."),
            empty=tr("Until somebody resumes it"),
            explain=lambda moment: f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M}",
        )
        self.problem = ErrorLine()
        self.cancel = button(tr("Cancel"), self.reject)
        self.pause = button(tr("Pause work"), self.start, "primary", need=context.rights.need("rollouts:run"))
        self._build()
        self._propose(request)
        self._refresh()

    def wanted(self) -> list[PauseCreate]:
        moment = self.until.value
        until = None if moment is None else _time(moment)
        reason = self.reason.text().strip()
        if self.group.isChecked():
            return [PauseCreate(PauseScope.GROUP, self.groups.currentData(), None, reason, until)]
        if self.device.isChecked():
            return [
                PauseCreate(PauseScope.DEVICE, None, device["id"], reason, until) for device in self._devices
            ]
        return [PauseCreate(PauseScope.FLEET, None, None, reason, until)]

    def start(self) -> None:
        if not self.pause.isEnabled():
            return
        self.pause.setEnabled(False)
        self._context.ops.run(
            pause_ops.pause(self._context.client, self.wanted()),
            on_success=lambda _count: self.accept(),
            on_error=self.problem.refused,
            on_done=self._refresh,
            owner=self,
        )

    # ---- inside

    def _build(self) -> None:
        together = QButtonGroup(self)
        for choice in (self.fleet, self.group, self.device):
            together.addButton(choice)
            choice.toggled.connect(lambda _on: self._refresh())
        self.groups.setAccessibleName(tr("Group"))
        for group in sorted(self._context.live.kind(GROUP).values(), key=lambda one: one["name"].lower()):
            self.groups.addItem(group["name"], group["id"])
        self.group.setEnabled(self.groups.count() > 0)
        self.device.setVisible(bool(self._devices))
        self.until.changed.connect(self._refresh)
        line = row(self.group, self.groups)
        line.setStretch(1, 1)
        what = label(
            tr("No run starts there until work is resumed. What is running now goes on; what waits is kept."),
            "muted",
            wrap=True,
        )
        lines = column(
            label(tr("Pause work"), "title"),
            what,
            column(self.device, line, self.fleet, gap=4),
            Field(tr("Reason"), self.reason, tr("Shown to everybody who wonders why nothing happens.")),
            self.until,
            self.problem,
            row(None, self.cancel, self.pause),
            gap=12,
        )
        lines.setContentsMargins(*_MARGINS)
        self.setLayout(lines)

    def _propose(self, request: PauseRequest) -> None:
        at = self.groups.findData(request.group_id)
        self.groups.setCurrentIndex(max(at, 0))
        chosen = self.group if at >= 0 else self.device if self._devices else self.fleet
        chosen.setChecked(True)
        self.reason.setFocus()

    def _refresh(self) -> None:
        self.groups.setEnabled(self.group.isChecked())
        self.pause.setEnabled(not self.until.wrong)
        if self.group.isChecked():
            words = tr("Pause work on the group")
        elif self.device.isChecked():
            words = plural(len(self._devices), "Pause work there", "Pause work on {count} devices")
        else:
            words = tr("Pause work on the fleet")
        self.pause.setText(words)


def open_pause_dialog(context: Context, request: PauseRequest) -> PauseDialog | None:
    """Over the open page; None where there is no window to open it over."""
    page = context.navigator.page
    if page is None:
        return None
    dialog = PauseDialog(page.window(), context, request)
    dialog.open()
    return dialog


def _time(moment: datetime) -> str:
    return format_time(int(moment.astimezone(UTC).timestamp() * 1000))
