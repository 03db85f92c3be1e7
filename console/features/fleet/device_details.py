"""What there is to know about one device at a glance: for the right pane and the top of its page."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from backend_lite.contract.fleet import Admission
from backend_lite.contract.states import RunState
from console.core import formatting, words
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.fleet import ops
from console.features.fleet.columns import name
from console.features.fleet.watch import FleetWatch, share
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.widgets.chart import Gauge, Meter
from console.widgets.form import Facts
from console.widgets.status_badge import StatusBadge

Object = dict[str, Any]
RECENT = 6


def sentence(device: Object, context: Context, watch: FleetWatch) -> str:
    """How it is with a device, in a sentence."""
    if device.get("waiting"):
        return str(device["waiting"])
    now = context.clock()
    if not device.get("connected"):
        return tr(
            "Not connected. Last contact {when}.", when=formatting.ago(device.get("last_check_in"), now)
        )
    run = watch.last_run(device["id"])
    if run is None:
        return tr("Healthy. Nothing was run here yet.")
    when = formatting.ago(run.get("ended_at") or run.get("started_at") or run["created_at"], now)
    if run["state"] in (RunState.WAITING, RunState.QUEUED):
        return tr("Healthy. “{title}” has not started yet.", title=run["title"])
    if words.is_open(run):
        return tr("Healthy, running “{title}”.", title=run["title"])
    code = words.exit_code(run)
    if run["state"] == "failed" and code is not None:
        return tr(
            "Healthy, but “{title}” failed {when} with exit code {code}.",
            title=run["title"],
            when=when,
            code=code,
        )
    word, _tone = words.state_word(run["state"])
    return tr("Healthy. “{title}”: {state}, {when}.", title=run["title"], state=word.lower(), when=when)


class Meters(QWidget):
    """CPU and memory now, with their recent past, and how full the disks are."""

    def __init__(self, *, side_by_side: bool) -> None:
        super().__init__()
        self.cpu = Meter(tr("CPU"))
        self.memory = Meter(tr("Memory"), "good")
        self.disk = Gauge(tr("Disk"))
        layout: QHBoxLayout | QVBoxLayout = QHBoxLayout(self) if side_by_side else QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(24 if side_by_side else 12)
        parts: tuple[QWidget, ...] = (self.cpu, self.memory, self.disk)
        for part in parts:
            layout.addWidget(part, 1 if side_by_side else 0)

    def show_device(self, device: Object, watch: FleetWatch) -> None:
        metrics, figures = device.get("metrics"), watch.figures(device["id"])
        if not metrics:
            for meter in (self.cpu, self.memory):
                meter.show_value(formatting.NOTHING, ())
            self.disk.show_value(formatting.NOTHING, None)
            return
        live = bool(device.get("connected"))
        self.cpu.show_value(
            formatting.percent(metrics["cpu_percent"]) if live else formatting.NOTHING, figures.cpu
        )
        self.memory.show_value(
            formatting.size_of(metrics["memory_used"], metrics["memory_total"]), figures.memory
        )
        used = share(metrics["disk_used"], metrics["disk_total"])
        self.disk.show_value(
            tr(
                "{size} · {percent}",
                size=formatting.size_of(metrics["disk_used"], metrics["disk_total"]),
                percent=formatting.percent(used),
            ),
            used,
        )


class ApprovalCard(QWidget):
    """Comparing the words on both screens is what approval means."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._device_id = 0
        self.words = label("", "words", wrap=True)
        self.words.setAccessibleName(tr("Words of the device"))
        self.approve = button(
            tr("Approve"), self._approve, "primary", need=context.rights.need("devices:approve")
        )
        self._why = label("", "secondary", wrap=True)
        inside = card(self._why, self.words, row(self.approve, None))
        self.setLayout(column(inside))

    def show_device(self, device: Object) -> None:
        self._device_id = device["id"]
        admission = device.get("admission")
        self.setVisible(admission in (Admission.PENDING, Admission.QUARANTINED))
        self.words.setText(str(device.get("fingerprint", "")))
        if admission == Admission.QUARANTINED:
            why = device.get("quarantine_reason") or tr("It looks like a copy of another device.")
            self._why.setText(tr("{why} Approve it only if it shows the same words and is no copy:", why=why))
        else:
            self._why.setText(tr("Approve it if the device shows the same words:"))

    def _approve(self) -> None:
        self._context.ops.run(
            ops.approve(self._context.client, [self._device_id]),
            busy=self.approve,
            owner=self,
        )


