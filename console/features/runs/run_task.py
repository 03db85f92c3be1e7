"""One script or software item of what shall be done: which one, in which revision, and what it is given."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from backend_lite.contract.library import Language, ScriptRevision
from backend_lite.contract.live import SCRIPT, SOFTWARE
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.runs import MAX_ARGUMENTS, TaskAction, TaskCreate
from console.core.script_revisions import script_revisions
from console.core.texts import tr
from console.core.work import Work, about, usual_action
from console.shell.context import Context
from console.shell.parts import column, icon_button, label, row
from console.widgets.form import Field
from console.widgets.parameter_form import ParameterForm
from console.widgets.rows_editor import RowsEditor
from console.widgets.span_field import span_field, span_words
from console.widgets.work_box import ActionBox, RevisionBox, WorkBox

Object = dict[str, Any]
_LIMIT_WIDTH = 96


class RunTask(QWidget):
    """`changed` follows all of it. The buttons for moving and removing are for several in order."""

    changed = Signal()
    moved = Signal(int)
    removed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rest = TaskCreate()
        self.work = WorkBox(tr("Choose a script or software…"))
        self.action = ActionBox()
        self.revision = RevisionBox(context.clock)
        self.limit = span_field(tr("Time limit"))
        self.limit.setFixedWidth(_LIMIT_WIDTH)
        self.note = label("", "secondary", wrap=True)
        self.parameters = ParameterForm()
        self.arguments = RowsEditor(tr("Argument"), [tr("Value")], tr("Add an argument"))
        self.go_on = QCheckBox(tr("Go on with the next task when this one fails"))
        self.problem = label("", "error", wrap=True)
        self.up = icon_button("chevron-up", tr("Earlier"), lambda: self.moved.emit(-1))
        self.down = icon_button("chevron-down", tr("Later"), lambda: self.moved.emit(1))
        self.remove = icon_button("close", tr("Take this task out"), self.removed.emit)
        self._build()
        self._fill()
        self._connect()

    # ---- what it says

    @property
    def known(self) -> Object | None:
        """What is chosen as the live stream has it."""
        work = self.work.work
        return None if work is None else self._context.live.get(*work)

    @property
    def _script(self) -> Object | None:
        work = self.work.work
        return self.known if work is not None and work.is_script else None

    @property
    def _takes_values(self) -> bool:
        """Whether arguments and parameters reach it: only a script that is run gets them."""
        work = self.work.work
        return work is not None and work.is_script

    @property
    def language(self) -> str:
        pinned = self.revision.revision
        return str(pinned.language) if pinned else str((self.known or {}).get("language", ""))

    def definitions(self) -> list[ScriptParameter]:
        pinned = self.revision.revision
        if pinned is not None:
            return pinned.parameters
        if not self._takes_values:
            return []
        return msgspec.convert((self.known or {}).get("parameters") or [], list[ScriptParameter])

    def argument_values(self) -> list[str]:
        if not self._takes_values or self.language == Language.CMD:
            return []
        return [values[0] for values in self.arguments.values]

    def value(self) -> TaskCreate:
        """What is not shown here, such as a condition, stays as it was proposed."""
        work = self.work.work or Work(SCRIPT, 0)
        pinned = self.revision.revision_id if work.is_script else None
        return msgspec.structs.replace(
            self._rest,
            script_id=work.id if work.is_script and not pinned else None,
            revision_id=pinned,
            software_id=None if work.is_script else work.id,
            action=None if self.action.action is usual_action(work) else self.action.action,
            arguments=self.argument_values(),
            parameters=self.parameters.values() if self._takes_values else {},
            timeout_s=self.limit.value,
            continue_on_error=self.go_on.isChecked(),
        )

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        if self.known is None:
            return tr("Choose a script or software.")
        if not self.limit.isHidden() and self.limit.wrong:
            return tr("Time limit: {what}", what=self.limit.wrong)
        wrong = self._wrong_arguments()
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        return self.parameters.wrong() or wrong

    # ---- what is proposed

    def propose(self, task: TaskCreate, work: Work | None) -> None:
        """`work` is needed where `task` pins a revision of a script."""
        self._rest = task
        self.limit.show_text(span_words(task.timeout_s))
        self.work.choose(work)
        self.action.show_work(self.work.work, self.known, task.action)
        self.revision.show_script(self._script, task.revision_id)
        self._show_work()
        self.arguments.set_values([[value] for value in task.arguments])
        self.parameters.show_values(task.parameters)
        self._arguments_changed()
        self.go_on.setChecked(task.continue_on_error)
        if task.revision_id is not None:
            self._load_revisions()

    def show_place(self, number: int, count: int) -> None:
        several = count > 1
        self._field.label.setText(tr("Task {n}", n=number) if several else tr("What"))
        for part in (self.up, self.down, self.remove):
            part.setVisible(several)
        self.limit.setVisible(several)
        self.go_on.setVisible(several and number < count)
        self.up.setEnabled(number > 1)
        self.down.setEnabled(number < count)

    def show_limit(self, common_s: int | None) -> None:
        """What holds where no limit is written: that of all scripts, or the script's own."""
        usual = common_s or (self.known or {}).get("timeout_s")
        self.limit.show_empty(span_words(usual))

    def refresh(self, kind: str, ids: set[int] | None) -> None:
        """Scripts or software items were changed: these, or all of them."""
        self._fill()
        work = self.work.work
        if work is not None and work.kind == kind and (ids is None or work.id in ids):
            if self.revision.revision_id is None:
                self.revision.show_script(self._script)
            self.action.show_work(work, self.known, self.action.action)
            self._show_work()

    # ---- inside

    def _build(self) -> None:
        self._field = Field(tr("What"), self.work)
        self.work.setAccessibleName(tr("Script or software"))
        self._action = Field(tr("Action"), self.action)
        self._revision = Field(tr("Revision"), self.revision)
        first = row(self._field, self._action, self._revision, self.limit, gap=8)
        first.setStretch(0, 1)
        for part in (self.up, self.down, self.remove):
            first.addLayout(column(None, part))
        self._hint = label(
            tr("Each row reaches the script as one argument, exactly as it stands here."),
            "secondary",
            wrap=True,
        )
        self._given = QWidget()
        self._given.setLayout(column(label(tr("Arguments"), "header"), self.arguments, self._hint, gap=4))
        self.problem.hide()
        # What is not there yet takes no more room than a link.
        self.links = row(self.parameters.rows.add, self.arguments.add, None, gap=12)
        self.setLayout(
            column(
                column(first, self.note, gap=4),
                self.parameters,
                self._given,
                self.problem,
                self.links,
                self.go_on,
                gap=10,
            )
        )

    def _connect(self) -> None:
        self.work.chosen.connect(self._work_chosen)
        self.action.chosen.connect(self._show_work)
        self.revision.chosen.connect(self._show_work)
        self.revision.wanted.connect(self._load_revisions)
        self.parameters.changed.connect(self.changed)
        self.arguments.changed.connect(self._arguments_changed)
        self.limit.changed.connect(self.changed)
        self.go_on.toggled.connect(lambda _on: self.changed.emit())

    def _fill(self) -> None:
        live = self._context.live
        self.work.fill(live.kind(SCRIPT).values(), live.kind(SOFTWARE).values())

    def _work_chosen(self) -> None:
        self._rest = TaskCreate()
        self.limit.show_text("")
        self.revision.show_script(self._script)
        self.action.show_work(self.work.work, self.known)
        self._show_work()

    def _show_work(self) -> None:
        known, work, takes = self.known, self.work.work, self._takes_values
        self.parameters.show_definitions(self.definitions())
        self.parameters.rows.add.setVisible(takes and not self.definitions())
        # cmd.exe would read arguments as commands; the service refuses them.
        self.arguments.add.setVisible(takes and self.language != Language.CMD)
        self.parameters.setEnabled(takes)
        self._revision.setVisible(work is None or work.is_script)
        self._action.setVisible(self.action.count() > 1 or self.action.action is not TaskAction.RUN)
        self.note.setVisible(known is not None)
        if known is not None and work is not None:
            self.note.setText(about(work, known, self.language))
        self._arguments_changed()

    def _arguments_changed(self) -> None:
        takes = self._takes_values and self.language != Language.CMD
        self._given.setVisible(takes and bool(self.arguments.values))
        self.changed.emit()

    def _wrong_arguments(self) -> str:
        values = self.argument_values()
        if len(values) > MAX_ARGUMENTS:
            return tr("At most {count} arguments can be given.", count=MAX_ARGUMENTS)
        if any("\0" in value for value in values):
            return tr("An argument cannot contain a NUL character.")
        return ""

    def _load_revisions(self) -> None:
        work = self.work.work
        if work is None or not work.is_script or self.revision.is_loaded:
            return

        def show(revisions: list[ScriptRevision]) -> None:
            if self.work.work == work:
                self.revision.show_revisions(revisions)
                self._show_work()

        self._context.ops.run(
            script_revisions(self._context.client, work.id, self.revision.revision_id),
            on_success=show,
            owner=self,
        )
