"""The listener for boot tools: whether it is on, where, and what is in its way."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit

from backend_lite.contract.images import BootEndpointUpdate
from backend_lite.contract.live import BOOT_ENDPOINT
from console.core import software_ops as ops
from console.core.live import LiveBatch
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, frame, label, row, spin_box
from console.widgets.form import ErrorLine
from console.widgets.status_badge import StatusBadge

Object = dict[str, Any]
_ONE = 1


class BootCard(QFrame):
    """Below a list; what it listens on is opened by a button."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown: Object | None = None
        self.state = StatusBadge("", "idle")
        self.about = label("", "muted", wrap=True)
        self.change = button(
            tr("Change…"),
            self._open,
            name=tr("Change the boot listener"),
            need=context.rights.need("settings:edit"),
        )
        self.on = QCheckBox(tr("On"))
        self.on.setAccessibleName(tr("Boot listener on"))
        self.host = QLineEdit()
        self.host.setAccessibleName(tr("Address of this machine"))
        self.host.setFixedWidth(150)
        self.port = spin_box(tr("Port"), 0, 65535, 0)
        self.port.setSpecialValueText(tr("Any"))
        self.save = button(tr("Apply"), self._save, "primary")
        self.cancel = button(tr("Cancel"), self._close)
        self.error = ErrorLine()
        first = row(label(tr("Boot listener"), "strong"), self.state, self.about, self.change)
        first.setStretch(2, 1)
        self._form = frame(
            "",
            row(
                self.on,
                label(tr("Address"), "muted"),
                self.host,
                label(tr("Port"), "muted"),
                self.port,
                None,
                self.cancel,
                self.save,
            ),
        )
        inside = frame("tool-bar-bottom", column(first, self._form, self.error, gap=8), (16, 10, 16, 10))
        self.setLayout(column(inside))
        self._close()
        self.destroyed.connect(context.live.subscribe(BOOT_ENDPOINT, self._take))

    # ---- inside

    def _take(self, batch: LiveBatch) -> None:
        known = self._context.live.get(BOOT_ENDPOINT, _ONE)
        if known is not None:
            self._show(known)
        elif batch.reset:
            # Who may not see it gets none.
            self.hide()

    def _show(self, endpoint: Object) -> None:
        self._shown = endpoint
        self.show()
        if endpoint["problem"]:
            self.state.show_state(tr("Problem"), "bad")
            self.about.setText(endpoint["problem"])
        elif endpoint["url"]:
            self.state.show_state(tr("On"), "good")
            self.about.setText(
                tr("Boot tools get files at {url}, with a signed address.", url=endpoint["url"])
            )
        else:
            self.state.show_state(tr("Off"), "idle")
            self.about.setText(tr("Boot tools get nothing. Switch it on to hand out boot addresses."))

    def _open(self) -> None:
        if self._shown is None:
            return
        self.on.setChecked(bool(self._shown["enabled"]) or not self._shown["port"])
        self.host.setText(self._shown["host"])
        self.port.setValue(self._shown["port"])
        self._form.show()
        self.change.hide()
        self.on.setFocus()

    def _close(self) -> None:
        self._form.hide()
        self.error.hide()
        self.change.show()

    def _save(self) -> None:
        wanted = BootEndpointUpdate(self.on.isChecked(), self.host.text().strip(), self.port.value())
        self.error.hide()
        self._context.ops.run(
            ops.change_boot(self._context.client, wanted),
            on_success=lambda _endpoint: self._close(),
            on_error=self.error.refused,
            owner=self,
        )