class RunLine(QWidget):
    """One recent run: state, title, when. A press opens it."""

    def __init__(self, context: Context, run: Object) -> None:
        super().__init__()
        self.run_id: int = run["id"]
        self._context = context
        self.badge = StatusBadge()
        self.title = button("", self._open, "link")
        self.when = label("", "secondary")
        line = row(self.badge, self.title, self.when, None, gap=6)
        self.setLayout(line)
        self.show_run(run)

    def show_run(self, run: Object) -> None:
        self.run_id = run["id"]
        self.badge.show_state(*words.state_word(run["state"]))
        self.title.setText(self._short(run.get("title") or tr("Run {id}", id=run["id"])))
        self.title.setToolTip(str(run.get("title") or ""))
        moment = run.get("ended_at") or run.get("started_at") or run["created_at"]
        self.when.setText("· " + formatting.since(moment, self._context.clock()))

    def _short(self, title: str) -> str:
        return title if len(title) <= 26 else title[:25].rstrip() + "…"

    def _open(self) -> None:
        self._context.navigator.open("run", str(self.run_id))


class RecentRuns(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._lines: list[RunLine] = []
        self._empty = label(tr("Nothing was run here yet."), "muted")
        self._column = column(label(tr("Recent runs"), "header"), self._empty, gap=6)
        self.setLayout(self._column)

    def show_runs(self, runs: list[Object]) -> None:
        self._empty.setVisible(not runs)
        for line, run in zip(self._lines, runs, strict=False):
            line.show_run(run)
            line.show()
        for run in runs[len(self._lines) :]:
            line = RunLine(self._context, run)
            self._lines.append(line)
            self._column.addWidget(line)
        for line in self._lines[len(runs) :]:
            line.hide()


class DeviceDetails(QWidget):
    """For the right pane. With several devices only what concerns all of them."""

    def __init__(self, context: Context, watch: FleetWatch) -> None:
        super().__init__()
        self._context, self._watch = context, watch
        self._ids: tuple[int, ...] = ()
        self.name = label("", "title", wrap=True)
        self.state = StatusBadge()
        self.sentence = label("", "muted", wrap=True)
        self.run = button(tr("Run…"), self._run, "primary", need=context.rights.need("rollouts:run"))
        self.open = button(tr("Open"), self._open)
        self.approval = ApprovalCard(context)
        self.facts = Facts()
        self.meters = Meters(side_by_side=False)
        self.recent = RecentRuns(context)
        lines = column(
            row(self.name, None, self.state),
            self.sentence,
            row(self.run, self.open, None),
            self.approval,
            self.facts,
            self.meters,
            self.recent,
            None,
            gap=12,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)

    def show_devices(self, devices: list[Object]) -> None:
        self._ids = tuple(device["id"] for device in devices)
        one = len(devices) == 1
        for part in (self.state, self.open, self.approval, self.facts, self.meters, self.recent):
            part.setVisible(one)
        if one:
            self._show_one(devices[0])
        else:
            self.name.setText(plural(len(devices), "{count} device", "{count} devices"))
            connected = sum(bool(device.get("connected")) for device in devices)
            self.sentence.setText(tr("{count} of them are connected.", count=f"{connected:,}"))
            self.run.setEnabled(True)

    def _show_one(self, device: Object) -> None:
        self.name.setText(name(device))
        self.state.show_state(*words.contact_word(device, self._context.clock()))
        self.sentence.setText(sentence(device, self._context, self._watch))
        self.run.setEnabled(device.get("admission") == Admission.APPROVED)
        self.approval.show_device(device)
        facts = device.get("facts") or {}
        self.facts.show_fact(tr("System"), words.device_system(device))
        self.facts.show_fact(tr("Address"), device.get("address") or "")
        self.facts.show_fact(tr("Signed in"), ", ".join(facts.get("signed_in") or ()))
        self.facts.show_fact(tr("Agent"), self._agent(device))
        languages = [words.language_word(item) for item in facts.get("languages") or ()]
        self.facts.show_fact(tr("Languages"), ", ".join(languages))
        self.meters.show_device(device, self._watch)
        self.recent.show_runs(self._watch.recent_runs(device["id"], RECENT))

    def _agent(self, device: Object) -> str:
        version = str(device.get("agent_version") or "")
        metrics = device.get("metrics")
        if not version or not metrics or not device.get("connected"):
            return version
        return tr("{version}, up {time}", version=version, time=formatting.rough(metrics["uptime_s"]))

    def _run(self) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(device_ids=self._ids))

    def _open(self) -> None:
        self._context.navigator.open("device", str(self._ids[0]))
