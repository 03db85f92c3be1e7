"""How a rollout is going: its share of ends in a bar, its counts in words, and its end on request."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from backend_lite.contract.live import ROLLOUT
from console.core import formatting
from console.core.activity import is_open
from console.core.texts import plural, tr
from console.features.runs import ops
from console.shell.context import Context
from console.shell.parts import button, column, frame, label, row
from console.widgets.confirm import confirm
from console.widgets.segment_bar import SegmentBar

Object = dict[str, Any]

_COUNTS = (
    ("succeeded", "{count} succeeded", "good"),
    ("failed", "{count} failed", "bad"),
    ("unknown", "{count} unknown", "warning"),
    ("running", "{count} running", "accent"),
    ("cancelling", "{count} cancelling", "accent"),
    ("queued", "{count} queued", "idle"),
    ("waiting", "{count} waiting", "idle"),
    ("cancelled", "{count} cancelled", "idle"),
    ("skipped", "{count} skipped", "idle"),
    ("expired", "{count} expired", "warning"),
)


class RolloutBar(QFrame):
    """`left`: the person wants to see all runs again."""

    left = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rollout_id: int | None = None
        self.title = label("", "title")
        self.counts = label("")
        self.note = label("", "secondary")
        self.bar = SegmentBar(tr("Progress of the rollout"))
        self.cancel = button(tr("Cancel the rollout…"), self._ask_cancel, "danger")
        self.all = button(tr("All runs"), self.left.emit)
        lines = column(row(self.title, self.note, None, self.all, self.cancel), self.bar, self.counts, gap=8)
        self.setLayout(column(frame("tool-bar", lines, (16, 10, 16, 10))))
        self.hide()

    def show_rollout(self, rollout_id: int | None) -> None:
        self._rollout_id = rollout_id
        self.setVisible(rollout_id is not None)
        if rollout_id is None:
            return
        if self._context.live.get(ROLLOUT, rollout_id) is None:
            self._load(rollout_id)
        self.refresh()

    def refresh(self) -> None:
        if self._rollout_id is not None:
            known = self._context.live.get(ROLLOUT, self._rollout_id)
            if known is not None:
                self._show(known)

    def _load(self, rollout_id: int) -> None:
        self._context.ops.run(
            ops.load_rollout(self._context.client, rollout_id),
            on_success=lambda rollout: self._show(msgspec.to_builtins(rollout)),
            owner=self,
        )

    def _show(self, rollout: Object) -> None:
        if rollout["id"] != self._rollout_id:
            return
        counters: dict[str, int] = rollout.get("counters") or {}
        total = counters.get("total", 0)
        self.title.setText(
            plural(total, "{title} → {count} device", "{title} → {count} devices", title=rollout["title"])
        )
        when = formatting.local_time(rollout["created_at"], self._context.clock())
        revision = rollout.get("revision")
        self.note.setText(
            tr("started {when} by {who}", when=when, who=rollout.get("created_by") or "?")
            + (tr(", revision {n}", n=revision) if revision else "")
        )
        words = [
            (tr(text, count=f"{counters[key]:,}"), tone) for key, text, tone in _COUNTS if counters.get(key)
        ]
        self.counts.setText("   ".join(text for text, _tone in words))
        shares = [
            (tone, counters[key] / total)
            for key, _text, tone in _COUNTS
            if counters.get(key) and key not in ("queued", "waiting")
        ]
        self.bar.show_shares(shares if total else (), ", ".join(text for text, _tone in words))
        self.cancel.setVisible(is_open(rollout))

    def _ask_cancel(self) -> None:
        confirm(
            self.window(),
            tr("Cancel this rollout?"),
            tr("What has not started does not start; what runs is stopped with everything it started."),
            tr("Cancel the rollout"),
            self._cancel,
        )

    def _cancel(self) -> None:
        if self._rollout_id is not None:
            self._context.ops.run(
                ops.cancel_rollout(self._context.client, self._rollout_id),
                on_success=lambda rollout: self._show(msgspec.to_builtins(rollout)),
                owner=self,
            )
