"""The maintenance window of a rollout."""

from __future__ import annotations

import zoneinfo
from functools import cache

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QPushButton, QWidget

from backend_lite.contract.runs import Window
from console.core.spans import DAYS
from console.core.texts import tr
from console.features.runs import option_values as values
from console.shell.parts import column, label, row
from console.shell.theme import set_role
from console.widgets.form import Field
from console.widgets.parsed_field import ParsedField


class WindowFields(QWidget):
    """The maintenance window: from, to, days, time zone."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        complaint = tr("Such as 22:00.")
        self.start = ParsedField(tr("Only from"), values.clock, complaint, empty=tr("Any time"))
        self.end = ParsedField(tr("to"), values.clock, complaint)
        self.zone = ZoneBox()
        self.days: dict[str, QPushButton] = {}
        chips = row(gap=4)
        for day in DAYS:
            chip = QPushButton(values.day_word(day))
            set_role(chip, "chip")
            chip.setCheckable(True)
            chip.toggled.connect(lambda _on: self.changed.emit())
            self.days[day] = chip
            chips.addWidget(chip)
        chips.addStretch(1)
        for field in (self.start, self.end):
            field.setFixedWidth(88)
            field.changed.connect(self.changed)
        self.zone.currentTextChanged.connect(lambda _text: self.changed.emit())
        zone = Field(tr("In the time zone"), self.zone)
        first = row(self.start, self.end, zone, gap=12)
        first.setStretch(2, 1)
        for part in (self.start, self.end, zone):
            first.setAlignment(part, Qt.AlignmentFlag.AlignTop)
        self._days = QWidget()
        self._days.setLayout(column(label(tr("On these days (none: every day)"), "header"), chips, gap=4))
        self.setLayout(column(first, self._days, gap=12))
        self.start.box.textChanged.connect(self._show_days)
        self._show_days()

    def show_window(self, window: Window | None) -> None:
        shown = window or Window("", "")
        self.start.show_text(shown.start)
        self.end.show_text(shown.end)
        self.zone.show_zone(shown.time_zone)
        for day, chip in self.days.items():
            chip.setChecked(day in shown.days)

    def value(self) -> Window | None:
        start, end = self.start.value, self.end.value
        if start is None or end is None:
            return None
        days = [day for day, chip in self.days.items() if chip.isChecked()]
        return Window(start, end, days, self.zone.value)

    def wrong(self) -> str:
        if bool(self.start.text) != bool(self.end.text):
            return tr("The maintenance window needs both times.")
        if self.start.text and self.start.text == self.end.text:
            return tr("The maintenance window begins and ends at the same time.")
        if self.start.wrong or self.end.wrong:
            return tr("The maintenance window: write times such as 22:00.")
        return self.zone.wrong()

    def _show_days(self, _text: str = "") -> None:
        needed = bool(self.start.text)
        self._days.setVisible(needed)
        self.zone.setEnabled(needed)


class ZoneBox(QComboBox):
    """IANA names; the first choice is each device's own zone."""

    def __init__(self) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.setLineEdit(self.line)
        # With a style sheet Qt puts the text at the very edge.
        self.line.setTextMargins(8, 0, 0, 0)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.addItems([tr("Each device's own"), *_zones()])
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)
        popup = completer.popup()
        assert popup is not None
        # Otherwise it belongs to no window, and looks like none of them.
        popup.setParent(self, popup.windowFlags())

    @property
    def value(self) -> str:
        text = self.line.text().strip()
        return "" if text in ("", self.itemText(0)) else text

    def show_zone(self, zone: str) -> None:
        at = self.findText(zone) if zone else 0
        self.setCurrentIndex(max(at, 0))
        if at < 0:
            self.line.setText(zone)

    def wrong(self) -> str:
        if self.value and self.findText(self.value) < 0:
            return tr("“{zone}” is no time zone: choose one of the list.", zone=self.value)
        return ""


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")
