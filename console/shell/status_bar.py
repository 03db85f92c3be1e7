"""The line at the very bottom: the service, the devices in contact, what is running, the last error."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from backend_lite.contract.live import DEVICE, RUN, SERVICE
from backend_lite.contract.states import RUN_ENDS
from console.core.live import LiveState
from console.core.live_count import LiveCount
from console.core.service_facts import PRODUCT, service_facts
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.notices import Notice
from console.shell.parts import button, label, row
from console.shell.theme import set_role

APPROVED = "approved"
"""`Admission.APPROVED`; to load all else that is said of devices would hold up the first frame."""
HEIGHT = 26
LONGEST_ERROR = 90

_STATES = {
    LiveState.STOPPED: ("idle", "Not signed in"),
    LiveState.CONNECTING: ("warning", "Connecting"),
    LiveState.LIVE: ("good", "Service running"),
    LiveState.LOST: ("bad", "Service not reachable"),
    LiveState.REFUSED: ("bad", "Signed out"),
}


class StatusBar(QFrame):
    """`activity_wanted` and `messages_wanted`: a person clicked what is running, or the last error."""

    activity_wanted = Signal()
    messages_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        set_role(self, "status-bar")
        self.setFixedHeight(HEIGHT + 1)
        self.dot = label("●", "tone", "idle")
        self.dot.setAccessibleName(tr("State of the service"))
        self.name = label("", "strong")
        self.name.setAccessibleName(tr("Name of this service"))
        self.service = label("", "secondary")
        self.devices = label("", "secondary")
        self.runs = button("", self.activity_wanted.emit, "status", name=tr("Show or hide what is running"))
        self.error = button("", self.messages_wanted.emit, "status", name=tr("Show messages"))
        self.error.hide()
        line = row(
            self.dot,
            self.name,
            self.service,
            self.devices,
            self.runs,
            None,
            self.error,
            label(tr("All times local"), "secondary"),
        )
        line.setSpacing(16)
        line.setContentsMargins(12, 0, 12, 0)
        self.setLayout(line)
        self._connected = 0
        self._approved = 0
        self._context = context
        self.destroyed.connect(context.live.subscribe_state(self._show_state))
        self.destroyed.connect(context.live.subscribe(SERVICE, lambda _batch: self._show_name()))
        for kind, show, counts in (
            (DEVICE, self._show_approved, _is_approved),
            (DEVICE, self._show_connected, _is_connected),
            (RUN, self._show_runs, _is_active),
        ):
            self.destroyed.connect(LiveCount(context.live, kind, show, counts).stop)
        context.notices.noticed.connect(self._note)
        context.notices.forgotten.connect(self.error.hide)

    def _show_state(self, state: LiveState) -> None:
        tone, text = _STATES[state]
        set_role(self.dot, "tone", tone)
        self.service.setText(tr(text))
        known = state not in (LiveState.STOPPED, LiveState.REFUSED)
        self.devices.setVisible(known)
        self.runs.setVisible(known)

    def _show_name(self) -> None:
        name = service_facts(self._context.live).name
        self.name.setText(name)
        self.name.setVisible(name != PRODUCT)

    def _show_approved(self, count: int) -> None:
        self._approved = count
        self._show_devices()

    def _show_connected(self, count: int) -> None:
        self._connected = count
        self._show_devices()

    def _show_devices(self) -> None:
        self.devices.setText(
            plural(
                self._approved,
                "{connected} of {count} device connected",
                "{connected} of {count} devices connected",
                connected=f"{self._connected:,}",
            )
        )

    def _show_runs(self, count: int) -> None:
        self.runs.setText(plural(count, "{count} run active", "{count} runs active"))

    def _note(self, notice: Notice) -> None:
        if notice.tone == "bad":
            short = notice.text if len(notice.text) <= LONGEST_ERROR else notice.text[:LONGEST_ERROR] + "…"
            self.error.setText(short)
            self.error.setToolTip(notice.text)
            self.error.show()


def _is_approved(device: dict[str, Any]) -> bool:
    return bool(device.get("admission") == APPROVED)


def _is_connected(device: dict[str, Any]) -> bool:
    return _is_approved(device) and bool(device.get("connected"))


def _is_active(run: dict[str, Any]) -> bool:
    return run.get("state") not in RUN_ENDS
