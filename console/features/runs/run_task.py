"""One script of what shall be run: which one, in which revision, and what it is given."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from backend_lite.contract.library import Language, ScriptRevision
from backend_lite.contract.live import SCRIPT
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.runs import MAX_ARGUMENTS, TaskCreate
from console.core import words
from console.core.texts import tr
from console.features.runs import dialog_ops
from console.features.runs.option_parts import span_field
from console.features.runs.option_values import span_words
from console.features.runs.script_box import RevisionBox, ScriptBox
from console.shell.context import Context
from console.shell.parts import column, icon_button, label, row
from console.widgets.form import Field
from console.widgets.parameter_form import ParameterForm
from console.widgets.rows_editor import RowsEditor

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
        self.script = ScriptBox()
        self.revision = RevisionBox(context.clock)
        self.limit = span_field(tr("Time limit"))
        self.limit.setFixedWidth(_LIMIT_WIDTH)
        self.note = label("", "secondary", wrap=True)
        self.parameters = ParameterForm()
        self.arguments = RowsEditor(tr("Argument"), [tr("Value")], tr("Add an argument"))
        self.go_on = QCheckBox(tr("Go on with the next script when this one fails"))
        self.problem = label("", "error", wrap=True)
        self.up = icon_button("chevron-up", tr("Earlier"), lambda: self.moved.emit(-1))
        self.down = icon_button("chevron-down", tr("Later"), lambda: self.moved.emit(1))
        self.remove = icon_button("close", tr("Take this script out"), self.removed.emit)
        self._build()
        self._fill()
        self._connect()

    # ---- what it says

    @property
    def known(self) -> Object | None:
        """The chosen script as the live stream has it."""
        script_id = self.script.script_id
        return None if script_id is None else self._context.live.get(SCRIPT, script_id)

    @property
    def language(self) -> str:
        pinned = self.revision.revision
        return str(pinned.language) if pinned else str((self.known or {}).get("language", ""))

    def definitions(self) -> list[ScriptParameter]:
        pinned = self.revision.revision
        if pinned is not None:
            return pinned.parameters
        return msgspec.convert((self.known or {}).get("parameters") or [], list[ScriptParameter])

    def argument_values(self) -> list[str]:
        if self.language == Language.CMD:
            return []
        return [values[0] for values in self.arguments.values]

    def value(self) -> TaskCreate:
        pinned = self.revision.revision_id
        return TaskCreate(
            script_id=None if pinned else self.script.script_id,
            revision_id=pinned,
            arguments=self.argument_values(),
            parameters=self.parameters.values(),
            timeout_s=self.limit.value,
            continue_on_error=self.go_on.isChecked(),
        )

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        if self.known is None:
            return tr("Choose a script.")
        if not self.limit.isHidden() and self.limit.wrong:
            return tr("Time limit: {what}", what=self.limit.wrong)
        wrong = self._wrong_arguments()
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        return self.parameters.wrong() or wrong

    # ---- what is proposed

    def propose(self, task: TaskCreate, script_id: int | None) -> None:
        """`script_id` is needed where `task` pins a revision of it."""
        self.limit.show_text(span_words(task.timeout_s))
        self.script.choose(script_id)
        self.revision.show_script(self.known, task.revision_id)
        self._show_script()
        self.arguments.set_values([[value] for value in task.arguments])
        self.parameters.show_values(task.parameters)
        self._arguments_changed()
        self.go_on.setChecked(task.continue_on_error)
        if task.revision_id is not None:
            self._load_revisions()

    def show_place(self, number: int, count: int) -> None:
        several = count > 1
        self._field.label.setText(tr("Script {n}", n=number) if several else tr("Script"))
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

    def refresh(self, script_ids: set[int] | None) -> None:
        """Scripts were changed: these, or all of them."""
        self._fill()
        if script_ids is None or self.script.script_id in script_ids:
            if self.revision.revision_id is None:
                self.revision.show_script(self.known)
            self._show_script()

    # ---- inside

    def _build(self) -> None:
        self._field = Field(tr("Script"), self.script)
        self.script.setAccessibleName(tr("Script"))
        first = row(self._field, Field(tr("Revision"), self.revision), self.limit, gap=8)
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
        self.script.chosen.connect(self._script_chosen)
        self.revision.chosen.connect(self._show_script)
        self.revision.wanted.connect(self._load_revisions)
        self.parameters.changed.connect(self.changed)
        self.arguments.changed.connect(self._arguments_changed)
        self.limit.changed.connect(self.changed)
        self.go_on.toggled.connect(lambda _on: self.changed.emit())

    def _fill(self) -> None:
        self.script.fill(list(self._context.live.kind(SCRIPT).values()))

    def _script_chosen(self) -> None:
        self.limit.show_text("")
        self.revision.show_script(self.known)
        self._show_script()

    def _show_script(self) -> None:
        script = self.known
        self.parameters.show_definitions(self.definitions())
        self.parameters.rows.add.setVisible(script is not None and not self.definitions())
        # cmd.exe would read arguments as commands; the service refuses them.
        self.arguments.add.setVisible(script is not None and self.language != Language.CMD)
        self.note.setVisible(script is not None)
        if script is not None:
            self.note.setText(_about(script, self.language))
        self._arguments_changed()

    def _arguments_changed(self) -> None:
        takes = self.known is not None and self.language != Language.CMD
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
        script_id = self.script.script_id
        if script_id is None or self.revision.is_loaded:
            return

        def show(revisions: list[ScriptRevision]) -> None:
            if self.script.script_id == script_id:
                self.revision.show_revisions(revisions)
                self._show_script()

        self._context.ops.run(
            dialog_ops.load_revisions(self._context.client, script_id, self.revision.revision_id),
            on_success=show,
            owner=self,
        )


def _about(script: Object, language: str) -> str:
    said = tr(
        "{language} · {system}",
        language=words.language_word(language),
        system=words.system_word(script.get("target_os_type")),
    )
    return f"{said} · {script['description']}" if script.get("description") else said
