"""What there is to know about one profile or template at a glance, for the right pane."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.plans import ProfileWithTasks
from console.core import formatting, words
from console.core.plan_ops import load_profile
from console.core.plan_tasks import EditedTask
from console.core.plan_words import what
from console.core.texts import plural, tr
from console.features.plans.kinds import EDITOR, PlanKind
from console.features.plans.wishes import Wishes
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import theme
from console.widgets.form import Facts
from console.widgets.lines import Lines

Object = dict[str, Any]
_TASKS = 12


class PlanPreview(QWidget):
    """The tasks are asked for when something else, or another version of it, is shown."""

    def __init__(self, context: Context, kind: PlanKind, wishes: Wishes) -> None:
        super().__init__()
        self._context, self._kind, self._wishes = context, kind, wishes
        self._shown: tuple[int, int] = (0, 0)
        self._plan: Object = {}
        self.name = label("", "title", wrap=True)
        self.description = label("", "muted", wrap=True)
        title = tr("Apply…") if kind.new == "new" else tr("New profile from it…")
        self.use = button(
            title,
            self._use,
            "primary",
            need=context.rights.need("rollouts:run" if kind.new == "new" else "profiles:create"),
        )
        self.open = button(tr("Edit"), self._open)
        self.facts = Facts()
        self.tasks_title = label(tr("Tasks"), "header")
        self.tasks = Lines(tr("Tasks"), _TASKS, word_width=theme().control)
        self.problem = label("", "error", wrap=True)
        lines = column(
            self.name,
            self.description,
            row(self.use, self.open, None),
            self.facts,
            self.tasks_title,
            self.tasks,
            self.problem,
            None,
            gap=12,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)

    def show_plans(self, plans: list[Object]) -> None:
        one = len(plans) == 1
        for part in (self.description, self.use, self.open, self.facts, self.tasks_title, self.tasks):
            part.setVisible(one)
        self.problem.hide()
        if one:
            self._show_one(plans[0])
        else:
            many = self._kind.many.lower()
            self.name.setText(tr("{count} {many} are chosen", count=f"{len(plans):,}", many=many))
            self._shown = (0, 0)

    def _show_one(self, plan: Object) -> None:
        now = self._context.clock()
        self._plan = plan
        self.name.setText(plan["name"])
        self.description.setText(plan.get("description") or "")
        self.description.setVisible(bool(plan.get("description")))
        self.use.setEnabled(bool(plan["task_count"]) or self._kind.new != "new")
        self.facts.show_fact(tr("Runs on"), words.system_word(plan.get("target_os_type")))
        self.facts.show_fact(tr("Revision"), str(plan["revision"]))
        self.facts.show_fact(tr("Updated"), formatting.local_time(plan["updated_at"], now))
        self.tasks_title.setText(plural(plan["task_count"], "{count} task", "{count} tasks"))
        if self._shown == (plan["id"], plan["version"]):
            return
        self._shown = (plan["id"], plan["version"])
        self.tasks.show_lines([])
        self._context.ops.run(
            load_profile(self._context.client, plan["id"]), on_success=self._show_tasks, owner=self
        )

    def _show_tasks(self, plan: ProfileWithTasks) -> None:
        if plan.id != self._shown[0]:
            return
        find = self._context.live.get
        said = []
        for number, task in enumerate(plan.tasks, 1):
            edited = EditedTask.of(task)
            line = f"{task.name}\n{what(edited, find)}"
            said.append((str(number), "bad" if task.problem else "idle", line))
        self.tasks.show_lines(said)
        wrong = [task for task in plan.tasks if task.problem]
        self.problem.setText(tr("{name}: {why}", name=wrong[0].name, why=wrong[0].problem) if wrong else "")
        self.problem.setVisible(bool(wrong))

    def _use(self) -> None:
        self._wishes.use(self._plan)

    def _open(self) -> None:
        self._context.navigator.open(EDITOR, str(self._plan["id"]))
