"""The parameters of one script: a form for those that it declares, rows for a script that declares none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.parameters import ParameterValue, ScriptParameter, problems
from console.core.texts import tr
from console.shell.parts import column, label
from console.widgets.parameter_inputs import ParameterInput, parameter_input
from console.widgets.rows_editor import RowsEditor


class ParameterForm(QWidget):
    """`changed` follows what a person gives. What was given stays when the declarations change, as far as
    its parameter is still there and of the same type."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.definitions: list[ScriptParameter] | None = None
        self.inputs: dict[str, ParameterInput] = {}
        self.rows = RowsEditor(tr("Parameter"), [tr("Name"), tr("Value")], tr("Add a parameter"))
        self.rows.changed.connect(self._rows_changed)
        self._rows = QWidget()
        hint = label(
            tr("Each one is the variable DF_NAME there; for PowerShell also the parameter of that name."),
            "secondary",
            wrap=True,
        )
        self._rows.setLayout(column(label(tr("Parameters"), "header"), self.rows, hint, gap=4))
        self._column = column(self._rows, gap=12)
        self.setLayout(self._column)

    def show_definitions(self, definitions: Sequence[ScriptParameter]) -> None:
        """Nothing happens when these are shown already."""
        if self.definitions == list(definitions):
            return
        self.definitions = list(definitions)
        given = {name: (old.parameter.type, old) for name, old in self.inputs.items() if old.touched}
        for old in self.inputs.values():
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.inputs = {}
        for definition in definitions:
            made = parameter_input(definition)
            kept_type, kept = given.get(definition.name, (None, None))
            if kept is not None and kept_type == definition.type:
                _hand_over(kept, made)
            made.changed.connect(self.changed)
            self.inputs[definition.name] = made
            self._column.addWidget(made)
        self._rows_changed()

    def begin(self, definitions: Sequence[ScriptParameter], values: Mapping[str, ParameterValue]) -> None:
        """Something else: nothing of what was given before stays. What is in `values` counts as given."""
        self.definitions = None
        for old in self.inputs.values():
            old.touched = False
        self.blockSignals(True)
        self.rows.set_values([])
        self.show_definitions(definitions)
        self.show_values(values)
        for name, found in self.inputs.items():
            found.touched = name in values
        self.blockSignals(False)

    def given(self) -> dict[str, ParameterValue]:
        """What a person gave, without the defaults that only stand there."""
        if not self.definitions:
            return self.values()
        values = self.values()
        return {name: values[name] for name, one in self.inputs.items() if one.touched and name in values}

    def show_values(self, values: Mapping[str, ParameterValue]) -> None:
        """What is proposed; without declarations every value is a text."""
        if not self.definitions:
            self.rows.set_values([[name, str(value)] for name, value in values.items()])
            self._rows_changed()
        for name, value in values.items():
            if name in self.inputs:
                self.inputs[name].show_value(value)

    def _rows_changed(self) -> None:
        self._rows.setVisible(not self.definitions and bool(self.rows.values))
        self.setVisible(bool(self.definitions) or bool(self.rows.values))
        self.changed.emit()

    def values(self) -> dict[str, ParameterValue]:
        """What is given and can be a value."""
        if not self.definitions:
            return {name.strip(): value for name, value in self.rows.values if name.strip() or value}
        given = ((name, found.value()) for name, found in self.inputs.items() if not found.problem())
        return {name: value for name, value in given if value is not None}

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; also said at the inputs that a person touched."""
        if not self.definitions:
            names = [name.strip() for name, value in self.rows.values if name.strip() or value]
            return _twice(names) or next(iter(problems([], self.values()).values()), "")
        wrong = self._problems()
        for name, found in self.inputs.items():
            found.show_error(wrong.get(name, "") if found.touched else "")
        first = next((found for name, found in self.inputs.items() if wrong.get(name)), None)
        if first is None:
            return ""
        return wrong[first.name] if first.touched else tr("Fill in “{title}”.", title=first.title)

    def first_missing(self) -> ParameterInput | None:
        wrong = self._problems() if self.definitions else {}
        return next((found for name, found in self.inputs.items() if wrong.get(name)), None)

    def _problems(self) -> dict[str, str]:
        found = problems(self.definitions or [], self.values())
        return found | {name: one.problem() for name, one in self.inputs.items() if one.problem()}


def _hand_over(old: ParameterInput, new: ParameterInput) -> None:
    value = old.value()
    if value is not None:
        new.show_value(value)
        new.touched = True


def _twice(names: list[str]) -> str:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    return tr("The parameter “{name}” stands there twice.", name=twice[0]) if twice else ""
