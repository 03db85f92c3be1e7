"""The panel at the bottom: what is running now with its progress, and what the window has said."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QStackedWidget, QTabBar

from backend_lite.contract.live import ROLLOUT
from console.core import formatting, run_ops
from console.core.activity import Activity, is_open, of_operation, of_rollout
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.shell.activity_list import ActivityList
from console.shell.context import Context
from console.shell.notices import Notice
from console.shell.op_runner import OpHandle
from console.shell.parts import column, frame, icon_button, row
from console.widgets.confirm import confirm

SHOW_AFTER_MS = 300
"""An operation that is over sooner is not worth a line."""
MOST_MESSAGES = 200
KEEP_ENDED_S = 600.0
MOST_ENDED = 20
"""Of the rollouts that ended while the window was open."""


class ActivityPanel(QFrame):
    """`opened(rollout_id)`: a person wants to see that rollout. `closed`: the panel is to be hidden."""

    opened = Signal(int)
    closed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._operations: dict[OpHandle, None] = {}
        self._rollouts: dict[int, Activity] = {}
        self._ended_at: dict[int, float] = {}
        self.lines = ActivityList(context.theme, context.rights.need("rollouts:run"))
        self.lines.opened.connect(self.opened)
        self.lines.cancelled.connect(self._cancel)
        self.lines.cancel_wanted.connect(self._ask_cancel)
        self.messages = QListWidget()
        self.messages.setAccessibleName(tr("Messages"))
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("Activity and messages"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab(tr("Activity"))
        self.tabs.addTab(tr("Messages"))
        stack = QStackedWidget()
        stack.addWidget(self.lines)
        stack.addWidget(self.messages)
        self.tabs.currentChanged.connect(stack.setCurrentIndex)
        close = icon_button("close", tr("Hide the activity panel"), self.closed.emit)
        head = row(self.tabs, None, close)
        head.setContentsMargins(16, 2, 8, 0)
        inside = frame("bottom", column(head, stack, gap=0))
        outer = column(inside)
        self.setLayout(outer)
        self._forgetter = QTimer(self)
        self._forgetter.setSingleShot(True)
        self._forgetter.timeout.connect(self._forget)
        self.destroyed.connect(context.live.subscribe(ROLLOUT, self._take))
        context.ops.started.connect(self._op_started)
        context.ops.ended.connect(self._op_ended)
        context.notices.noticed.connect(self._note)

    def show_messages(self) -> None:
        self.tabs.setCurrentIndex(1)

    def _take(self, batch: LiveBatch) -> None:
        if batch.reset:
            for rollout_id in self._rollouts.keys() - batch.changed.keys():
                self._drop(rollout_id)
        for rollout_id, rollout in batch.changed.items():
            if is_open(rollout):
                self._rollouts[rollout_id] = of_rollout(rollout)
                self._ended_at.pop(rollout_id, None)
            elif rollout_id in self._rollouts:
                # It ended while this window looked on: its end stays to be seen for a while.
                self._rollouts[rollout_id] = of_rollout(rollout)
                self._ended_at.setdefault(rollout_id, self._now())
        for rollout_id in batch.removed:
            self._drop(rollout_id)
        self._show()
        self._forget_later()

    def _now(self) -> float:
        return self._context.clock().timestamp()

    def _drop(self, rollout_id: int) -> None:
        self._rollouts.pop(rollout_id, None)
        self._ended_at.pop(rollout_id, None)

    def _forget_later(self) -> None:
        if self._ended_at and not self._forgetter.isActive():
            due = min(self._ended_at.values()) + KEEP_ENDED_S - self._now()
            self._forgetter.start(max(0, int(due * 1000) + 1))

    def _forget(self) -> None:
        """Drops what ended long ago, and the oldest of many."""
        newest_first = sorted(self._ended_at, key=lambda key: self._ended_at[key], reverse=True)
        for at, rollout_id in enumerate(newest_first):
            if at >= MOST_ENDED or self._now() - self._ended_at[rollout_id] >= KEEP_ENDED_S:
                self._drop(rollout_id)
        self._show()
        self._forget_later()

    def _op_started(self, handle: OpHandle) -> None:
        def show() -> None:
            if handle in self._context.ops.running:
                self._operations[handle] = None
                handle.progressed.connect(self._show)
                self._show()

        QTimer.singleShot(SHOW_AFTER_MS, self, show)

    def _op_ended(self, handle: OpHandle) -> None:
        if handle in self._operations:
            del self._operations[handle]
            self._show()

    def _show(self, *_news: object) -> None:
        operations = [(of_operation(h.title, h.done, h.text), h) for h in self._operations]
        self.lines.show_lines(operations + [(activity, None) for activity in self._in_order()])
        count = len(operations) + sum(activity.is_open for activity in self._rollouts.values())
        self.tabs.setTabText(
            0, plural(count, "Activity · 1", "Activity · {count}") if count else tr("Activity")
        )

    def _in_order(self) -> list[Activity]:
        """What stands still first, then what goes on, then what has ended; the newest of each first."""

        def key(item: tuple[int, Activity]) -> tuple[bool, bool, int]:
            rollout_id, activity = item
            return not activity.stands_out, not activity.is_open, -rollout_id

        return [activity for _, activity in sorted(self._rollouts.items(), key=key)]

    def _cancel(self, handle: OpHandle) -> None:
        handle.cancel()

    def _ask_cancel(self, rollout_id: int) -> None:
        activity = self._rollouts.get(rollout_id)
        if activity is None:
            return
        confirm(
            self.window(),
            tr("Cancel this rollout?"),
            tr(
                "“{title}”: what has not started does not start; what runs is stopped with everything it "
                "started.",
                title=activity.title,
            ),
            tr("Cancel the rollout"),
            lambda: self._cancel_rollout(rollout_id),
        )

    def _cancel_rollout(self, rollout_id: int) -> None:
        self._context.ops.run(run_ops.cancel_rollout(self._context.client, rollout_id), owner=self)

    def _note(self, notice: Notice) -> None:
        time = formatting.clock_time(self._context.clock())
        self.messages.insertItem(0, f"{time}   {notice.text}")
        if self.messages.count() > MOST_MESSAGES:
            self.messages.takeItem(MOST_MESSAGES)
