"""What a script is given: arguments as a vector, parameters by name, and its time limit."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.library import Language
from backend_lite.contract.parameters import PlainValue
from backend_lite.contract.runs import MAX_ARGUMENTS
from console.core.run_request import RunRequest
from console.core.texts import tr
from console.shell.parts import column, label, row
from console.widgets.form import Field
from console.widgets.minutes_box import MinutesBox
from console.widgets.rows_editor import RowsEditor


class RunInputs(QWidget):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._language = ""
        self.arguments = RowsEditor(tr("Argument"), [tr("Value")], tr("Add an argument"))
        self.parameters = RowsEditor(tr("Parameter"), [tr("Name"), tr("Value")], tr("Add a parameter"))
        self.timeout = MinutesBox()
        self.timeout.setFixedWidth(140)
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        hint = label(
            tr("Each row reaches the script as one argument, exactly as it stands here."),
            "secondary",
            wrap=True,
        )
        parameter_hint = label(
            tr("Each one is the variable DF_NAME there; for PowerShell also the parameter of that name."),
            "secondary",
            wrap=True,
        )
        self._arguments_part = QWidget()
        self._arguments_part.setLayout(column(label(tr("Arguments"), "header"), hint, self.arguments, gap=4))
        self.setLayout(
            column(
                self._arguments_part,
                column(label(tr("Parameters"), "header"), parameter_hint, self.parameters, gap=4),
                row(Field(tr("Time limit"), self.timeout), None),
                self.problem,
                None,
                gap=16,
            )
        )
        self.arguments.changed.connect(self._check)
        self.parameters.changed.connect(self._check)
        self.timeout.edited.connect(self.changed)

    def show_request(self, request: RunRequest) -> None:
        self.arguments.set_values([[value] for value in request.arguments])
        self.parameters.set_values([[name, str(value)] for name, value in request.parameters.items()])

    def set_script(self, language: str, timeout_s: int) -> None:
        self._language = language
        # cmd.exe would read arguments as commands; the service refuses them.
        self._arguments_part.setVisible(language != Language.CMD)
        self.timeout.show_seconds(timeout_s)
        self._check()

    @property
    def timeout_s(self) -> int:
        return self.timeout.seconds

    def argument_values(self) -> list[str]:
        if self._language == Language.CMD:
            return []
        return [values[0] for values in self.arguments.values]

    def parameter_values(self) -> dict[str, PlainValue]:
        return {name.strip(): value for name, value in self.parameters.values if name.strip() or value}

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when all is well."""
        names = [name.strip() for name, value in self.parameters.values if name.strip() or value]
        for name in names:
            if not name:
                return tr("A parameter has no name.")
            if not (name.isascii() and name.isidentifier()):
                return tr("“{name}” cannot be the name of a parameter: use letters, digits and _.", name=name)
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            return tr("The parameter “{name}” stands there twice.", name=sorted(twice)[0])
        if len(self.argument_values()) > MAX_ARGUMENTS:
            return tr("At most {count} arguments can be given.", count=MAX_ARGUMENTS)
        if any("\0" in value for value in self.argument_values()):
            return tr("An argument cannot contain a NUL character.")
        return ""

    def _check(self) -> None:
        wrong = self.wrong()
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        self.changed.emit()
