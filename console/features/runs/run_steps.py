"""The steps of a run, with the earlier tries of each: whose output is shown is chosen here."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from console.core import formatting, words
from console.core.texts import tr
from console.shell.parts import ElidedLabel, column, label, row
from console.shell.theme import set_role
from console.widgets.status_badge import StatusBadge

Object = dict[str, Any]
Choice = tuple[int, int | None]
"""Number of the step, and of one of its earlier tries; None is the current one."""

WIDTH = 264
_CHOICE = Qt.ItemDataRole.UserRole
_INDENT = 20
_BAD = ("failed", "timed_out", "rejected", "unknown", "expired", "cancelled")


def telling_step(steps: list[Object]) -> int:
    """The number of the step that a reader wants to see first: the one under way, the first that ended
    badly, or the last that ran."""
    started = [step for step in steps if step.get("started_at")]
    for step in started:
        if not step.get("ended_at") or step["state"] in _BAD:
            return int(step["n"])
    return int(started[-1]["n"]) if started else 1


class StepList(QListWidget):
    """Hidden while there is nothing to choose from."""

    picked = Signal()

    def __init__(self) -> None:
        super().__init__()
        set_role(self, "steps")
        self.setAccessibleName(tr("Steps and their tries"))
        self.setFixedWidth(WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.choice: Choice = (1, None)
        self._rows: dict[Choice, _Row] = {}
        self.currentItemChanged.connect(self._changed)
        self.hide()

    def show_steps(self, steps: list[Object], choice: Choice) -> None:
        wanted = _choices(steps)
        if list(self._rows) != list(wanted):
            self._fill(wanted)
        for place, told in wanted.items():
            self._rows[place].tell(*told)
        self.choice = choice if choice in wanted else (choice[0], None)
        self._mark()
        self.setVisible(len(wanted) > 1)

    def _fill(self, wanted: dict[Choice, Any]) -> None:
        self.blockSignals(True)
        self.clear()
        self._rows = {}
        for place in wanted:
            line = _Row(indent=0 if place[1] is None else _INDENT)
            item = QListWidgetItem()
            item.setData(_CHOICE, place)
            self.addItem(item)
            self.setItemWidget(item, line)
            # Only within the list does it have its looks, and with them its size.
            item.setSizeHint(line.sizeHint())
            self._rows[place] = line
        self.blockSignals(False)

    def _mark(self) -> None:
        self.blockSignals(True)
        for at in range(self.count()):
            if self.item(at).data(_CHOICE) == self.choice:
                self.setCurrentRow(at)
        self.blockSignals(False)

    def _changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.choice = item.data(_CHOICE)
            self.picked.emit()


class _Row(QWidget):
    def __init__(self, *, indent: int) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.name, self.badge = ElidedLabel("", ""), StatusBadge()
        self.about = label(" ", "secondary")
        lines = column(row(self.name, None, self.badge), self.about, gap=2)
        lines.setContentsMargins(12 + indent, 8, 12, 8)
        self.setLayout(lines)

    def tell(self, name: str, state: tuple[str, str], about: str) -> None:
        self.name.setText(name)
        self.badge.show_state(*state)
        self.about.setText(about)
        self.setAccessibleName(f"{name}, {state[0]}, {about}")


def _choices(steps: list[Object]) -> dict[Choice, tuple[str, tuple[str, str], str]]:
    """(name, state, more about it) by what can be chosen, in order."""
    found: dict[Choice, tuple[str, tuple[str, str], str]] = {}
    for step in steps:
        tries = step.get("tries") or []
        found[step["n"], None] = (
            f"{step['n']}. {step['name']}",
            words.state_word(step["state"]),
            _about_step(step, len(tries)),
        )
        for one in tries:
            name = tr("Try {n}", n=one["attempt"])
            found[step["n"], one["attempt"]] = (name, words.outcome_word(one), _about(one))
    return found


def _about_step(step: Object, earlier: int) -> str:
    if not step.get("started_at"):
        return words.reason_sentence(step.get("reason") or "") or tr("Has not started")
    parts = [_about(step)]
    if earlier:
        parts.append(tr("try {n}", n=step["attempt"]))
    return " · ".join(part for part in parts if part)


def _about(item: Object) -> str:
    parts = []
    if item.get("started_at") and item.get("ended_at"):
        took = formatting.moment(item["ended_at"]) - formatting.moment(item["started_at"])
        parts.append(formatting.duration(max(0.0, took.total_seconds())))
    if item.get("exit_code") is not None:
        parts.append(tr("exit code {code}", code=item["exit_code"]))
    size = (item.get("stdout_size") or 0) + (item.get("stderr_size") or 0)
    if size:
        parts.append(formatting.size(size))
    return " · ".join(parts)
