"""The waves of a rollout side by side, each with its name, its bar and its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from console.core.texts import tr
from console.shell.parts import column, row
from console.shell.theme import set_role
from console.widgets.segment_bar import SegmentBar

_NARROWEST = 64


@dataclass(frozen=True)
class Wave:
    """`shares` as of a SegmentBar; `description` says the same in words."""

    title: str
    size: int
    shares: tuple[tuple[str, float], ...]
    description: str


class WaveStrip(QWidget):
    """`chosen(number)` counts from 1; 0 when none is pressed any more. Wide waves are wider, but the
    smallest can still be read."""

    chosen = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.waves: list[tuple[QPushButton, SegmentBar]] = []
        self._row = row(gap=10)
        self.setLayout(self._row)

    @property
    def number(self) -> int:
        return next((at for at, (title, _bar) in enumerate(self.waves, 1) if title.isChecked()), 0)

    def show_waves(self, waves: Sequence[Wave]) -> None:
        if len(waves) != len(self.waves):
            self._rebuild(len(waves))
        total = sum(wave.size for wave in waves) or 1
        for at, wave in enumerate(waves):
            title, bar = self.waves[at]
            if title.text() != wave.title:
                title.setText(wave.title)
            title.setToolTip(wave.description)
            title.setAccessibleDescription(wave.description)
            bar.show_shares(wave.shares, wave.description)
            # The root keeps a wave of one beside a wave of a thousand wide enough to be read.
            self._row.setStretch(at, max(1, round(100 * (wave.size / total) ** 0.5)))

    def clear(self) -> None:
        for title, _bar in self.waves:
            title.setChecked(False)

    def _rebuild(self, count: int) -> None:
        while (item := self._row.takeAt(0)) is not None:
            part = item.widget()
            if part is not None:
                part.hide()
                part.deleteLater()
        self.waves = []
        for at in range(count):
            self._row.addWidget(self._wave(at + 1))

    def _wave(self, number: int) -> QWidget:
        title = QPushButton()
        set_role(title, "wave")
        title.setCheckable(True)
        title.clicked.connect(lambda _checked: self._press(number))
        bar = SegmentBar(tr("Progress of wave {n}", n=number))
        self.waves.append((title, bar))
        part = QWidget()
        part.setMinimumWidth(_NARROWEST)
        part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        lines: QVBoxLayout = column(title, bar, gap=2)
        part.setLayout(lines)
        return part

    def _press(self, number: int) -> None:
        for at, (title, _bar) in enumerate(self.waves, 1):
            if at != number:
                title.setChecked(False)
        self.chosen.emit(self.number)
