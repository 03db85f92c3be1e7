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
    """`changed` follows all of it. Groups and query are made when they are first looked at."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.picker = DevicePicker(context)
        self._groups: GroupPicker | None = None
        self._query: QueryTarget | None = None
        self.sentence = label("", "secondary", wrap=True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.picker)
        self._chips: dict[str, QPushButton] = {}
        self._together = QButtonGroup(self)
        self._title = label(tr("Where"), "header")
        bar = row(self._title, gap=6)
        for key in ("devices", "groups", "query"):
            bar.addWidget(self._chip(key))
        bar.addStretch(1)
        self.setLayout(column(bar, self._stack, self.sentence, gap=8))
        self.picker.changed.connect(self._tell)
        self._say()

    @property
    def groups(self) -> GroupPicker:
        if self._groups is None:
            self._groups = GroupPicker(self._context)
            self._stack.addWidget(self._groups)
            self._groups.changed.connect(self._tell)
        return self._groups

    @property
    def query(self) -> QueryTarget:
        if self._query is None:
            self._query = QueryTarget(self._context)
            self._stack.addWidget(self._query)
            self._query.changed.connect(self._tell)
        return self._query

    def show_request(self, request: RunRequest) -> None:
        if request.on_one_device:
            self._choose_one_only()
        self.picker.choose(request.device_ids)
        if request.group_ids:
            self.groups.choose(request.group_ids)
        if request.query:
            self.query.show_text(request.query)
        if self.picker.chosen:
            self.picker.filter.choose("chosen" if len(self.picker.chosen) > 1 else "all")
            self.picker.table.select(self.picker.chosen[:1])
            self.open("devices")
        else:
            self.open("groups" if self._chosen_groups else "query" if self._text else "devices")

    def _choose_one_only(self) -> None:
        self.picker.choose_one_only()
        self._title.setText(tr("On which device"))
        for chip in self._chips.values():
            chip.hide()

    def open(self, key: str) -> None:
        self._chips[key].click()

    def value(self) -> Targets:
        return Targets(self.picker.chosen, self._chosen_groups, "" if self._wrong_query else self._text)

    @property
    def are_named(self) -> bool:
        """True when only devices are chosen: how many is known without asking."""
        return not self._chosen_groups and not self._text

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        if self._wrong_query:
            return tr("The query: {error}", error=self._wrong_query)
        if self.are_named and not self.picker.chosen:
            return tr("Choose a device.") if self.picker.is_for_one else tr("Choose at least one device.")
        return ""

    def show_count(self, count: int | None) -> None:
        """How many devices there are, as far as it is known."""
        if self._query is not None:
            alone = not self.picker.chosen and not self._chosen_groups
            self._query.show_count(count if alone else None)

    def first_gap(self) -> QWidget | None:
        """Where a person has to choose something first."""
        return self.picker.table if self.wrong() else None

    # ---- inside

    @property
    def _chosen_groups(self) -> list[int]:
        return self._groups.chosen if self._groups is not None else []

    @property
    def _text(self) -> str:
        return self._query.text if self._query is not None else ""

    @property
    def _wrong_query(self) -> str:
        return self._query.wrong() if self._query is not None else ""

    def _chip(self, key: str) -> QPushButton:
        chip = QPushButton()
        set_role(chip, "chip")
        chip.setCheckable(True)
        chip.clicked.connect(lambda _checked: self._show(key))
        self._together.addButton(chip)
        self._chips[key] = chip
        return chip

    def _show(self, key: str) -> None:
        parts: dict[str, QWidget] = {"devices": self.picker}
        if key == "groups":
            parts[key] = self.groups
        elif key == "query":
            parts[key] = self.query
        self._stack.setCurrentWidget(parts[key])

    def _tell(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        for key, title, count in (
            ("devices", tr("Devices"), len(self.picker.chosen)),
            ("groups", tr("Groups"), len(self._chosen_groups)),
        ):
            self._chips[key].setText(f"{title} · {count:,}" if count else title)
        in_use = self._text and not self._wrong_query
        self._chips["query"].setText(tr("Query · in use") if in_use else tr("Query"))
        self.sentence.setText(self._together_words())
        self.sentence.setVisible(bool(self.sentence.text()))

    def _together_words(self) -> str:
        parts = []
        if self.picker.chosen:
            parts.append(plural(len(self.picker.chosen), "{count} device", "{count} devices"))
        if self._groups is not None:
            parts += [tr("the group “{name}”", name=group["name"]) for group in self._groups.chosen_groups()]
        if self._text:
            parts.append(tr("what matches “{query}”", query=self._text))
        return tr("Together: {parts}.", parts=", ".join(parts)) if len(parts) > 1 else ""
