"""Where: devices by name, groups, and a query; together, each device once."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QPushButton, QStackedWidget, QWidget

from backend_lite.contract.runs import Targets
from console.core.run_request import RunRequest
from console.core.texts import plural, tr
from console.features.runs.device_picker import DevicePicker
from console.features.runs.group_picker import GroupPicker
from console.features.runs.query_target import QueryTarget
from console.shell.context import Context
from console.shell.parts import column, label, row
from console.shell.theme import set_role


class RunTargets(QWidget):
    """`changed` follows all of it."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.picker = DevicePicker(context)
        self.groups = GroupPicker(context)
        self.query = QueryTarget(context)
        self.sentence = label("", "secondary", wrap=True)
        self._stack = QStackedWidget()
        self._chips: dict[str, QPushButton] = {}
        self._together = QButtonGroup(self)
        bar = row(label(tr("Where"), "header"), gap=6)
        for key, part in (("devices", self.picker), ("groups", self.groups), ("query", self.query)):
            self._stack.addWidget(part)
            bar.addWidget(self._chip(key, part))
        bar.addStretch(1)
        self.setLayout(column(bar, self._stack, self.sentence, gap=8))
        for changed in (self.picker.changed, self.groups.changed, self.query.changed):
            changed.connect(self._tell)
        self._say()

    def show_request(self, request: RunRequest) -> None:
        self.picker.choose(request.device_ids)
        self.groups.choose(request.group_ids)
        self.query.show_text(request.query)
        if request.device_ids:
            self.picker.filter.choose("chosen" if len(self.picker.chosen) > 1 else "all")
            self.picker.table.select(self.picker.chosen[:1])
        self.open("devices" if self.picker.chosen else "groups" if self.groups.chosen else "query")
        if not (self.picker.chosen or self.groups.chosen or self.query.text):
            self.open("devices")

    def open(self, key: str) -> None:
        self._chips[key].click()

    def value(self) -> Targets:
        return Targets(self.picker.chosen, self.groups.chosen, "" if self.query.wrong() else self.query.text)

    @property
    def are_named(self) -> bool:
        """True when only devices are chosen: how many is known without asking."""
        return not self.groups.chosen and not self.query.text

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        if self.query.wrong():
            return tr("The query: {error}", error=self.query.wrong())
        if not (self.picker.chosen or self.groups.chosen or self.query.text):
            return tr("Choose at least one device.")
        return ""

    def show_count(self, count: int | None) -> None:
        """How many devices there are, as far as it is known."""
        only_query = not self.picker.chosen and not self.groups.chosen
        self.query.show_count(count if only_query else None)

    def first_gap(self) -> QWidget | None:
        """Where a person has to choose something first."""
        return self.picker.table if self.wrong() else None

    # ---- inside

    def _chip(self, key: str, part: QWidget) -> QPushButton:
        chip = QPushButton()
        set_role(chip, "chip")
        chip.setCheckable(True)
        chip.clicked.connect(lambda _checked: self._stack.setCurrentWidget(part))
        self._together.addButton(chip)
        self._chips[key] = chip
        return chip

    def _tell(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        for key, title, count in (
            ("devices", tr("Devices"), len(self.picker.chosen)),
            ("groups", tr("Groups"), len(self.groups.chosen)),
        ):
            self._chips[key].setText(f"{title} · {count:,}" if count else title)
        self._chips["query"].setText(
            tr("Query · in use") if self.query.text and not self.query.wrong() else tr("Query")
        )
        self._chips["query"].setAccessibleName(tr("Query"))
        self.sentence.setText(self._together_words())
        self.sentence.setVisible(bool(self.sentence.text()))

    def _together_words(self) -> str:
        parts = []
        if self.picker.chosen:
            parts.append(plural(len(self.picker.chosen), "{count} device", "{count} devices"))
        parts += [tr("the group “{name}”", name=group["name"]) for group in self.groups.chosen_groups()]
        if self.query.text:
            parts.append(tr("what matches “{query}”", query=self.query.text))
        return tr("Together: {parts}.", parts=", ".join(parts)) if len(parts) > 1 else ""
