"""Inputs for the values of declared parameters, one for each type."""

from __future__ import annotations

import asyncio
import base64
import math
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QWidget

from backend_lite.contract.parameters import (
    MAX_FILES_BYTES,
    FileValue,
    ParameterType,
    ParameterValue,
    ScriptParameter,
)
from console.core import formatting
from console.core.texts import tr
from console.shell.parts import button, column, icon_button, label
from console.shell.theme import set_role
from console.widgets.form import Field


class ParameterInput(QWidget):
    """`value` is None for nothing given. `problem` says what cannot be a value of this type at all."""

    changed = Signal()

    def __init__(self, parameter: ScriptParameter) -> None:
        super().__init__()
        self.parameter = parameter
        self.touched = False

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.parameter.label or self.parameter.name

    def value(self) -> ParameterValue | None:
        raise NotImplementedError

    def show_value(self, value: ParameterValue) -> None:
        raise NotImplementedError

    def problem(self) -> str:
        return ""

    def show_error(self, sentence: str) -> None:
        raise NotImplementedError

    def _by_person(self, _news: object = None) -> None:
        self.touched = True
        self.changed.emit()

    def _heading(self) -> str:
        return tr("{title} · required", title=self.title) if self.parameter.required else self.title


class _Line(ParameterInput):
    def __init__(self, parameter: ScriptParameter, *beside: QWidget) -> None:
        super().__init__(parameter)
        self.box = QLineEdit()
        self.field = Field(self._heading(), self.box, self._hint(), *beside)
        self.setLayout(column(self.field))
        self.setFocusProxy(self.box)
        self.box.textEdited.connect(self._by_person)

    def value(self) -> ParameterValue | None:
        return self.box.text() or None

    def show_value(self, value: ParameterValue) -> None:
        self.box.setText(str(value))
        self.box.setCursorPosition(0)

    def show_error(self, sentence: str) -> None:
        if sentence != self.field.error:
            self.field.set_error(sentence)

    def _hint(self) -> str:
        return self.parameter.description


class TextInput(_Line):
    pass


class NumberInput(_Line):
    _WIDTH = 140

    def __init__(self, parameter: ScriptParameter) -> None:
        super().__init__(parameter)
        self.box.setFixedWidth(self._WIDTH)

    def value(self) -> ParameterValue | None:
        return to_number(self.box.text())

    def show_value(self, value: ParameterValue) -> None:
        self.box.setText(number_text(value) if isinstance(value, int | float) else str(value))

    def problem(self) -> str:
        text = self.box.text().strip()
        if text and to_number(text) is None:
            return tr("“{text}” is not a number.", text=text)
        return ""

    def _hint(self) -> str:
        return " ".join(part for part in (range_words(self.parameter), self.parameter.description) if part)


class SecretInput(_Line):
    """Masked; what was typed is in this box only, and never kept."""

    def __init__(self, parameter: ScriptParameter) -> None:
        self.show_it = button(tr("Show"), self._toggle, name=tr("Show or hide the secret"))
        super().__init__(parameter, self.show_it)
        self.box.setEchoMode(QLineEdit.EchoMode.Password)

    def show_value(self, value: ParameterValue) -> None:
        """A secret is only ever typed."""

    def _toggle(self) -> None:
        hidden = self.box.echoMode() == QLineEdit.EchoMode.Password
        self.box.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self.show_it.setText(tr("Hide") if hidden else tr("Show"))

    def _hint(self) -> str:
        sealed = tr("Sealed to each device; not shown again.")
        return f"{self.parameter.description} {sealed}".strip()


class BooleanInput(ParameterInput):
    def __init__(self, parameter: ScriptParameter) -> None:
        super().__init__(parameter)
        self.box = QCheckBox(self.title)
        self.note = label(parameter.description, "secondary", wrap=True)
        self.note.setVisible(bool(parameter.description))
        self.box.setAccessibleDescription(parameter.description)
        self.setLayout(column(self.box, self.note, gap=0))
        self.setFocusProxy(self.box)
        self.box.toggled.connect(self._by_person)

    def value(self) -> ParameterValue | None:
        return self.box.isChecked()

    def show_value(self, value: ParameterValue) -> None:
        self.box.blockSignals(True)
        self.box.setChecked(value is True or str(value).lower() == "true")
        self.box.blockSignals(False)

    def show_error(self, sentence: str) -> None:
        self.note.setText(sentence or self.parameter.description)
        self.note.setVisible(bool(self.note.text()))
        set_role(self.note, "error" if sentence else "secondary")


