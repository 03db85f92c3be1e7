"""Who is coming in: devices that wait for approval, and those that came lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import DEVICE
from console.core import formatting
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.enroll.ops import approve_device
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row

LATELY = timedelta(hours=24)
MOST = 30

Device = dict[str, Any]


def arrivals(devices: dict[int, Device], now: datetime) -> list[Device]:
    """Those that wait first, then the newest; devices of days ago are no arrivals."""
    lately = [
        device
        for device in devices.values()
        if device.get("admission") == Admission.PENDING
        or (
            device.get("admission") == Admission.APPROVED
            and now - formatting.moment(device["created_at"]) < LATELY
        )
    ]
    lately.sort(key=lambda device: (device["admission"] == Admission.PENDING, device["id"]), reverse=True)
    return lately[:MOST]


class Arrivals(QWidget):
    """For the right pane. Comparing the words on both screens is what approval means."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.cards: dict[int, DeviceCard] = {}
        self._empty = label(
            tr("Nobody yet. A device appears here as soon as its agent has reached the service."),
            "muted",
            wrap=True,
        )
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        lines = column(label(tr("Coming in"), "title"), self._empty, self._list, None, gap=10)
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)
        stop = context.live.subscribe(DEVICE, self._take)
        self.destroyed.connect(stop)

    def _take(self, batch: LiveBatch) -> None:
        if batch.reset or batch.removed or self._concerns(batch):
            self.refresh()

    def _concerns(self, batch: LiveBatch) -> bool:
        # Metrics of a big fleet come all the time; they move nobody in this list.
        return any(
            key not in self.cards or self.cards[key].shows != DeviceCard.of(device)
            for key, device in batch.changed.items()
        )

    def refresh(self) -> None:
        wanted = arrivals(self._context.live.kind(DEVICE), self._context.clock())
        ids = [device["id"] for device in wanted]
        for gone in [key for key in self.cards if key not in ids]:
            self._drop(gone)
        for at, device in enumerate(wanted):
            card_ = self.cards.get(device["id"])
            if card_ is None or card_.shows != DeviceCard.of(device):
                self._drop(device["id"])
                card_ = DeviceCard(self._context, device)
                self.cards[device["id"]] = card_
                self._list.insertWidget(at, card_)
        self._empty.setVisible(not wanted)

    def _drop(self, device_id: int) -> None:
        old = self.cards.pop(device_id, None)
        if old is not None:
            self._list.removeWidget(old)
            old.deleteLater()


class DeviceCard(QFrame):
    """`shows` is what of the device is on the card."""

    def __init__(self, context: Context, device: Device) -> None:
        super().__init__()
        self._context = context
        self._id: int = device["id"]
        self.shows = self.of(device)
        name = str(device.get("hostname") or tr("Unnamed device"))
        pending = device.get("admission") == Admission.PENDING
        connected = bool(device.get("connected"))
        if pending:
            mark = label(tr("Waits for approval"), "mark", "warning")
        elif connected:
            mark = label(tr("Online"), "mark", "good")
        else:
            mark = label(tr("Offline"), "mark", "idle")
        system = str(device.get("os_description") or device.get("os_version") or device.get("os_type") or "")
        lines: list[QWidget] = [label(system, "secondary")] if system else []
        if pending:
            self.words = label(str(device.get("fingerprint", "")), "words", wrap=True)
            self.words.setAccessibleName(tr("Words of {name}", name=name))
            lines.append(label(tr("Approve it if the device shows the same words:"), "secondary", wrap=True))
            lines.append(self.words)
        self.approve = button(
            tr("Approve"),
            self._approve,
            name=tr("Approve {name}", name=name),
            need=context.rights.need("devices:approve"),
        )
        self.approve.setVisible(pending)
        show = button(tr("Show"), self._open, "link", name=tr("Show {name}", name=name))
        inside = card(row(label(name, "strong"), None, mark), *lines, row(self.approve, None, show))
        layout = inside.layout()
        if layout is not None:
            layout.setContentsMargins(12, 10, 12, 8)
            layout.setSpacing(4)
        self.setLayout(column(inside))

    @staticmethod
    def of(device: Device) -> tuple[object, ...]:
        names = (
            "hostname",
            "admission",
            "connected",
            "os_description",
            "os_version",
            "os_type",
            "fingerprint",
        )
        return tuple(device.get(name) for name in names)

    def _approve(self) -> None:
        self._context.ops.run(
            approve_device(self._context.client, self._id),
            busy=self.approve,
            owner=self,
        )

    def _open(self) -> None:
        self._context.navigator.open("device", str(self._id))
