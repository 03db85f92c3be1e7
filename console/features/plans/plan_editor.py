"""The editing part of the profile page: labels, tasks, and undo over both."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from backend_lite.contract.live import SCRIPT, SOFTWARE
from console.core import plan_tasks, plan_words
from console.core.plan_tasks import MAX_TASKS, EditedPlan, EditedTask
from console.core.texts import plural, tr
from console.core.undo import Undo
from console.features.plans.kinds import WRITES
from console.features.plans.plan_fields import PlanFields
from console.features.plans.task_form import TaskForm
from console.features.plans.task_list import TaskList
from console.features.plans.task_model import TaskRow
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.parts import button, column, frame, icon_button, label, row
from console.widgets.empty_state import EmptyState

_UNDO = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class PlanEditor(QWidget):
    """`changed` follows a person, and undo. `form` stands elsewhere on the page; `task_chosen` says that it
    shows another task."""

    changed = Signal()
    task_chosen = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._find = context.live.get
        self._saved = EditedPlan()
        self._undo: Undo[EditedPlan] = Undo(self._saved)
        self._told: dict[int, tuple[EditedTask, str]] = {}
        self.fields = PlanFields(context)
        self.form = TaskForm(context)
        self.list = TaskList()
        self.count = label("", "header")
        self.back = icon_button("undo", tr("Undo (Ctrl+Z)"), lambda: self.step(redo=False))
        self.forth = icon_button("redo", tr("Redo (Ctrl+Y)"), lambda: self.step(redo=True))
        writes = context.rights.need(*WRITES)
        self.up = icon_button("chevron-up", tr("Move up (Alt+Up)"), lambda: self.shift(-1), writes)
        self.down = icon_button("chevron-down", tr("Move down (Alt+Down)"), lambda: self.shift(1), writes)
        self.copy = icon_button("copy", tr("Duplicate (Ctrl+D)"), self.duplicate, writes)
        self.remove = icon_button("trash", tr("Remove (Delete)"), self.remove_chosen, writes)
        self.add = button(
            tr("Add task"), self.add_task, icon="plus", name=tr("Add a task (Insert)"), need=writes
        )
        tools = row(self.back, self.forth, self.up, self.down, self.copy, self.remove, gap=2)
        bar = frame("tool-bar", row(self.count, None, tools, self.add, gap=12), (16, 6, 16, 6))
        self.none = EmptyState(
            "profile",
            tr("No tasks yet"),
            tr("A task runs a script or installs software. Add the first one, then the others in order."),
            button(tr("Add a task"), self.add_task, need=writes),
        )
        self._centre = QStackedWidget()
        for part in (self.list, self.none):
            self._centre.addWidget(part)
        lines = column(bar, self._centre, gap=0)
        self.setLayout(lines)
        self._connect()
        follow(self, writes, self._let_change)

    # ---- the value

    @property
    def value(self) -> EditedPlan:
        return self._undo.now

    @property
    def dirty(self) -> bool:
        return not plan_tasks.same(self.value, self._saved)

    @property
    def saved_plan(self) -> EditedPlan:
        """What the changes are to."""
        return self._saved

    def show_saved(self, plan: EditedPlan, problems: dict[int, str]) -> None:
        """Another profile, or this one as somebody else left it: undo begins here. `problems` is what the
        service says of its tasks."""
        self._saved = plan
        self._told = {task.key: (task, problems.get(task.key, "")) for task in plan.tasks}
        self._undo.begin(plan)
        self._show()
        self.list.select([plan.tasks[0].key] if plan.tasks else [])

    def show_unsaved(self, plan: EditedPlan) -> None:
        """Over what is saved, as a change that can be undone."""
        self._change(plan)

    def rebase(self, saved: EditedPlan, plan: EditedPlan) -> None:
        """The changes are to `saved` from now on, and together they make `plan`."""
        self._saved = saved
        self._undo.change(plan)
        self._show()
        self.changed.emit()

    def saved(self, sent: EditedPlan, kept: EditedPlan, problems: dict[int, str]) -> None:
        """`sent` is saved, and the service made `kept` of it; what was changed meanwhile stays unsaved."""
        keys = {old.key: new.key for old, new in zip(sent.tasks, kept.tasks, strict=False)}
        chosen, current = [keys.get(key, key) for key in self.list.chosen_keys()], self.list.current_key()
        unchanged = self.value == sent
        self._saved = kept
        self._told = {task.key: (task, problems.get(task.key, "")) for task in kept.tasks}
        self._undo.rewrite(partial(_with_keys, keys))
        if unchanged:
            self._undo.now = kept
        self._show()
        self.list.select(chosen, None if current is None else keys.get(current, current))

    def wrong(self) -> str:
        """What has to be mended before it can be saved, said in place; empty when nothing has."""
        if not self.value.name:
            self.fields.name.set_error(tr("Give it a name."))
            self.fields.name_box.setFocus()
            return self.fields.name.error
        if self.value.tasks == self._saved.tasks:
            return ""
        for number, task in enumerate(self.value.tasks, 1):
            why = self._problem(task)
            # A task may get its script later, as long as nobody applies it.
            if why and not (task.name.strip() and task.work is None):
                self.list.select([task.key])
                self.form.go_to_gap()
                return tr("Task {n}: {why}", n=number, why=why)
        return ""

    # ---- what a person does

    def step(self, *, redo: bool) -> None:
        if self._undo.redo() if redo else self._undo.undo():
            self._show()
            self.changed.emit()

    def add_task(self) -> None:
        """Below the current one; its form is where to go on."""
        tasks, place = self.value.tasks, self.list.current_place()
        if len(tasks) >= MAX_TASKS:
            return
        added = EditedTask(plan_tasks.new_key(tasks))
        at = len(tasks) if place is None else place + 1
        self._set_tasks(plan_tasks.insert(tasks, at, [added]), select=[added.key])
        self.form.go_to_gap()

    def remove_chosen(self) -> None:
        keys, tasks = self.list.chosen_keys(), self.value.tasks
        if not keys:
            return
        first = min(at for at, task in enumerate(tasks) if task.key in keys)
        left = plan_tasks.remove(tasks, keys)
        next_ = [left[min(first, len(left) - 1)].key] if left else []
        self._set_tasks(left, select=next_)
        (self.list if left else self.add).setFocus()

    def duplicate(self) -> None:
        if len(self.value.tasks) + len(self.list.chosen_keys()) <= MAX_TASKS:
            tasks, copies = plan_tasks.duplicate(self.value.tasks, self.list.chosen_keys())
            self._set_tasks(tasks, select=copies)

    def shift(self, step: int) -> None:
        self._set_tasks(plan_tasks.move_by(self.value.tasks, self.list.chosen_keys(), step))

    # ---- inside

    def _let_change(self, may: bool) -> None:
        self.list.let_change(may)
        for part in (self.fields, self.form):
            part.setEnabled(may)

    def _connect(self) -> None:
        live = self._context.live
        for kind in (SCRIPT, SOFTWARE):
            self.destroyed.connect(live.subscribe(kind, lambda _batch: self._show()))
        self.fields.changed.connect(self._labels_changed)
        self.form.edited.connect(self._task_edited)
        self.list.chosen.connect(self._show_chosen)
        self.list.placed.connect(
            lambda keys, place: self._set_tasks(plan_tasks.move_to(self.value.tasks, keys, place))
        )
        self.list.renamed.connect(self._rename)
        self.list.move_wanted.connect(self.shift)
        self.list.add_wanted.connect(self.add_task)
        self.list.remove_wanted.connect(self.remove_chosen)
        self.list.duplicate_wanted.connect(self.duplicate)
        self.list.edit_wanted.connect(self.form.go_to_gap)

    def serve_undo(self, page: QWidget) -> None:
        """Ctrl+Z anywhere on `page` takes back the last change of the profile, also within a line."""
        for standard, redo in ((_UNDO[0], False), (_UNDO[1], True)):
            for sequence in QKeySequence.keyBindings(standard):
                QShortcut(sequence, page).activated.connect(partial(self.step, redo=redo))
        for part in (self.fields, self.form):
            for line in part.findChildren(QLineEdit):
                line.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A line claims the keys of undo for itself, and knows nothing of all that was changed beside it.
        if event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _labels_changed(self, field: str) -> None:
        self._change(self.fields.write(self.value), field)

    def _rename(self, key: int, name: str) -> None:
        task = self._task(key)
        if task is not None:
            self._task_edited(plan_tasks.renamed(task, name), "")

    def _task_edited(self, task: EditedTask, field: str) -> None:
        kind = f"{task.key} {field}" if field else ""
        self._set_tasks(plan_tasks.replace(self.value.tasks, task), kind=kind)

    def _set_tasks(
        self, tasks: Iterable[EditedTask], *, select: list[int] | None = None, kind: str = ""
    ) -> None:
        self._change(self.value.with_tasks(tasks), kind)
        if select is not None:
            self.list.select(select)

    def _change(self, plan: EditedPlan, kind: str = "") -> None:
        self._undo.change(plan, kind)
        self._show()
        self.changed.emit()

    def _task(self, key: int | None) -> EditedTask | None:
        return next((task for task in self.value.tasks if task.key == key), None)

    def _problem(self, task: EditedTask) -> str:
        """What the window sees, or what the service said of the task as it is."""
        seen = plan_words.problem(task, self.value.target_os_type, self._find)
        told, why = self._told.get(task.key, (None, ""))
        return seen or (why if told == task else "")

    def _show(self) -> None:
        plan = self.value
        self.fields.show_plan(plan)
        self.list.show_rows([self._row(task) for task in plan.tasks])
        count = len(plan.tasks)
        self.count.setText(plural(count, "{count} task", "{count} tasks") if count else tr("Tasks"))
        self._centre.setCurrentWidget(self.list if count else self.none)
        self._show_chosen()

    def _row(self, task: EditedTask) -> TaskRow:
        find = self._find
        marks = tuple(plan_words.marks(task, find))
        return TaskRow(task.key, task.name, plan_words.what(task, find), marks, self._problem(task))

    def _show_chosen(self) -> None:
        keys, count = self.list.chosen_keys(), len(self.value.tasks)
        task = self._task(keys[0]) if len(keys) == 1 else None
        if task is not None:
            self.form.show_task(task, self._problem(task))
        for part in (self.up, self.down, self.copy, self.remove):
            part.setEnabled(bool(keys))
        self.add.setEnabled(count < MAX_TASKS)
        self.back.setEnabled(self._undo.can_undo)
        self.forth.setEnabled(self._undo.can_redo)
        self.task_chosen.emit()


def _is_undo(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and any(event.matches(standard) for standard in _UNDO)


def _with_keys(keys: dict[int, int], plan: EditedPlan) -> EditedPlan:
    return plan.with_tasks(plan_tasks.with_key(task, keys.get(task.key, task.key)) for task in plan.tasks)
