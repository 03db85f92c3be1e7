"""A profile that shall be applied: which one, and what its tasks have to be given for this time."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from backend_lite.contract.live import PROFILE
from backend_lite.contract.parameters import ParameterValue, ScriptParameter
from backend_lite.contract.plans import ProfileTask
from console.core import words
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.plan_ops import Applicable, load_applicable
from console.core.plan_words import ASKED_LATER
from console.core.run_request import RunRequest
from console.core.texts import plural, tr
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import theme
from console.widgets.form import Field
from console.widgets.parameter_form import ParameterForm

Object = dict[str, Any]


class RunProfile(QWidget):
    """`changed` follows all of it. What has to be given stands open; what the profile has already is folded
    away, for whoever wants another value this time."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._request = RunRequest()
        self.applicable: Applicable | None = None
        self.forms: dict[int, list[ParameterForm]] = {}
        self.profile = QComboBox()
        self.profile.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.profile.setPlaceholderText(tr("Choose a profile…"))
        self.note = label("", "secondary", wrap=True)
        self.refusal = label("", "error", wrap=True)
        self.refusal.hide()
        self._needed = column(gap=12)
        self._others = column(gap=12)
        self._others_part = QWidget()
        self._others_part.setLayout(self._others)
        self.fold: QPushButton = button(
            tr("Other values for this time"), self._toggle, "section", icon="chevron-right"
        )
        self._parts: list[QWidget] = []
        self.setLayout(
            column(
                column(Field(tr("Profile"), self.profile), self.note, gap=4),
                self.refusal,
                self._needed,
                row(self.fold, None),
                self._others_part,
                gap=10,
            )
        )
        self.profile.currentIndexChanged.connect(lambda _at: self._chosen())
        self.destroyed.connect(context.live.subscribe(PROFILE, self._take))

    @property
    def profile_id(self) -> int | None:
        found = self.profile.currentData()
        return None if found is None else int(found)

    @property
    def known(self) -> Object | None:
        """The chosen profile as the live stream has it."""
        return None if self.profile_id is None else self._context.live.get(PROFILE, self.profile_id)

    @property
    def is_loaded(self) -> bool:
        return self.applicable is not None

    def tasks(self) -> list[ProfileTask]:
        return self.applicable.profile.tasks if self.applicable is not None else []

    def show_request(self, request: RunRequest) -> None:
        self._request = request
        self._fill(request.profile_id)
        self._chosen()

    def values(self) -> dict[int, dict[str, ParameterValue]]:
        """What is given for this time only, by the ids of the tasks."""
        given = {
            task_id: {name: value for form in forms for name, value in form.given().items()}
            for task_id, forms in self.forms.items()
        }
        return {task_id: values for task_id, values in given.items() if values}

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        if self.profile_id is None:
            return tr("Choose a profile.")
        for number, task in enumerate(self.tasks(), 1):
            sentence = next((why for form in self.forms.get(task.id, ()) if (why := form.wrong())), "")
            if sentence:
                return tr("Task {n}, “{name}”: {why}", n=number, name=task.name, why=sentence)
        return ""

    def first_gap(self) -> QWidget | None:
        if self.profile_id is None:
            return self.profile
        forms = (form for found in self.forms.values() for form in found)
        return next((gap for form in forms if (gap := form.first_missing()) is not None), None)

    # ---- inside

    def _fill(self, chosen: int | None) -> None:
        self.profile.blockSignals(True)
        self.profile.clear()
        profiles = self._context.live.kind(PROFILE).values()
        for one in sorted(profiles, key=lambda item: str(item["name"]).lower()):
            self.profile.addItem(str(one["name"]), one["id"])
        self.profile.setCurrentIndex(self.profile.findData(chosen) if chosen is not None else -1)
        self.profile.blockSignals(False)

    def _take(self, batch: LiveBatch) -> None:
        """Somebody saved it meanwhile: its tasks may need something else."""
        before, shown = self.applicable, self.profile_id
        self._fill(shown)
        news = batch.changed.get(shown or 0)
        if news is not None and before is not None and news["version"] != before.profile.version:
            self._load()
        elif shown is not None and shown in batch.removed:
            self._chosen()

    def _chosen(self) -> None:
        self.applicable = None
        self._show_forms()
        self._load()

    def _load(self) -> None:
        wanted = self.profile_id
        self.refusal.hide()
        if wanted is None:
            self._say()
            self.changed.emit()
            return

        def loaded(found: Applicable) -> None:
            if found.profile.id == self.profile_id:
                self.applicable = found
                self._show_forms()
                self._say()
                self.changed.emit()

        self._context.ops.run(
            load_applicable(self._context.client, wanted),
            on_success=loaded,
            on_error=self._refused,
            owner=self,
        )
        self._say()
        self.changed.emit()

    def _refused(self, refusal: ApiError) -> None:
        self.refusal.setText(refusal.detail)
        self.refusal.show()

    def _show_forms(self) -> None:
        given = self.values()
        for part in self._parts:
            part.hide()
            part.deleteLater()
        self._parts, self.forms = [], {}
        for number, task in enumerate(self.tasks(), 1):
            proposed = {**self._request.task_parameters.get(task.id, {}), **given.get(task.id, {})}
            self._add_forms(number, task, proposed)
        self.fold.setVisible(self._others.count() > 0)
        self._unfold(shown=False)

    def _add_forms(self, number: int, task: ProfileTask, proposed: dict[str, ParameterValue]) -> None:
        definitions = self.applicable.definitions.get(task.id, []) if self.applicable else []
        needed = [one for one in definitions if one.type in ASKED_LATER or _is_gap(task, one)]
        others = [one for one in definitions if one not in needed]
        for chosen, place in ((needed, self._needed), (others, self._others)):
            if chosen:
                form = _form(chosen, proposed, task)
                form.changed.connect(self.changed)
                self.forms.setdefault(task.id, []).append(form)
                part = QWidget()
                title = tr("{n} · {name}", n=number, name=task.name)
                part.setLayout(column(label(title, "strong", wrap=True), form, gap=6))
                self._parts.append(part)
                place.addWidget(part)

    def _say(self) -> None:
        known = self.known
        if known is None:
            self.note.setText("")
            return
        tasks = plural(known["task_count"], "{count} task", "{count} tasks")
        revision = tr("revision {n}", n=known["revision"])
        parts = [tasks, words.system_word(known.get("target_os_type")), revision]
        if self.applicable is None and self.refusal.isHidden():
            parts.append(tr("loading…"))
        self.note.setText(" · ".join(parts))

    def _toggle(self) -> None:
        self._unfold(shown=self._others_part.isHidden())

    def _unfold(self, *, shown: bool) -> None:
        self._others_part.setVisible(shown)
        theme().set_icon(self.fold, "chevron-down" if shown else "chevron-right")
        self.fold.setAccessibleDescription(tr("unfolded") if shown else tr("folded"))


def _is_gap(task: ProfileTask, one: ScriptParameter) -> bool:
    """Whether the profile lacks a value that the script needs."""
    return one.required and one.default is None and task.parameters.get(one.name) in (None, "")


def _form(
    chosen: list[ScriptParameter], proposed: dict[str, ParameterValue], task: ProfileTask
) -> ParameterForm:
    """With what is proposed as given, and what the profile has as what only stands there."""
    form = ParameterForm()
    names = {one.name for one in chosen}
    form.begin(chosen, {name: value for name, value in proposed.items() if name in names})
    for name, value in task.parameters.items():
        if name in form.inputs and name not in proposed:
            form.inputs[name].show_value(value)
    return form
