"""How a rollout is going: why it waits, its waves, and its runs by state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from backend_lite.contract.states import RolloutState
from console.core.run_words import waiting
from console.core.texts import plural, tr
from console.features.runs.rollout_words import COUNTS, shares, wave_title
from console.shell.context import Context
from console.shell.parts import column, label
from console.shell.theme import set_role
from console.widgets.count_chips import Count, CountChips
from console.widgets.row_index import Predicate
from console.widgets.segment_bar import SegmentBar
from console.widgets.wave_strip import Wave, WaveStrip

Object = dict[str, Any]


class RolloutHead(QFrame):
    """`filter_changed(predicate)`: which runs a person wants to see by pressing a count or a wave."""

    filter_changed = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        set_role(self, "tool-bar")
        self.waiting = label("", "tone", wrap=True)
        self.waves = WaveStrip(tr("Waves"))
        self.bar = SegmentBar(tr("Progress of the rollout"))
        self.counts = CountChips(tr("Runs by state"))
        lines = column(self.waiting, self.waves, self.bar, self.counts, gap=8)
        lines.setContentsMargins(16, 10, 16, 10)
        self.setLayout(lines)
        self.waves.chosen.connect(lambda _number: self.filter_changed.emit(self.predicate()))
        self.counts.chosen.connect(lambda _key: self.filter_changed.emit(self.predicate()))

    def reset(self) -> None:
        self.waves.clear()
        self.counts.clear()

    def predicate(self) -> Predicate | None:
        wave, state = self.waves.number, self.counts.key
        if not wave and not state:
            return None
        return lambda run: (not wave or run.get("wave", 1) == wave) and (not state or run["state"] == state)

    def show_rollout(self, rollout: Object, runs: Iterable[Object]) -> None:
        """`runs` are those that are known: the bars of waves show these, everything else the counters."""
        why = waiting(rollout, self._context.clock())
        self.waiting.setText(why)
        self.waiting.setVisible(bool(why))
        set_role(self.waiting, "tone", "warning" if rollout["state"] == RolloutState.HALTED else "idle")
        counters: dict[str, int] = rollout.get("counters") or {}
        self.counts.show_counts(
            [
                Count(key, tr(text, count=f"{counters[key]:,}"), tone)
                for key, text, tone in COUNTS
                if counters.get(key)
            ]
        )
        sizes = rollout.get("waves") or []
        self.waves.setVisible(len(sizes) > 1)
        self.bar.setVisible(len(sizes) <= 1)
        if len(sizes) > 1:
            self.waves.show_waves(_waves(rollout, sizes, runs))
        else:
            self.bar.show_shares(shares(counters, counters.get("total", 0)), _spoken(counters))


def _waves(rollout: Object, sizes: list[int], runs: Iterable[Object]) -> list[Wave]:
    counted: list[dict[str, int]] = [{} for _ in sizes]
    for run in runs:
        at = min(max(int(run.get("wave", 1)), 1), len(sizes)) - 1
        counted[at][run["state"]] = counted[at].get(run["state"], 0) + 1
    return [
        Wave(wave_title(rollout, at + 1), size, shares(counted[at], size), _told(size, counted[at]))
        for at, size in enumerate(sizes)
    ]


def _told(size: int, counts: dict[str, int]) -> str:
    devices = plural(size, "One device", "{count} devices")
    return ": ".join(part for part in (devices, _spoken(counts)) if part)


def _spoken(counts: dict[str, int]) -> str:
    return ", ".join(tr(text, count=f"{counts[key]:,}") for key, text, _tone in COUNTS if counts.get(key))
