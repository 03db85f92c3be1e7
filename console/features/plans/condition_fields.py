"""On which devices a task is carried out."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.contract.library import TARGET_OS_TYPES
from console.core import words
from console.core.texts import tr
from console.shell.parts import column
from console.widgets.form import Field
from console.widgets.query_box import Known, QueryBox

_LONGEST = 2000


class ConditionFields(QWidget):
    """`changed` follows a person: the field's name."""

    changed = Signal(str)

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._quiet = False
        self.system = QComboBox()
        for system in ("", *TARGET_OS_TYPES):
            self.system.addItem(words.system_word(system) if system else tr("Every device"), system)
        self.box = QueryBox(DEVICE_FIELDS, known)
        self.box.setMaxLength(_LONGEST)
        self.box.setPlaceholderText(tr("For example  tag:lab ram>8GB"))
        self.query = Field(
            tr("And only where this matches"), self.box, tr("As the device is when the profile is applied.")
        )
        self.setLayout(column(Field(tr("Only on"), self.system), self.query, gap=12))
        self.system.currentIndexChanged.connect(lambda _at: self._tell("os"))
        self.box.textChanged.connect(lambda _text: self._tell("query"))
        self.box.problem_changed.connect(self.query.set_error)
        self.box.left.connect(self._point)

    @property
    def os_type(self) -> str:
        return str(self.system.currentData())

    @property
    def text(self) -> str:
        return self.box.text().strip()

    def show_condition(self, os_type: str, query: str) -> None:
        self._quiet = True
        self.system.setCurrentIndex(max(self.system.findData(os_type), 0))
        if query != self.text:
            self.box.setText(query)
        self._quiet = False

    def _tell(self, field: str) -> None:
        if not self._quiet:
            self.changed.emit(field)

    def _point(self) -> None:
        """To what is not understood, or on to the next field."""
        error = self.box.error
        if error is not None:
            self.box.setSelection(error.start, max(error.end - error.start, 1))
        else:
            self.box.focusNextChild()
