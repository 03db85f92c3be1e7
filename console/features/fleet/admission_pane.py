"""What has to be known to decide about a device: its words, where it comes from, what it resembles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from backend_lite.contract.live import DEVICE, GROUP
from console.core import formatting, words
from console.core.formatting import NOTHING
from console.core.texts import plural, tr
from console.features.fleet import admission_words
from console.features.fleet.columns import name
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Facts

Object = dict[str, Any]
_LISTED = 12


class AdmissionPane(QScrollArea):
    """`merge_wanted(device_id, other_id)`, `apart_wanted(device_id)`."""

    merge_wanted = Signal(int, int)
    apart_wanted = Signal(int)

    def __init__(self, context: Context, expected: Mapping[int, Object]) -> None:
        """`expected` has the entries of those that were expected, by device."""
        super().__init__()
        self._context = context
        self.words = _WordsCard(context, expected)
        self.twin = _TwinCard(context)
        self.clone = _CloneCard()
        self.several = label("", "muted", wrap=True)
        self.twin.merge_wanted.connect(self.merge_wanted)
        self.twin.apart_wanted.connect(self.apart_wanted)
        lines = column(self.several, self.words, self.clone, self.twin, None, gap=12)
        lines.setContentsMargins(16, 12, 16, 16)
        inside = QWidget()
        set_role(inside, "scrolled")
        inside.setLayout(lines)
        set_role(self, "page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("The device that waits"))
        self.setWidget(inside)

    def show_devices(self, devices: list[Object]) -> None:
        one = devices[0] if len(devices) == 1 else None
        self.several.setVisible(one is None)
        self.words.setVisible(one is not None)
        self.clone.setVisible(one is not None and admission_words.is_clone(one))
        other = None if one is None else self._context.live.get(DEVICE, one["possible_duplicate_of"] or 0)
        self.twin.setVisible(other is not None)
        if one is None:
            self.several.setText(_said_of_several(devices))
            return
        self.words.show_device(one)
        self.clone.show_device(one)
        if other is not None:
            self.twin.show_devices(one, other)


def _said_of_several(devices: list[Object]) -> str:
    if not devices:
        return tr("Choose a device to see its words.")
    lines = [f"{name(device)}:  {device.get('fingerprint') or NOTHING}" for device in devices[:_LISTED]]
    if len(devices) > _LISTED:
        lines.append(tr("and {count} more", count=len(devices) - _LISTED))
    title = plural(
        len(devices),
        "{count} device. Approve it if it shows these words:",
        "{count} devices. Approve them if each shows its words:",
    )
    return "\n".join([title, "", *lines])


class _WordsCard(QWidget):
    def __init__(self, context: Context, expected: Mapping[int, Object]) -> None:
        super().__init__()
        self._expected = expected
        self._context = context
        self.title = label("", "title", wrap=True)
        self.why = label("", "secondary", wrap=True)
        self.words = label("", "words-large", wrap=True)
        self.words.setAccessibleName(tr("Words of the device"))
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.facts = Facts(110)
        self.open = button(tr("Open"), self._open, "link")
        self._device_id = 0
        left = column(row(self.title, None, self.open), self.why, self.words, None, gap=8)
        both = row(left, self.facts, gap=24)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        self.setLayout(column(card(both)))

    def show_device(self, device: Object) -> None:
        self._device_id = device["id"]
        live, now = self._context.live, self._context.clock()
        self.title.setText(name(device))
        has_words = bool(device.get("fingerprint"))
        self.why.setText(
            tr("Approve it if the device shows the same words:")
            if has_words
            else tr("It calls by HTTP and has no key: nobody can tell by words whether it is the one.")
        )
        self.words.setText(str(device.get("fingerprint") or ""))
        self.words.setVisible(has_words)
        groups = {key: str(group["name"]) for key, group in live.kind(GROUP).items()}
        entry = self._expected.get(device["id"])
        for title, value in (
            (tr("Came by"), str(device.get("came_by") or "")),
            (tr("Address"), str(device.get("address") or "")),
            (tr("Since"), formatting.ago(device.get("created_at"), now)),
            (tr("System"), words.device_system(device)),
            (tr("Hardware"), str(device.get("hardware_summary") or "")),
            (tr("Serial"), str(device.get("serial") or "")),
            (tr("Agent"), str(device.get("agent_version") or "")),
            (tr("Expected"), admission_words.expected_sentence(entry, groups)),
        ):
            self.facts.show_fact(title, value)

    def _open(self) -> None:
        self._context.navigator.open("device", str(self._device_id))


class _CloneCard(QWidget):
    """What happened, and what each choice means."""

    def __init__(self) -> None:
        super().__init__()
        self.reason = label("", wrap=True)
        self.choices = Facts(110)
        self.choices.show_fact(
            tr("Approve"),
            tr(
                "One copy goes on as this device: whichever comes next. Before, shut the others down, or "
                "delete the data folder of their agent and enroll them anew. If two come again, it is "
                "stopped again."
            ),
        )
        self.choices.show_fact(
            tr("Refuse"),
            tr("Every copy is shut out for good. Each can come back with a key of its own."),
        )
        self.setLayout(
            column(card(label(tr("Several copies of one device"), "title"), self.reason, self.choices))
        )

    def show_device(self, device: Object) -> None:
        self.reason.setText(str(device.get("quarantine_reason") or ""))


class _TwinCard(QWidget):
    """The newcomer and the device that it resembles, side by side."""

    merge_wanted = Signal(int, int)
    apart_wanted = Signal(int)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._ids = (0, 0)
        self.merge = button(
            tr("Same machine: merge"), self._merge, need=context.rights.need("devices:approve")
        )
        self.apart = button(tr("Keep apart"), self._apart, need=context.rights.need("devices:approve"))
        self.hint = label("", "secondary", wrap=True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(2, 1)
        self._cells: list[QLabel] = []
        heading = label(tr("It resembles a device that is known"), "title")
        self.setLayout(column(card(row(heading, None, self.apart, self.merge), self.hint, self._grid)))

    def show_devices(self, device: Object, other: Object) -> None:
        self._ids = device["id"], other["id"]
        connected = bool(other.get("connected"))
        self.merge.setEnabled(not connected)
        self.hint.setText(
            tr("{name} is connected now, so it is another machine.", name=name(other))
            if connected
            else tr("Merging hands tags, groups, profile and history on and removes the former device.")
        )
        self._clear()
        self._line(0, "", tr("This device"), tr("Known: device {id}", id=other["id"]), "header")
        for at, (title, mine, its) in enumerate(
            admission_words.comparison(device, other, self._context.clock), 1
        ):
            same = mine == its and mine != NOTHING
            self._line(at, title, mine, tr("{value}  · the same", value=its) if same else its, "")

    def compared(self) -> list[str]:
        """What the cells say, line by line."""
        return [cell.text() for cell in self._cells]

    def _line(self, at: int, title: str, mine: str, its: str, role: str) -> None:
        for place, (text, used) in enumerate(((title, "muted"), (mine, role), (its, role))):
            cell = label(text, used, wrap=place > 0)
            cell.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(cell, at, place)
            self._cells.append(cell)

    def _clear(self) -> None:
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self._cells.clear()

    def _merge(self) -> None:
        self.merge_wanted.emit(*self._ids)

    def _apart(self) -> None:
        self.apart_wanted.emit(self._ids[0])
