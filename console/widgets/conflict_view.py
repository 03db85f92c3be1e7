"""Two people changed the same thing: what each of them did, and a choice where both did something."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from console.core.differences import MINE, THEIRS, Difference, Merging
from console.core.texts import plural, tr
from console.core.work import Find
from console.shell.parts import button, column, frame, label, row
from console.shell.theme import set_role
from console.widgets.status_badge import StatusBadge
from console.widgets.switch import Switch


class ConflictView(QWidget):
    """`resolved(value)`: what a person made of the two. `closed`: not now."""

    resolved = Signal(object)
    closed = Signal()

    def __init__(self, find: Find) -> None:
        super().__init__()
        self._find = find
        self._merge: Merging[Any] | None = None
        self.switches: dict[str | int, Switch] = {}
        self.note = label("", "secondary", wrap=True)
        self.mine = button(tr("Keep mine"), lambda: self._take(MINE))
        self.mine.setToolTip(tr("Everything as it is in the editor; what they changed is lost"))
        self.theirs = button(tr("Take theirs"), lambda: self._take(THEIRS))
        self.theirs.setToolTip(tr("Everything as it is saved now; undo brings yours back"))
        self.merge = button(tr("Merge"), self._merge_now, "primary")
        self.merge.setToolTip(tr("Both people's changes, with the choices below"))
        self.back = button(tr("Not now"), self.closed.emit, "link", name=tr("Not now (Esc)"))
        title = label(tr("Somebody else changed it"), "strong")
        bar = frame(
            "tool-bar", row(title, None, self.back, self.theirs, self.mine, self.merge), (16, 6, 12, 6)
        )
        self._rows = QWidget()
        set_role(self._rows, "scrolled")
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(self._rows)
        note = row(self.note)
        note.setContentsMargins(16, 12, 16, 0)
        self.setLayout(column(bar, note, self._area, gap=0))

    @property
    def differences(self) -> list[Difference]:
        return self._merge.differences(self._find) if self._merge is not None else []

    def show_merge(self, merge: Merging[Any]) -> None:
        self._merge = merge
        self.switches = {}
        found = self.differences
        conflicts = sum(one.is_conflict for one in found)
        self.note.setText(
            plural(
                conflicts,
                "Both of you changed one thing: choose whose version to take. Everything else fits together.",
                "Both of you changed {count} things: choose whose version to take. The rest fits together.",
            )
            if conflicts
            else tr("What the two of you changed fits together: merging keeps all of it.")
        )
        rows = QWidget()
        set_role(rows, "scrolled")
        grid = QGridLayout(rows)
        grid.setContentsMargins(16, 12, 16, 16)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(10)
        for at, stretch in enumerate((3, 4, 4, 0)):
            grid.setColumnStretch(at, stretch)
        for at, text in enumerate(("", tr("You"), tr("They"), tr("Take"))):
            grid.addWidget(label(text, "header"), 0, at)
        for at, one in enumerate(found, 1):
            self._add(grid, at, one)
        grid.setRowStretch(len(found) + 1, 1)
        # The area deletes what it had before.
        self._area.setWidget(rows)
        self._rows = rows
        self.merge.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    # ---- inside

    def _add(self, grid: QGridLayout, at: int, one: Difference) -> None:
        top = Qt.AlignmentFlag.AlignTop
        nothing = tr("No change")
        grid.addWidget(label(one.title or tr("Without a name"), "strong", wrap=True), at, 0, top)
        for column_, lines in ((1, one.mine), (2, one.theirs)):
            text = label("\n".join(lines) or nothing, "" if lines else "secondary", wrap=True)
            grid.addWidget(text, at, column_, top)
        if one.is_conflict:
            switch = Switch(
                tr("Whose “{title}”", title=one.title), [(MINE, tr("Mine")), (THEIRS, tr("Theirs"))]
            )
            switch.chosen.connect(lambda who, key=one.key: self._choose(key, who))
            self.switches[one.key] = switch
            grid.addWidget(switch, at, 3, top)
        else:
            grid.addWidget(StatusBadge(tr("Mine") if one.mine else tr("Theirs"), "idle"), at, 3, top)

    def _choose(self, key: str | int, who: str) -> None:
        if self._merge is not None:
            self._merge.choices[key] = who

    def _take(self, who: str) -> None:
        if self._merge is not None:
            self.resolved.emit(self._merge.mine if who == MINE else self._merge.theirs)

    def _merge_now(self) -> None:
        if self._merge is not None:
            self.resolved.emit(self._merge.result())
