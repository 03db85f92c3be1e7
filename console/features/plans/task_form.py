"""Everything that can be said about one task."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from backend_lite.contract.library import Language, ScriptRevision
from backend_lite.contract.live import DEVICE, SCRIPT, SOFTWARE
from backend_lite.contract.parameters import FileValue, PlainValue, ScriptParameter
from backend_lite.contract.plans import MAX_DESCRIPTION, MAX_NAME
from backend_lite.contract.runs import TaskReboot
from console.core.plan_tasks import EditedTask
from console.core.plan_words import ASKED_LATER, behind, definitions_of, kept, reboot_words
from console.core.script_revisions import script_revisions
from console.core.texts import tr
from console.core.work import about, action_type, language_of
from console.features.plans.condition_fields import ConditionFields
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import Field
from console.widgets.parameter_form import ParameterForm
from console.widgets.query_box import Known
from console.widgets.rows_editor import RowsEditor
from console.widgets.span_field import span_field, span_words
from console.widgets.work_box import ActionBox, RevisionBox, WorkBox

Object = dict[str, Any]


class TaskForm(QWidget):
    """`edited(task, field)` follows a person; `field` names what was changed, for undo."""

    edited = Signal(object, str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._task = EditedTask(0)
        self._quiet = False
        self._shown_values: tuple[int, list[ScriptParameter], dict[str, PlainValue]] | None = None
        self._revisions: dict[int, list[ScriptRevision]] = {}
        self.problem = label("", "error", wrap=True)
        self.name_box = QLineEdit()
        self.name_box.setMaxLength(MAX_NAME)
        self.work = WorkBox(tr("Choose a script or software…"))
        self.work.setAccessibleName(tr("Script or software"))
        self.action = ActionBox()
        self.revision = RevisionBox(context.clock)
        self.note = label("", "secondary", wrap=True)
        self.newest = button("", self._take_newest, "link")
        self.parameters = ParameterForm()
        self.later = label("", "secondary", wrap=True)
        self.arguments = RowsEditor(tr("Argument"), [tr("Value")], tr("Add an argument"))
        self.condition = ConditionFields(_known(context))
        self.limit = span_field(tr("Time limit"))
        self.reboot = QComboBox()
        for reboot in TaskReboot:
            self.reboot.addItem(reboot_words(reboot), reboot.value)
        self.go_on = QCheckBox(tr("Go on when this task fails"))
        self.description = QLineEdit()
        self.description.setMaxLength(MAX_DESCRIPTION)
        self._build()
        self._connect()

    @property
    def task(self) -> EditedTask:
        return self._task

    def show_task(self, task: EditedTask, problem: str) -> None:
        """Also after undo, or after news of its script: what is right already is left alone."""
        before, self._task = self._task, task
        self._quiet = True
        self._show_texts(task)
        self._show_work(task, anew=before.key != task.key or before.work != task.work)
        self._show_values(task)
        if [one[0] for one in self.arguments.values] != list(task.arguments):
            self.arguments.set_values([[value] for value in task.arguments])
        self.condition.show_condition(task.os_type, task.query)
        self.reboot.setCurrentIndex(self.reboot.findData(task.reboot.value))
        self.go_on.setChecked(task.continue_on_error)
        self._quiet = False
        self.show_problem(problem)

    def show_problem(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def go_to_gap(self) -> None:
        """Where a person goes on: to what is missing, else to the name."""
        (self.work.line if self._task.work is None else self.name_box).setFocus()

    # ---- inside

    def _build(self) -> None:
        self._revision = Field(tr("Revision"), self.revision)
        choice = row(Field(tr("Action"), self.action), self._revision)
        choice.setStretch(0, 2)
        choice.setStretch(1, 3)
        self._given = QWidget()
        self._given.setLayout(column(label(tr("Arguments"), "header"), self.arguments, gap=4))
        self._newest_line = QWidget()
        self._newest_line.setLayout(row(self.newest, None))
        self.setLayout(
            column(
                self.problem,
                Field(tr("Name"), self.name_box),
                column(Field(tr("Does"), self.work), self.note, gap=4),
                choice,
                self._newest_line,
                self.parameters,
                self.later,
                self._given,
                row(self.parameters.rows.add, self.arguments.add, None, gap=12),
                self.condition,
                self.go_on,
                self.limit,
                Field(tr("Restart"), self.reboot),
                Field(tr("Description"), self.description),
                None,
                gap=12,
            )
        )

    def _connect(self) -> None:
        live = self._context.live
        for kind in (SCRIPT, SOFTWARE):
            self.destroyed.connect(live.subscribe(kind, lambda _batch: self._fill()))
        self.name_box.textEdited.connect(lambda _text: self._change("name", name=self.name_box.text()))
        self.description.textEdited.connect(
            lambda _text: self._change("description", description=self.description.text())
        )
        self.work.chosen.connect(self._work_chosen)
        self.action.chosen.connect(self._action_chosen)
        self.revision.wanted.connect(self._load_revisions)
        self.revision.chosen.connect(self._revision_chosen)
        self.parameters.changed.connect(self._values_changed)
        self.arguments.changed.connect(self._arguments_changed)
        self.condition.changed.connect(
            lambda field: self._change(field, os_type=self.condition.os_type, query=self.condition.text)
        )
        self.limit.changed.connect(self._limit_changed)
        self.reboot.currentIndexChanged.connect(
            lambda _at: self._change("reboot", reboot=TaskReboot(self.reboot.currentData()))
        )
        self.go_on.toggled.connect(lambda on: self._change("go on", continue_on_error=on))

    def _change(self, field: str, **changed: Any) -> None:
        if not self._quiet:
            self._task = msgspec.structs.replace(self._task, **changed)
            self.edited.emit(self._task, field)

    # ---- what is shown

    def _fill(self) -> None:
        live = self._context.live
        self.work.fill(live.kind(SCRIPT).values(), live.kind(SOFTWARE).values())

    def _found(self) -> Object | None:
        work = self._task.work
        return None if work is None else self._context.live.get(*work)

    def _show_texts(self, task: EditedTask) -> None:
        for box, text in ((self.name_box, task.name), (self.description, task.description)):
            if box.text() != text:
                box.setText(text)
                box.setCursorPosition(0)
        if self.limit.value != task.timeout_s:
            self.limit.show_text(span_words(task.timeout_s))

    def _show_work(self, task: EditedTask, *, anew: bool) -> None:
        work, found = task.work, self._found()
        is_script = work is not None and work.is_script
        self.work.choose(work)
        self.action.show_work(work, found, task.action)
        if anew or self.revision.revision_id != task.revision_id:
            self.revision.show_script(found if is_script else None, task.revision_id, task.revision)
            known = self._revisions.get(work.id) if work is not None and is_script else None
            if known is not None:
                self.revision.show_revisions(known)
        self._revision.setVisible(work is None or is_script)
        self.note.setText(about(work, found, language_of(work, found)) if work and found else "")
        self.note.setVisible(bool(self.note.text()))
        self.limit.show_empty(span_words((found or {}).get("timeout_s")))
        newest = behind(task, self._context.live.get)
        self._newest_line.setVisible(newest is not None)
        self.newest.setText(tr("Revision {n} is newer: always use the newest", n=newest))
        takes = work is not None and is_script and language_of(work, found) != Language.CMD
        self.arguments.add.setVisible(takes)
        self._given.setVisible(bool(task.arguments))

    def _definitions(self) -> list[ScriptParameter] | None:
        found = definitions_of(self._task, self._context.live.get)
        if found is None and self.revision.revision is not None:
            return self.revision.revision.parameters
        return found

    def _show_values(self, task: EditedTask) -> None:
        definitions = self._definitions()
        if definitions is None:
            self._load_revisions()
            return
        wanted = (task.key, definitions, task.parameters)
        if self._shown_values != wanted and not self._holds_already(task, definitions):
            self.parameters.begin(kept(definitions), dict(task.parameters))
        self._shown_values = wanted
        work = task.work
        self.parameters.rows.add.setVisible(work is not None and work.is_script and not definitions)
        self.parameters.wrong()
        asked = [one.label or one.name for one in definitions if one.type in ASKED_LATER]
        self.later.setText(tr("Asked for when it is applied: {names}.", names=", ".join(asked)))
        self.later.setVisible(bool(asked))

    def _holds_already(self, task: EditedTask, definitions: list[ScriptParameter]) -> bool:
        before = self._shown_values
        same = before is not None and before[:2] == (task.key, definitions)
        return same and self.parameters.given() == task.parameters

    # ---- what a person does

    def _work_chosen(self) -> None:
        work = self.work.work
        task = self._task.with_work(work)
        found = None if work is None else self._context.live.get(*work)
        name = str(found["name"]) if found is not None else ""
        before = self._found()
        if not task.name.strip() or (before is not None and task.name == before["name"]):
            # The name was not a person's.
            task = msgspec.structs.replace(task, name=name[:MAX_NAME])
        kind = action_type(work, found, task.action, task.action_type)
        self._hand_over(msgspec.structs.replace(task, action_type=kind))

    def _action_chosen(self) -> None:
        action = self.action.action
        kind = action_type(self._task.work, self._found(), action, self._task.action_type)
        self._hand_over(msgspec.structs.replace(self._task, action=action, action_type=kind))

    def _revision_chosen(self) -> None:
        pinned = self.revision.revision
        self._hand_over(
            msgspec.structs.replace(
                self._task,
                revision_id=self.revision.revision_id,
                revision=None if pinned is None else pinned.number,
            )
        )

    def _take_newest(self) -> None:
        self._hand_over(msgspec.structs.replace(self._task, revision_id=None, revision=None))

    def _hand_over(self, task: EditedTask) -> None:
        """What else depends on it is shown anew by whoever owns the task."""
        if not self._quiet:
            self.edited.emit(task, "")

    def _values_changed(self) -> None:
        values = {
            name: value for name, value in self.parameters.given().items() if not isinstance(value, FileValue)
        }
        if values != self._task.parameters:
            self._change("values", parameters=values)

    def _arguments_changed(self) -> None:
        self._given.setVisible(bool(self.arguments.values))
        self._change("arguments", arguments=tuple(one[0] for one in self.arguments.values))

    def _limit_changed(self) -> None:
        if not self.limit.wrong:
            self._change("limit", timeout_s=self.limit.value)

    def _load_revisions(self) -> None:
        work = self._task.work
        if work is None or not work.is_script or self.revision.is_loaded or self._found() is None:
            return
        self.revision.is_loaded = True

        def show(revisions: list[ScriptRevision]) -> None:
            self._revisions[work.id] = revisions
            if self._task.work == work:
                self._quiet = True
                self.revision.show_revisions(revisions)
                self._show_values(self._task)
                self._quiet = False

        self._context.ops.run(
            script_revisions(self._context.client, work.id, self._task.revision_id),
            on_success=show,
            owner=self,
        )


def _known(context: Context) -> Known:
    def known() -> dict[str, list[str]]:
        tags: set[str] = set()
        for device in context.live.kind(DEVICE).values():
            tags.update(device.get("tags") or ())
        return {"tag": sorted(tags)}

    return known
