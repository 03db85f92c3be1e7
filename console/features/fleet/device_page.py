"""One device: what it is, what it does now, what was run on it."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QScrollArea, QStackedWidget, QTabBar, QWidget

from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import Admission
from backend_lite.contract.live import DEVICE, PAUSE
from backend_lite.contract.pauses import PauseScope
from console.core import formatting, words
from console.core.live import LiveBatch
from console.core.pause_request import PauseRequest
from console.core.plan_request import ASSIGN_DIALOG, AssignRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.fleet import ops
from console.features.fleet.columns import name
from console.features.fleet.device_details import ApprovalCard, Meters, sentence
from console.features.fleet.device_groups import DeviceGroups
from console.features.fleet.device_history import DeviceHistory
from console.features.fleet.device_metrics import DeviceMetrics
from console.features.fleet.device_software import DeviceSoftwareView
from console.features.fleet.group_words import device_pauses
from console.features.fleet.pause_part import PausePart
from console.features.fleet.removal import ask_removal
from console.features.fleet.watch import FleetWatch
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.page import Page
from console.shell.parts import PageHeader, button, card, column, frame, label, row
from console.shell.theme import set_role
from console.widgets.audit_history import history_button
from console.widgets.empty_state import EmptyState
from console.widgets.form import Facts, Field

Object = dict[str, Any]
_SOFTWARE, _RUNS, _METRICS = 1, 2, 3


class DevicePage(Page):
    key = "device"

    def __init__(self, context: Context, watch: FleetWatch) -> None:
        super().__init__()
        self._context, self._watch = context, watch
        self._device_id = 0
        self._device: Object | None = None
        crumb = button(tr("Devices /"), lambda: context.navigator.open("devices"), "link")
        self.run = button(tr("Run…"), self._run, "primary", need=context.rights.need("rollouts:run"))
        self.remove = button(
            tr("Remove…"), self._remove, "danger", need=context.rights.need("devices:delete")
        )
        self.assign = button(tr("Assign profile…"), self._assign, need=context.rights.need("devices:edit"))
        self.pause = PausePart(self, context, PauseScope.DEVICE)
        self.history = history_button(context, lambda: ("device", self._device_id))
        actions = (self.history, self.remove, self.pause.button, self.assign, self.run)
        self.header = PageHeader("", *actions, crumb=crumb, marks=[self.pause.badge])
        self.sentence = label("", "muted", wrap=True)
        self.header.below.addWidget(self.sentence, 1)
        self.approval = ApprovalCard(context)
        self.meters = Meters(side_by_side=True)
        self.facts = Facts(110)
        self.machine = Facts(110)
        self.network = Facts(110)
        self.tags = Field(tr("Tags"), QLineEdit(), tr("Words with commas between them; Enter saves."))
        self.groups = DeviceGroups(context)
        self.runs = DeviceHistory(context)
        self.software = DeviceSoftwareView(context)
        self.metrics = DeviceMetrics(context)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("Parts of the device"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab(tr("Overview"))
        for title in (tr("Software"), tr("Runs"), tr("Metrics")):
            self.tabs.addTab(title)
        self._tab_line = frame("tool-bar", row(self.tabs, None), (16, 0, 16, 0))
        self.missing = EmptyState(
            "device",
            tr("There is no such device"),
            tr("It was removed, or the address is wrong."),
            button(tr("Show all devices"), lambda: context.navigator.open("devices")),
        )
        self.centre = QStackedWidget()
        self.centre.addWidget(self._content())
        for part in (self.software, self.runs, self.metrics):
            self.centre.addWidget(part)
        self.centre.addWidget(self.missing)
        self.setLayout(column(self.header, self._tab_line, self.centre, gap=0))
        self._connect()

    def show_target(self, target: str | None) -> None:
        device_id = int(target) if target and target.isdigit() else 0
        if device_id != self._device_id:
            self._device_id = device_id
            self.tabs.setCurrentIndex(0)
            for part in (self.software, self.runs, self.metrics):
                part.show_device(device_id)
        self.groups.show_device(device_id)
        self._device = None
        known = self._context.live.get(DEVICE, self._device_id)
        if known is not None:
            self._show(known)
        else:
            self._load()

    def subjects(self) -> tuple[int, ...]:
        return (self._device_id,) if self._device is not None else ()

    def _content(self) -> QScrollArea:
        grid = QGridLayout()
        grid.setSpacing(12)
        grid.setContentsMargins(0, 0, 0, 0)
        for at, (title, facts) in enumerate(
            ((tr("System"), self.facts), (tr("Machine"), self.machine), (tr("Network"), self.network))
        ):
            facts_card = card(label(title, "title"), facts, None)
            grid.addWidget(facts_card, 0, at)
            grid.setColumnStretch(at, 1)
        about = row(card(self.tags, None), card(self.groups, None), gap=12)
        lines = column(self.approval, card(self.meters), grid, about, None, gap=12)
        lines.setContentsMargins(16, 16, 16, 16)
        inside = QWidget()
        set_role(inside, "scrolled")
        inside.setLayout(lines)
        area = QScrollArea()
        set_role(area, "page")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        return area

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._show_tab)
        self._tag_box().returnPressed.connect(self._save_tags)
        edits = self._context.rights.need("devices:edit")
        follow(self, edits, self._tag_box().setEnabled)
        self.groups.changed.connect(self._show_pauses)
        live = self._context.live
        for stop in (live.subscribe(DEVICE, self._take), live.subscribe(PAUSE, self._take_pauses)):
            self.destroyed.connect(stop)

    def _tag_box(self) -> QLineEdit:
        assert isinstance(self.tags.input, QLineEdit)
        return self.tags.input

    def _load(self) -> None:
        self._context.ops.run(
            ops.load(self._context.client, self._device_id),
            on_success=lambda device: self._show(msgspec.to_builtins(device)),
            on_error=lambda _refusal: self._show_missing(),
            owner=self,
        )

    def _take(self, batch: LiveBatch) -> None:
        if self._device_id in batch.changed:
            self._show(batch.changed[self._device_id])
        elif self._device_id in batch.removed:
            self._show_missing()

    def _show_tab(self, at: int) -> None:
        if self.centre.currentWidget() is not self.missing:
            self.centre.setCurrentIndex(at)
        if at == _SOFTWARE:
            self.software.load()
        elif at == _RUNS:
            self.runs.begin()
        elif at == _METRICS:
            self.metrics.load()

    def _show_missing(self) -> None:
        self._tab_line.hide()
        self.centre.setCurrentWidget(self.missing)
        self.header.title.setText(tr("Device {id}", id=self._device_id))
        self.header.set_mark("")
        self.sentence.clear()
        self.pause.button.hide()
        self.pause.badge.hide()
        for part in (self.run, self.remove, self.assign):
            part.setEnabled(False)

    def _show(self, device: Object) -> None:
        first, self._device = self._device is None, device
        self._tab_line.show()
        self.centre.setCurrentIndex(self.tabs.currentIndex())
        self.setWindowTitle(name(device))
        self.header.title.setText(name(device))
        self.header.set_mark(*words.contact_word(device, self._context.clock()))
        self._show_pauses()
        self.run.setEnabled(device.get("admission") == Admission.APPROVED)
        for part in (self.remove, self.assign):
            part.setEnabled(True)
        self.approval.show_device(device)
        self.meters.show_device(device, self._watch)
        self._show_facts(device, device.get("facts") or {})
        box = self._tag_box()
        if first or not box.isModified():
            box.setText(", ".join(device.get("tags") or ()))
        if first:
            self.title_changed.emit()

    def _take_pauses(self, _batch: LiveBatch) -> None:
        self._show_pauses()

    def _show_pauses(self) -> None:
        """How it is with the device, and what pauses work on it, by whichever of its groups."""
        if self._device is None:
            return
        known = self._context.live.kind(PAUSE).values()
        pauses = device_pauses(known, self._device_id, self.groups.ids)
        self.pause.show(PauseRequest((self._device_id,)), pauses)
        self.pause.button.show()
        said = sentence(self._device, self._context, self._watch)
        self.sentence.setText(f"{said} {self.pause.sentence}".strip())

    def _show_facts(self, device: Object, facts: Object) -> None:
        now = self._context.clock()
        languages = [words.language_word(item) for item in facts.get("languages") or ()]
        booted = facts.get("booted_at")
        for title, value in (
            (tr("System"), words.device_system(device)),
            (tr("Languages"), ", ".join(languages)),
            (tr("Signed in"), ", ".join(facts.get("signed_in") or ())),
            (tr("Time zone"), facts.get("time_zone") or ""),
            (tr("Started"), formatting.local_time(format_time(booted), now) if booted else ""),
            (tr("Agent"), device.get("agent_version") or ""),
            (tr("Added"), formatting.local_time(device.get("created_at"), now)),
            (tr("Last contact"), formatting.ago(device.get("last_check_in"), now)),
        ):
            self.facts.show_fact(title, value)
        for title, value in (
            (tr("Model"), " ".join(p for p in (facts.get("manufacturer"), facts.get("model")) if p)),
            (tr("Serial"), facts.get("serial") or ""),
            (tr("Processor"), _processor(facts)),
            (tr("Memory"), formatting.size(facts["memory_total"]) if facts.get("memory_total") else ""),
            (tr("Architecture"), facts.get("architecture") or ""),
            (tr("Disks"), "\n".join(_disk(disk) for disk in facts.get("disks") or ())),
        ):
            self.machine.show_fact(title, value)
        self.network.show_fact(tr("Address"), device.get("address") or "")
        self.network.show_fact(tr("Interfaces"), "\n".join(_address(a) for a in facts.get("addresses") or ()))
        self.network.show_fact(tr("Fingerprint"), device.get("fingerprint") or "")
        self.network.show_fact(tr("Identity"), device.get("uid") or "")

    def _run(self) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(device_ids=(self._device_id,)))

    def _assign(self) -> None:
        self._context.navigator.ask(ASSIGN_DIALOG, AssignRequest((self._device_id,)))

    def _remove(self) -> None:
        if self._device is not None:
            ask_removal(self, self._context, [self._device])

    def _save_tags(self) -> None:
        box = self._tag_box()
        tags = list(dict.fromkeys(tag.strip() for tag in box.text().split(",") if tag.strip()))
        self._context.ops.run(
            ops.set_tags(self._context.client, self._device_id, tags),
            on_success=lambda _device: self._tags_saved(),
            on_error=lambda refusal: self.tags.set_error(refusal.detail),
            owner=self,
        )

    def _tags_saved(self) -> None:
        self.tags.set_error("")
        self._tag_box().setModified(False)
        if self._device is not None:
            self._tag_box().setText(", ".join(self._device.get("tags") or ()))


def _processor(facts: Object) -> str:
    if not facts.get("cpu_model") and not facts.get("cpu_count"):
        return ""
    count = tr("{count} cores", count=facts["cpu_count"]) if facts.get("cpu_count") else ""
    return ", ".join(part for part in (facts.get("cpu_model"), count) if part)


def _disk(disk: Object) -> str:
    size = formatting.size_of(disk["used"], disk["total"])
    return tr("{mount} · {size} · {kind}", mount=disk["mount"], size=size, kind=disk["file_system"])


def _address(address: Object) -> str:
    return " · ".join(part for part in (address["address"], address["interface"], address["mac"]) if part)
