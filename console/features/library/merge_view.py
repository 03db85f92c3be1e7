"""Two people's changes of one script, one below the other, in place of the editor: whose goes where."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QScrollArea, QWidget

from console.core.merge import Side
from console.core.texts import plural, tr
from console.features.library.merging import Difference, Merging, Take
from console.shell.parts import button, card, column, frame, label, row
from console.shell.theme import set_role, theme

MOST_LINES = 12


class MergeView(QWidget):
    """`closed`: the editor again, as it was. `used(merging)`: with what was chosen."""

    closed = Signal()
    used = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.merging: Merging | None = None
        self.cards: list[DifferenceCard] = []
        self.title = label(tr("Yours and theirs"), "strong")
        self.note = label("", "secondary")
        self.back = button(tr("Back to the editor"), self.closed.emit, name=tr("Back to the editor (Esc)"))
        self.use = button(tr("Use this"), self._use, "primary")
        bar = frame("tool-bar", row(self.title, self.note, None, self.back, self.use), (16, 6, 12, 6))
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self.setLayout(column(bar, self._area, gap=0))

    def show_merging(self, merging: Merging) -> None:
        self.merging = merging
        # What needs a person comes first.
        ordered = sorted(merging.differences, key=lambda one: not one.is_conflict)
        self.cards = [DifferenceCard(one) for one in ordered]
        inside = QWidget()
        set_role(inside, "scrolled")
        margin = theme().margin
        lines = column(*self.cards, None, gap=12)
        lines.setContentsMargins(margin, margin, margin, margin)
        inside.setLayout(lines)
        self._area.setWidget(inside)
        self.note.setText(self._summary(merging))
        first = next((one for one in self.cards if one.difference.is_conflict), None)
        (first.chips[Take.MINE] if first is not None else self.use).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _summary(self, merging: Merging) -> str:
        if not merging.differences:
            return tr("Both are the same.")
        places = plural(len(merging.differences), "{count} difference", "{count} differences")
        if not merging.conflicts:
            return tr("{places}, none at the same place.", places=places)
        both = plural(merging.conflicts, "one changed by both", "{count} changed by both")
        return tr("{places}, {both}: choose which one stays.", places=places, both=both)

    def _use(self) -> None:
        if self.merging is not None:
            self.used.emit(self.merging)


class DifferenceCard(QFrame):
    """One difference, with chips that say which side is taken."""

    def __init__(self, difference: Difference) -> None:
        super().__init__()
        self.difference = difference
        self.chips: dict[Take, QPushButton] = {}
        self._group = QButtonGroup(self)
        mark = label(_who(difference.side), "mark", "warning" if difference.is_conflict else "idle")
        takes = {Take.MINE: tr("Yours"), Take.THEIRS: tr("Theirs"), Take.BOTH: tr("Both")}
        for take, title in takes.items():
            if take is not Take.BOTH or difference.is_text:
                self.chips[take] = self._chip(take, title)
        head = row(label(difference.title, "strong"), mark, None, *self.chips.values())
        sides = row(
            _side(tr("Yours"), difference.mine, difference.is_text),
            _side(tr("Theirs"), difference.theirs, difference.is_text),
            gap=16,
        )
        for at in range(2):
            sides.setStretch(at, 1)
        self.setLayout(column(card(head, sides)))

    def _chip(self, take: Take, title: str) -> QPushButton:
        def choose() -> None:
            self.difference.take = take

        chip = button(title, choose, "chip")
        chip.setAccessibleName(tr("{title}: {side}", title=self.difference.title, side=title))
        chip.setCheckable(True)
        chip.setChecked(self.difference.take is take)
        self._group.addButton(chip)
        return chip


def _who(side: Side) -> str:
    return {
        Side.MINE: tr("changed by you"),
        Side.THEIRS: tr("changed by them"),
    }.get(side, tr("changed by both"))


def _side(title: str, text: str, is_text: bool) -> QWidget:
    lines = text.split("\n")
    shown = "\n".join(lines[:MOST_LINES])
    words = label(shown or tr("(nothing)"), "" if shown else "muted", wrap=True)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if is_text and shown:
        words.setFont(theme().font("mono"))
    parts: list[QWidget] = [label(title, "header"), words]
    if (more := len(lines) - MOST_LINES) > 0:
        parts.append(label(plural(more, "and one more line", "and {count} more lines"), "secondary"))
    made = QWidget()
    made.setLayout(column(*parts, None, gap=4))
    return made
