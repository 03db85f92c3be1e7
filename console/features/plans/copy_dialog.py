"""A profile from a template, or a template from a profile: its name, and the values of its tasks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QScrollArea, QWidget

from backend_lite.contract.plans import MAX_DESCRIPTION, MAX_NAME, Profile, ProfileCopy
from console.core.errors import ApiError
from console.core.plan_ops import Applicable, load_applicable
from console.core.plan_tasks import free_name
from console.core.plan_words import kept
from console.core.texts import tr
from console.features.plans import ops
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import ErrorLine, Field
from console.widgets.parameter_form import ParameterForm

_WIDTH = 520
_MARGINS = (20, 20, 20, 16)
_VALUES_HEIGHT = 300


class CopyDialog(QDialog):
    """The values of the template stand in it; what is changed here is of the new profile only."""

    def __init__(
        self,
        parent: QWidget,
        context: Context,
        plan_id: int,
        made: Callable[[Profile], None],
        *,
        as_template: bool,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = tr("Save as a template") if as_template else tr("New profile from a template")
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH)
        self._context, self._plan_id, self._made, self._as_template = context, plan_id, made, as_template
        self.forms: dict[int, ParameterForm] = {}
        self.name_box = QLineEdit()
        self.name_box.setMaxLength(MAX_NAME)
        self.name = Field(tr("Name"), self.name_box)
        self.description = QLineEdit()
        self.description.setMaxLength(MAX_DESCRIPTION)
        self.about = label(tr("Loading…"), "muted", wrap=True)
        self._values = QWidget()
        set_role(self._values, "scrolled")
        self._forms = column(gap=16)
        self._forms.setContentsMargins(0, 0, 12, 0)
        self._values.setLayout(self._forms)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(self._values)
        self._area.setMaximumHeight(_VALUES_HEIGHT)
        self._area.hide()
        self.refusal = ErrorLine()
        self.make = button(tr("Save") if as_template else tr("Make the profile"), self._send, "primary")
        self.make.setDefault(True)
        lines = column(
            label(title, "title"),
            self.about,
            self.name,
            Field(tr("Description"), self.description),
            self._area,
            self.refusal,
            row(None, button(tr("Cancel"), self.reject), self.make),
            gap=12,
        )
        lines.setContentsMargins(*_MARGINS)
        self.setLayout(lines)
        self.name_box.textChanged.connect(lambda _text: self._refresh())
        self._refresh()
        context.ops.run(load_applicable(context.client, plan_id), on_success=self._show, owner=self)

    def value(self) -> ProfileCopy:
        wanted = ops.named(self.name_box.text().strip(), self.description.text().strip())
        given = {task_id: form.given() for task_id, form in self.forms.items()}
        wanted.parameters = {task_id: values for task_id, values in given.items() if values}
        return wanted

    def _show(self, found: Applicable) -> None:
        plan = found.profile
        if self._as_template:
            self.about.setText(tr("“{name}” with its tasks, for others to begin with.", name=plan.name))
        else:
            self.about.setText(tr("Its tasks come from “{name}”.", name=plan.name))
        self.name_box.setText(self._proposed(plan.name))
        self.name_box.selectAll()
        self.description.setText(plan.description or "")
        if not self._as_template:
            for number, task in enumerate(plan.tasks, 1):
                definitions = kept(found.definitions.get(task.id, []))
                if definitions:
                    form = ParameterForm()
                    form.begin(definitions, dict(task.parameters))
                    form.changed.connect(self._refresh)
                    self.forms[task.id] = form
                    title = tr("{n} · {name}", n=number, name=task.name)
                    self._forms.addLayout(column(label(title, "strong", wrap=True), form, gap=6))
        self._area.setVisible(bool(self.forms))
        self.name_box.setFocus()
        self._refresh()
        self.adjustSize()

    def _proposed(self, name: str) -> str:
        """A name that is free, as far as the window knows."""
        live = self._context.live
        taken = {str(one["name"]) for kind in ops.PLANS for one in live.kind(kind).values()}
        wanted = tr("{name} template", name=name)
        return wanted if self._as_template and wanted not in taken else free_name(name, taken)

    def _refresh(self) -> None:
        wrong = [form for form in self.forms.values() if form.wrong()]
        self.make.setEnabled(bool(self.name_box.text().strip()) and not wrong)
        self.name.set_error("")
        self.refusal.hide()

    def _send(self) -> None:
        self.make.setEnabled(False)
        act = ops.save_as_template if self._as_template else ops.instantiate
        self._context.ops.run(
            act(self._context.client, self._plan_id, self.value()),
            on_success=self._done,
            on_error=self._refused,
            owner=self,
        )

    def _done(self, made: Profile) -> None:
        then = self._made
        self.accept()
        then(made)

    def _refused(self, refusal: ApiError) -> None:
        self._refresh()
        if refusal.code == "name_taken":
            self.name.set_error(refusal.detail)
            self.name_box.setFocus()
            self.name_box.selectAll()
        else:
            self.refusal.say(refusal.detail)


def open_copy_dialog(
    parent: QWidget,
    context: Context,
    plan_id: int,
    made: Callable[[Profile], None],
    *,
    as_template: bool = False,
) -> CopyDialog:
    dialog = CopyDialog(parent, context, plan_id, made, as_template=as_template)
    dialog.open()
    return dialog
