"""The right pane of the profile page: the chosen task, or what was before."""

from __future__ import annotations

from PySide6.QtWidgets import QTabBar, QWidget

from console.core.texts import plural, tr
from console.features.plans.history_pane import HistoryPane
from console.features.plans.task_form import TaskForm
from console.shell.parts import column, label

TASK, HISTORY = 0, 1


class PlanSide(QWidget):
    def __init__(self, form: TaskForm, history: HistoryPane) -> None:
        super().__init__()
        self.form, self.history = form, history
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("Task or history"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab(tr("Task"))
        self.tabs.addTab(tr("History"))
        self.none = label("", "muted", wrap=True)
        lines = column(self.tabs, self.none, form, history, None, gap=12)
        lines.setContentsMargins(16, 12, 16, 16)
        self.setLayout(lines)
        self._chosen = 0
        self.tabs.currentChanged.connect(lambda _at: self._show())
        self._show()

    def show_chosen(self, count: int) -> None:
        """So many tasks are selected."""
        self._chosen = count
        self._show()

    def open(self, part: int) -> None:
        self.tabs.setCurrentIndex(part)

    def _show(self) -> None:
        task, one = self.tabs.currentIndex() == TASK, self._chosen == 1
        self.form.setVisible(task and one)
        self.history.setVisible(not task)
        self.none.setVisible(task and not one)
        self.none.setText(
            plural(self._chosen, "", "{count} tasks are chosen. Choose one to change what it does.")
            if self._chosen
            else tr("Choose a task to see and change what it does.")
        )
