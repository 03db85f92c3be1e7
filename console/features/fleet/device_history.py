"""Everything that was ever run on a device."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, frame, row
from console.widgets.empty_state import EmptyState
from console.widgets.run_columns import run_choices
from console.widgets.run_list import RunList


class DeviceHistory(QWidget):
    """The newest page is read when somebody looks for the first time."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._device_id = 0
        self._begun = False
        nothing = EmptyState(
            "runs",
            tr("Nothing was run here yet"),
            tr("What is run on this device stays listed here."),
            button(tr("Run…"), self._run, need=context.rights.need("rollouts:run")),
        )
        self.list = RunList(
            context,
            "device-runs",
            tr("Runs of the device"),
            nothing,
            choices=run_choices(),
            links=("run", "rollout"),
            hidden=("device",),
            scoped=True,
        )
        bar = frame("tool-bar", row(self.list.filter), (16, 8, 16, 8))
        self.setLayout(column(bar, self.list, gap=0))

    def show_device(self, device_id: int) -> None:
        self._device_id, self._begun = device_id, False
        self.list.filter.clear()
        self.list.show_where({"device_id": device_id}, lambda run: run.get("device_id") == device_id)

    def begin(self) -> None:
        """Somebody looks."""
        if not self._begun:
            self._begun = True
            self.list.load_first()

    def _run(self) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(device_ids=(self._device_id,)))
