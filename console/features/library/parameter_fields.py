"""All that is declared about one parameter."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from backend_lite.contract.parameters import ParameterType, PlainValue, ScriptParameter, value_problem
from console.core.texts import tr
from console.features.library.parameter_list import type_word
from console.shell.parts import column, label, row
from console.widgets.form import Field
from console.widgets.parameter_inputs import number_text, to_number
from console.widgets.parsed_field import ParsedField
from console.widgets.rows_editor import RowsEditor

_NO_DEFAULT = (ParameterType.SECRET, ParameterType.FILE)
_SWITCHED = (ParameterType.BOOLEAN, ParameterType.CHOICE)


class ParameterFields(QWidget):
    """`changed(field)` follows a person; `field` is its name in ScriptParameter."""

    changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.shown = ScriptParameter("")
        self._quiet = False
        self.name = QLineEdit()
        self.type = QComboBox()
        for kind in ParameterType:
            self.type.addItem(type_word(kind), kind.value)
        self.label = QLineEdit()
        self.description = QLineEdit()
        self.required = QCheckBox(tr("Required"))
        self.choices = RowsEditor(tr("Choice"), [tr("Value")], tr("Add a choice"))
        not_number = tr("Write a number.")
        self.minimum = ParsedField(tr("Smallest"), to_number, not_number, empty=tr("None"))
        self.maximum = ParsedField(tr("Largest"), to_number, not_number, empty=tr("None"))
        self.default_text = QLineEdit()
        self.default_text.setPlaceholderText(tr("None"))
        self.default_choice = QComboBox()
        self.problem = label("", "error", wrap=True)
        self._build()
        self._connect()

    def value(self) -> ScriptParameter:
        """What does not belong to its type is left out."""
        kind = ParameterType(self.type.currentData())
        made = ScriptParameter(
            name=self.name.text().strip(),
            type=kind,
            label=self.label.text().strip(),
            description=self.description.text().strip(),
            required=self.required.isChecked(),
        )
        if kind is ParameterType.CHOICE:
            made.choices = [values[0] for values in self.choices.values]
        if kind is ParameterType.NUMBER:
            made.minimum, made.maximum = self.minimum.value, self.maximum.value
        made.default = self._default(made)
        return made

    def show_parameter(self, parameter: ScriptParameter, problem: str) -> None:
        """Over what is there; a field that says the same already is left alone, with its cursor."""
        self._quiet = True
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        if parameter != self.value() or parameter != self.shown:
            self._fill(parameter)
        self.shown = parameter
        self._show_needed(parameter.type)
        self._quiet = False

    # ---- inside

    def _build(self) -> None:
        self._choices = QWidget()
        self._choices.setLayout(column(label(tr("Choices"), "header"), self.choices, gap=4))
        self._bounds = QWidget()
        self._bounds.setLayout(row(self.minimum, self.maximum))
        self._default_text = Field(tr("Default"), self.default_text)
        self._default_choice = Field(tr("Default"), self.default_choice)
        self._name = Field(tr("Name"), self.name)
        names = row(self._name, Field(tr("Type"), self.type))
        names.setStretch(0, 1)
        self.setLayout(
            column(
                names,
                self.problem,
                Field(tr("Label"), self.label),
                Field(tr("Description"), self.description),
                self._choices,
                self._bounds,
                self._default_text,
                self._default_choice,
                row(self.required, None),
                gap=10,
            )
        )
        names.setAlignment(self._name, Qt.AlignmentFlag.AlignTop)

    def _connect(self) -> None:
        for field, box in (
            ("name", self.name),
            ("label", self.label),
            ("description", self.description),
            ("default", self.default_text),
        ):
            box.textEdited.connect(lambda _text, field=field: self._tell(field))
        self.type.currentIndexChanged.connect(lambda _at: self._tell(""))
        self.required.toggled.connect(lambda _on: self._tell(""))
        self.choices.changed.connect(lambda: self._tell("choices"))
        self.minimum.changed.connect(lambda: self._tell("minimum"))
        self.maximum.changed.connect(lambda: self._tell("maximum"))
        self.default_choice.currentIndexChanged.connect(lambda _at: self._tell(""))

    def _tell(self, field: str) -> None:
        if not self._quiet:
            self.changed.emit(field)

    def _default(self, made: ScriptParameter) -> PlainValue | None:
        if made.type in _NO_DEFAULT:
            return None
        if made.type in _SWITCHED:
            found: PlainValue | None = self.default_choice.currentData()
            fits = found is not None and not value_problem(made, found)
            return found if fits else None
        text = self.default_text.text()
        if made.type is ParameterType.NUMBER and text:
            number = to_number(text)
            # What is no number stays as it was typed: it is said to be wrong, not thrown away.
            return text if number is None else number
        return text or None

    def _fill(self, parameter: ScriptParameter) -> None:
        for box, text in (
            (self.name, parameter.name),
            (self.label, parameter.label),
            (self.description, parameter.description),
        ):
            if box.text().strip() != text:
                box.setText(text)
        self.type.setCurrentIndex(self.type.findData(parameter.type.value))
        self.required.setChecked(parameter.required)
        if [values[0] for values in self.choices.values] != parameter.choices:
            self.choices.set_values([[choice] for choice in parameter.choices])
        for field, bound in ((self.minimum, parameter.minimum), (self.maximum, parameter.maximum)):
            if field.value != bound or bound is None:
                field.show_text("" if bound is None else number_text(bound))
        self._fill_default(parameter)

    def _fill_default(self, parameter: ScriptParameter) -> None:
        default = parameter.default
        box = self.default_choice
        box.clear()
        box.addItem(tr("None"), None)
        if parameter.type is ParameterType.BOOLEAN:
            box.addItem(tr("Yes"), True)
            box.addItem(tr("No"), False)
        for choice in parameter.choices:
            box.addItem(choice, choice)
        if parameter.type in _SWITCHED:
            found = [at for at in range(box.count()) if box.itemData(at) == default]
            box.setCurrentIndex(found[0] if found and default is not None else 0)
            return
        shown = number_text(default) if isinstance(default, int | float) else default or ""
        typed = self.default_text.text()
        if typed != shown and not (to_number(typed) is not None and to_number(typed) == default):
            self.default_text.setText(shown)

    def _show_needed(self, kind: ParameterType) -> None:
        self._choices.setVisible(kind is ParameterType.CHOICE)
        self._bounds.setVisible(kind is ParameterType.NUMBER)
        self._default_text.setVisible(kind not in (*_NO_DEFAULT, *_SWITCHED))
        self._default_choice.setVisible(kind in _SWITCHED)