class ChoiceInput(ParameterInput):
    def __init__(self, parameter: ScriptParameter) -> None:
        super().__init__(parameter)
        self.box = QComboBox()
        self.box.addItem(tr("Choose…") if parameter.required else tr("Not given"), None)
        for choice in parameter.choices:
            self.box.addItem(choice, choice)
        self.field = Field(self._heading(), self.box, parameter.description)
        self.setLayout(column(self.field))
        self.setFocusProxy(self.box)
        self.box.currentIndexChanged.connect(self._by_person)

    def value(self) -> ParameterValue | None:
        found = self.box.currentData()
        return None if found is None else str(found)

    def show_value(self, value: ParameterValue) -> None:
        self.box.blockSignals(True)
        self.box.setCurrentIndex(max(self.box.findData(value), 0))
        self.box.blockSignals(False)

    def show_error(self, sentence: str) -> None:
        if sentence != self.field.error:
            self.field.set_error(sentence)


class FileInput(ParameterInput):
    """The file is read when it is chosen: what is sent is what it was then."""

    def __init__(self, parameter: ScriptParameter) -> None:
        super().__init__(parameter)
        self._file: FileValue | None = None
        self._task: asyncio.Task[None] | None = None
        self._wrong = ""
        self.box = QLineEdit()
        self.box.setReadOnly(True)
        self.box.setPlaceholderText(tr("No file"))
        self.choose = button(tr("Choose…"), self._ask, name=tr("Choose a file for {title}", title=self.title))
        self.drop = icon_button("close", tr("Take the file out"), self._drop)
        self.drop.setEnabled(False)
        limit = tr("At most {size}.", size=formatting.size(MAX_FILES_BYTES))
        hint = f"{parameter.description} {limit}".strip()
        self.field = Field(self._heading(), self.box, hint, self.choose, self.drop)
        self.setLayout(column(self.field))
        self.setFocusProxy(self.choose)

    def value(self) -> ParameterValue | None:
        return self._file

    def show_value(self, value: ParameterValue) -> None:
        if isinstance(value, FileValue):
            self._take(value)

    def problem(self) -> str:
        return self._wrong

    def show_error(self, sentence: str) -> None:
        if sentence != self.field.error:
            self.field.set_error(sentence)

    def read(self, path: Path) -> None:
        self._task = asyncio.get_running_loop().create_task(self._read(path))

    async def _read(self, path: Path) -> None:
        try:
            content = await asyncio.to_thread(_content, path)
        except OSError as error:
            self._file, self._wrong = (
                None,
                tr("{name} cannot be read: {why}.", name=path.name, why=error.strerror),
            )
        except ValueError as error:
            self._file, self._wrong = None, str(error)
        else:
            self._take(FileValue(path.name, base64.b64encode(content).decode("ascii")))
        if self._wrong:
            self.box.clear()
        self._by_person()

    def _take(self, file: FileValue) -> None:
        self._file, self._wrong = file, ""
        size = len(file.content) * 3 // 4
        self.box.setText(tr("{name} · {size}", name=file.file_name, size=formatting.size(size)))
        self.drop.setEnabled(True)

    def _drop(self) -> None:
        self._file, self._wrong = None, ""
        self.box.clear()
        self.drop.setEnabled(False)
        self._by_person()

    def _ask(self) -> None:
        dialog = QFileDialog(self, tr("Choose a file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.read(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


_KINDS: dict[ParameterType, type[ParameterInput]] = {
    ParameterType.TEXT: TextInput,
    ParameterType.NUMBER: NumberInput,
    ParameterType.BOOLEAN: BooleanInput,
    ParameterType.CHOICE: ChoiceInput,
    ParameterType.FILE: FileInput,
    ParameterType.SECRET: SecretInput,
}


def parameter_input(parameter: ScriptParameter) -> ParameterInput:
    """The input for its type, with the default in it."""
    made = _KINDS[parameter.type](parameter)
    if parameter.default is not None:
        made.show_value(parameter.default)
    return made


def range_words(parameter: ScriptParameter) -> str:
    """`1 to 90.`, `At least 1.`, `At most 90.`, or nothing."""
    least, most = parameter.minimum, parameter.maximum
    if least is not None and most is not None:
        return tr("{least} to {most}.", least=number_text(least), most=number_text(most))
    if least is not None:
        return tr("At least {least}.", least=number_text(least))
    return tr("At most {most}.", most=number_text(most)) if most is not None else ""


def number_text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else str(value)


def to_number(text: str) -> int | float | None:
    """A whole number stays whole; None for what is no number."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _content(path: Path) -> bytes:
    """Raises OSError, and ValueError with a sentence for a file that is too large."""
    size = path.stat().st_size
    if size > MAX_FILES_BYTES:
        raise ValueError(
            tr(
                "{name} has {size}; a file may have {limit} at most.",
                name=path.name,
                size=formatting.size(size),
                limit=formatting.size(MAX_FILES_BYTES),
            )
        )
    return path.read_bytes()
