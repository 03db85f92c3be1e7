"""Which devices have a profile, at which revision, and how each of its tasks went there."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.live import DEVICE, ROLLOUT, RUN
from backend_lite.contract.plans import Compliance, ProfileDevice, ProfileWithTasks
from console.core.live import LiveBatch
from console.core.plan_request import ASSIGN_DIALOG, AssignRequest
from console.core.texts import plural, tr
from console.features.plans import ops
from console.features.plans.compliance_columns import compliance_choices, compliance_columns, search_text
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.parts import button, column, frame, row
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import FilterBar
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable

Object = dict[str, Any]
NEWS_MS = 1_000
"""News of runs come all the time: so long they are gathered."""
_AGAIN = (Compliance.FAILED, Compliance.OUTDATED)


class ComplianceView(QWidget):
    """Asks the service while it is seen: when it is opened, and after news of runs of this profile. `tools`
    stand elsewhere on the page.

    `apply_wanted(device_ids)`.
    """

    apply_wanted = Signal(list)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._profile_id = 0
        self._revision = 0
        self._rows: dict[int, Object] = {}
        self._holders: set[int] = set()
        self._asking = False
        self.filter = FilterBar(self, tr("Filter devices"), compliance_choices())
        self.again = button("", self._apply_again, need=context.rights.need("rollouts:run"))
        self.assign = button(tr("Assign to devices…"), self._assign, need=context.rights.need("devices:edit"))
        self.table = LiveTable(
            "compliance",
            tr("Devices with this profile"),
            compliance_columns(context.clock),
            search_text,
            context.settings,
            sort="state",
        )
        self.table.tick()
        self.tools = QWidget()
        self.tools.setLayout(row(self.assign, self.again))
        self.nothing = EmptyState(
            "device",
            tr("No device has this profile"),
            tr("Apply it, or assign it to devices: then you see here how each task went on each of them."),
            button(
                tr("Apply…"),
                lambda: self.apply_wanted.emit([]),
                "primary",
                need=context.rights.need("rollouts:run"),
            ),
            button(tr("Assign to devices…"), self._assign, need=context.rights.need("devices:edit")),
        )
        no_match = EmptyState(
            "filter",
            tr("No device matches"),
            tr("No device of this profile is what the filter asks for."),
            button(tr("Show all"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, no_match)
        self._bar = frame("tool-bar", row(self.filter), (16, 8, 16, 8))
        self.setLayout(column(self._bar, self.centre, gap=0))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(NEWS_MS)
        self._later.timeout.connect(self.look)
        self._connect()

    def show_profile(self, profile: ProfileWithTasks | None) -> None:
        """Another profile, or another revision of it."""
        now = (0, 0) if profile is None else (profile.id, profile.revision)
        if now == (self._profile_id, self._revision):
            return
        if now[0] != self._profile_id:
            self._fill([])
            devices = self._context.live.kind(DEVICE)
            self._holders = {key for key, device in devices.items() if device.get("profile_id") == now[0]}
        self._profile_id, self._revision = now
        if self.isVisible():
            self.look()

    def look(self) -> None:
        """Asks how it is now, unless an answer is on its way."""
        self._later.stop()
        if not self._profile_id or self._asking:
            return
        self._asking = True
        asked = self._profile_id

        def show(found: list[ProfileDevice]) -> None:
            if asked == self._profile_id:
                self._fill(found)

        self._context.ops.run(
            ops.compliance(self._context.client, asked), on_success=show, on_done=self._asked, owner=self
        )

    # ---- inside

    def _connect(self) -> None:
        live = self._context.live
        self.table.opened.connect(self._open)
        self.table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        news = ((ROLLOUT, self._take_rollouts), (RUN, self._take_runs), (DEVICE, self._take_devices))
        for kind, take in news:
            self.destroyed.connect(live.subscribe(kind, take))
        self.centre.recount()

    def _asked(self) -> None:
        self._asking = False

    def _fill(self, found: list[ProfileDevice]) -> None:
        rows = {
            one.device_id: {**msgspec.to_builtins(one), "id": one.device_id, "newest": self._revision}
            for one in found
        }
        before, self._rows = self._rows, rows
        if before.keys() - rows.keys() or not before:
            self.table.model_.take(rows, reset=True)
        else:
            self.table.model_.take({key: item for key, item in rows.items() if item != before.get(key)})
        counts = Counter(item["compliance"] for item in rows.values())
        for one in Compliance:
            self.filter.set_count(one.value, counts[one.value])
        self._show_again(counts)

    def _show_again(self, counts: Counter[str]) -> None:
        failed, outdated = (counts[one.value] for one in _AGAIN)
        if failed and outdated:
            text = tr("Apply again to {n} failed or outdated…", n=f"{failed + outdated:,}")
        elif failed:
            text = plural(failed, "Apply again to the failed one…", "Apply again to {count} failed…")
        else:
            text = plural(outdated, "Apply to the outdated one…", "Apply to {count} outdated…")
        self.again.setText(text)
        self.again.setVisible(bool(failed or outdated))

    def _count(self, _shown: int, total: int) -> None:
        self._bar.setVisible(total > 0)
        self.assign.setVisible(total > 0)

    def _apply_again(self) -> None:
        self.apply_wanted.emit([key for key, item in self._rows.items() if item["compliance"] in _AGAIN])

    def _assign(self) -> None:
        self._context.navigator.ask(ASSIGN_DIALOG, AssignRequest(profile_id=self._profile_id))

    def _open(self, device_id: int) -> None:
        run_id = self._rows[device_id]["run_id"]
        if run_id is not None:
            self._context.navigator.open("run", str(run_id))
        else:
            self._context.navigator.open("device", str(device_id))

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        navigator = self._context.navigator
        if len(chosen) == 1:
            (one,) = chosen
            if one["run_id"] is not None:
                menu.addAction(tr("Open the run")).triggered.connect(
                    lambda _checked: navigator.open("run", str(one["run_id"]))
                )
            menu.addAction(tr("Open the device")).triggered.connect(
                lambda _checked: navigator.open("device", str(one["id"]))
            )
        if chosen:
            ids = [one["id"] for one in chosen]
            gate(
                menu.addAction(tr("Apply again…")), self._context.rights.need("rollouts:run")
            ).triggered.connect(lambda _checked: self.apply_wanted.emit(ids))

    def _take_rollouts(self, batch: LiveBatch) -> None:
        if any(one.get("profile_id") == self._profile_id for one in batch.changed.values()):
            self._news()

    def _take_runs(self, batch: LiveBatch) -> None:
        mine = {item["rollout_id"] for item in self._rows.values()}
        if any(run["rollout_id"] in mine for run in batch.changed.values()):
            self._news()

    def _take_devices(self, batch: LiveBatch) -> None:
        """A device that got the profile, or lost it."""
        before = set(self._holders)
        self._holders -= batch.removed
        for device_id, device in batch.changed.items():
            if device.get("profile_id") == self._profile_id:
                self._holders.add(device_id)
            else:
                self._holders.discard(device_id)
        if self._holders != before:
            self._news()

    def _news(self) -> None:
        if self._profile_id and self.isVisible() and not self._later.isActive():
            self._later.start()
