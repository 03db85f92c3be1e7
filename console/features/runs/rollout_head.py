"""How a rollout is going: why it waits, its waves, and its runs by state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from backend_lite.contract.live import APPROVAL
from backend_lite.contract.states import RolloutState
from console.core import approval_words
from console.core.approval_words import APPROVALS_PAGE
from console.core.run_words import waiting
from console.core.texts import plural, tr
from console.features.runs.rollout_words import COUNTS, shares, wave_title
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.count_chips import Count, CountChips
from console.widgets.row_index import Predicate
from console.widgets.segment_bar import SegmentBar
from console.widgets.wave_strip import Wave, WaveStrip

Object = dict[str, Any]
_STANDS = frozenset({RolloutState.HALTED, RolloutState.HELD})


class RolloutHead(QFrame):
    """`filter_changed(predicate)`: which runs a person wants to see by pressing a count or a wave."""

    filter_changed = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        set_role(self, "tool-bar")
        self.waiting = label("", "tone", wrap=True)
        self.approval = button(tr("Show the approval"), self._open_approval)
        self._approval_id = 0
        self.waves = WaveStrip(tr("Waves"))
        self.bar = SegmentBar(tr("Progress of the rollout"))
        self.counts = CountChips(tr("Runs by state"))
        said = row(self.waiting, self.approval)
        said.setStretch(0, 1)
        lines = column(said, self.waves, self.bar, self.counts, gap=8)
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
        self._show_waiting(rollout)
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

    def _show_waiting(self, rollout: Object) -> None:
        """Why it does not go on; of one that a second person was asked about, what became of that."""
        now = self._context.clock()
        asked = self._context.live.kind(APPROVAL).values()
        approval = approval_words.newest_of(asked, rollout["id"])
        decided = approval_words.sentence(approval, now) if approval is not None else ""
        why = waiting(rollout, now) or decided
        self._approval_id = 0 if approval is None else int(approval["id"])
        self.waiting.setText(why)
        self.waiting.setVisible(bool(why))
        self.approval.setVisible(approval is not None)
        set_role(self.waiting, "tone", "warning" if rollout["state"] in _STANDS else "idle")

    def _open_approval(self) -> None:
        self._context.navigator.open(APPROVALS_PAGE, str(self._approval_id))


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
