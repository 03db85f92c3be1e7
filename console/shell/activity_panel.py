"""The panel at the bottom: what is running now with its progress, and what the window has said."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QStackedWidget, QTabBar

from backend_lite.contract.live import ROLLOUT
from console.core import formatting
from console.core.activity import Activity, is_open, of_operation, of_rollout
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.shell.activity_list import ActivityList
from console.shell.context import Context
from console.shell.notices import Notice
from console.shell.op_runner import OpHandle
from console.shell.parts import column, frame, icon_button, row

SHOW_AFTER_MS = 300
"""An operation that is over sooner is not worth a line."""
MOST_MESSAGES = 200


class ActivityPanel(QFrame):
    """`opened(rollout_id)`: a person wants to see that rollout. `closed`: the panel is to be hidden."""

    opened = Signal(int)
    closed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._operations: dict[OpHandle, None] = {}
        self._rollouts: dict[int, Activity] = {}
        self.lines = ActivityList(context.theme)
        self.lines.opened.connect(self.opened)
        self.lines.cancelled.connect(self._cancel)
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
        self.destroyed.connect(context.live.subscribe(ROLLOUT, self._take))
        context.ops.started.connect(self._op_started)
        context.ops.ended.connect(self._op_ended)
        context.notices.noticed.connect(self._note)

    def show_messages(self) -> None:
        self.tabs.setCurrentIndex(1)

    def _take(self, batch: LiveBatch) -> None:
        if batch.reset:
            self._rollouts.clear()
        for rollout_id, rollout in batch.changed.items():
            if is_open(rollout):
                self._rollouts[rollout_id] = of_rollout(rollout)
            else:
                self._rollouts.pop(rollout_id, None)
        for rollout_id in batch.removed:
            self._rollouts.pop(rollout_id, None)
        self._show()

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
        newest_first = sorted(self._rollouts.items(), reverse=True)
        self.lines.show_lines(operations + [(activity, None) for _, activity in newest_first])
        count = len(operations) + len(newest_first)
        self.tabs.setTabText(
            0, plural(count, "Activity · 1", "Activity · {count}") if count else tr("Activity")
        )

    def _cancel(self, handle: OpHandle) -> None:
        handle.cancel()

    def _note(self, notice: Notice) -> None:
        time = formatting.clock_time(self._context.clock())
        self.messages.insertItem(0, f"{time}   {notice.text}")
        if self.messages.count() > MOST_MESSAGES:
            self.messages.takeItem(MOST_MESSAGES)
