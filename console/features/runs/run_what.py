"""What shall be done: one script or software item, several in order, or a profile."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from backend_lite.contract.live import SCRIPT, SOFTWARE
from backend_lite.contract.runs import MAX_TASKS, RolloutCreate, TaskCreate
from console.core.live import LiveBatch
from console.core.run_request import RunRequest
from console.core.texts import tr
from console.core.work import work_of
from console.features.runs.run_profile import RunProfile
from console.features.runs.run_task import RunTask
from console.shell.context import Context
from console.shell.parts import button, column, rule
from console.shell.theme import theme

Object = dict[str, Any]


class RunWhat(QWidget):
    """`changed` follows all of it."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.tasks: list[RunTask] = []
        self.profile: RunProfile | None = None
        self._rules: dict[RunTask, QFrame] = {}
        self.add = button(tr("Add another task"), self._add_empty, "link", icon="plus")
        self._list = QVBoxLayout()
        self._list.setSpacing(theme().margin)
        self.setLayout(column(self._list))
        for kind in (SCRIPT, SOFTWARE):
            self.destroyed.connect(context.live.subscribe(kind, partial(self._library_changed, kind)))

    def show_request(self, request: RunRequest) -> None:
        if request.profile_id is not None:
            self.profile = RunProfile(self._context)
            self.profile.changed.connect(self.changed)
            self._list.addWidget(self.profile)
            self.add.hide()
            self.profile.show_request(request)
            return
        one = TaskCreate(
            revision_id=request.revision_id,
            action=request.action,
            arguments=list(request.arguments),
            parameters=dict(request.parameters),
        )
        for task in request.tasks or (one,):
            made = self._make()
            asked = task if request.tasks else request
            made.propose(task, work_of(asked.script_id, asked.software_id))
        self._number()

    def works(self) -> list[Object]:
        """The scripts and software items, or the profile, that are chosen, in their order."""
        if self.profile is not None:
            return [self.profile.known] if self.profile.known is not None else []
        return [task.known for task in self.tasks if task.known is not None]

    @property
    def count(self) -> int:
        """How many tasks there are, as far as it is known."""
        return len(self.profile.tasks()) if self.profile is not None else len(self.tasks)

    def write(self, wanted: RolloutCreate) -> bool:
        """What is chosen, into `wanted`; False where there is nothing to look at yet."""
        if self.profile is not None:
            wanted.profile_id = self.profile.profile_id
            wanted.task_parameters = self.profile.values()
            return self.profile.is_loaded
        tasks = self.values()
        if len(tasks) > 1:
            wanted.tasks = tasks
        else:
            (task,) = tasks
            wanted.script_id, wanted.revision_id = task.script_id, task.revision_id
            wanted.software_id, wanted.action = task.software_id, task.action
            wanted.arguments, wanted.parameters = task.arguments, task.parameters
        return len(self.works()) == len(tasks)

    def values(self) -> list[TaskCreate]:
        return [task.value() for task in self.tasks]

    def show_limit(self, common_s: int | None) -> None:
        """`common_s` holds for every script that has no limit of its own here."""
        for task in self.tasks:
            task.show_limit(common_s)

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        if self.profile is not None:
            return self.profile.wrong()
        sentences = [task.wrong() for task in self.tasks]
        for number, sentence in enumerate(sentences, 1):
            if sentence:
                many = len(sentences) > 1
                return tr("Task {n}: {sentence}", n=number, sentence=sentence) if many else sentence
        return ""

    @property
    def title(self) -> str:
        names = [found["name"] for found in self.works()]
        return tr(", then ").join(names) if len(names) < 4 else tr("{count} tasks", count=len(names))

    def first_gap(self) -> QWidget | None:
        """Where a person has to give something first."""
        if self.profile is not None:
            return self.profile.first_gap()
        for task in self.tasks:
            if task.known is None:
                return task.work
            missing = task.parameters.first_missing()
            if missing is not None:
                return missing
        return None

    # ---- inside

    def _make(self) -> RunTask:
        made = RunTask(self._context)
        made.changed.connect(self.changed)
        made.moved.connect(lambda step: self._move(made, step))
        made.removed.connect(lambda: self._remove(made))
        self.tasks.append(made)
        self._place()
        return made

    def _add_empty(self) -> None:
        made = self._make()
        made.propose(TaskCreate(), None)
        self._number()
        made.work.setFocus()
        self.changed.emit()

    def _move(self, task: RunTask, step: int) -> None:
        at = self.tasks.index(task)
        if 0 <= at + step < len(self.tasks):
            self.tasks.insert(at + step, self.tasks.pop(at))
            self._place()
            self._number()
            self.changed.emit()

    def _remove(self, task: RunTask) -> None:
        at = self.tasks.index(task)
        self.add.setParent(self)
        self.tasks.remove(task)
        for part in (task, self._rules.pop(task)):
            self._list.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._number()
        self.tasks[min(at, len(self.tasks) - 1)].work.setFocus()
        self.changed.emit()

    def _place(self) -> None:
        for number, task in enumerate(self.tasks):
            line = self._rules.setdefault(task, rule())
            self._list.removeWidget(line)
            self._list.removeWidget(task)
            self._list.addWidget(line)
            self._list.addWidget(task)
            line.setVisible(number > 0)

    def _number(self) -> None:
        for number, task in enumerate(self.tasks, 1):
            task.show_place(number, len(self.tasks))
            self._rules[task].setVisible(number > 1)
        self.tasks[-1].links.addWidget(self.add)
        self.add.setEnabled(len(self.tasks) < MAX_TASKS)

    def _library_changed(self, kind: str, batch: LiveBatch) -> None:
        touched = None if batch.reset or batch.removed else set(batch.changed)
        for task in self.tasks:
            task.refresh(kind, touched)
