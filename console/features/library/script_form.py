"""What of a script can be edited besides its text, and the whole of it as a value."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QLineEdit

from backend_lite.contract.library import (
    MAX_NAME,
    TARGET_OS_TYPES,
    Language,
    Script,
    ScriptCreate,
    ScriptUpdate,
)
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.runs import DEFAULT_TIMEOUT_S
from console.core import words
from console.core.texts import tr
from console.shell.parts import column, frame, label, row
from console.widgets.form import Field
from console.widgets.minutes_box import MinutesBox


class Edited(msgspec.Struct, frozen=True):
    """A script as it is in the editor. `target_os_type` is empty for any system."""

    name: str = ""
    language: str = Language.POWERSHELL
    target_os_type: str = ""
    timeout_s: int = DEFAULT_TIMEOUT_S
    description: str = ""
    content: str = ""
    parameters: tuple[ScriptParameter, ...] = ()
    idempotent: bool = False

    @staticmethod
    def of(script: Script) -> Edited:
        return Edited(
            script.name,
            script.language,
            script.target_os_type or "",
            script.timeout_s,
            script.description or "",
            script.content,
            tuple(script.parameters),
            script.idempotent,
        )

    def as_new(self, message: str) -> ScriptCreate:
        return ScriptCreate(
            name=self.name,
            content=self.content,
            language=self.language,
            description=self.description or None,
            target_os_type=self.target_os_type or None,
            timeout_s=self.timeout_s,
            message=message,
            parameters=list(self.parameters),
            idempotent=self.idempotent,
        )

    def as_change(self, message: str) -> ScriptUpdate:
        return ScriptUpdate(
            name=self.name,
            content=self.content,
            language=self.language,
            description=self.description or None,
            target_os_type=self.target_os_type or None,
            timeout_s=self.timeout_s,
            message=message,
            parameters=list(self.parameters),
            idempotent=self.idempotent,
        )


class Draft(msgspec.Struct):
    """What is kept of an unsaved script. It was begun on `version` (0: a new script)."""

    edited: Edited
    version: int
    saved_at: str


class ScriptFields(QFrame):
    """`changed` follows what a person changes, not what `show_script` sets."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._quiet = False
        self.name_box = QLineEdit()
        self.name_box.setMaxLength(MAX_NAME)
        self.name = Field(tr("Name"), self.name_box)
        self.language = QComboBox()
        for language in Language:
            self.language.addItem(words.language_word(language), language.value)
        self.system = QComboBox()
        for system in ("", *TARGET_OS_TYPES):
            self.system.addItem(words.system_word(system or None), system)
        self.timeout = MinutesBox()
        self.description = QLineEdit()
        self.description.setPlaceholderText(tr("Description"))
        self.description.setAccessibleName(tr("Description"))
        first = row(
            self.name,
            Field(tr("Language"), self.language),
            Field(tr("Runs on"), self.system),
            Field(tr("Time limit"), self.timeout),
        )
        first.setStretch(0, 1)
        self.idempotent = QCheckBox(tr("May be repeated after a failure"))
        meaning = tr("Running it twice does no harm: a rollout may then try again by itself.")
        self.idempotent.setAccessibleDescription(meaning)
        repeat = row(self.idempotent, label(meaning, "secondary"), None)
        lines = column(first, self.description, repeat)
        inside = frame("tool-bar", lines, (16, 10, 16, 10))
        self.setLayout(column(inside))
        self.name_box.textEdited.connect(self._tell)
        self.description.textEdited.connect(self._tell)
        self.language.currentIndexChanged.connect(self._tell)
        self.system.currentIndexChanged.connect(self._tell)
        self.timeout.edited.connect(self._tell)
        self.idempotent.toggled.connect(self._tell)

    def show_script(self, edited: Edited) -> None:
        self._quiet = True
        self.name_box.setText(edited.name)
        self.description.setText(edited.description)
        self.description.setCursorPosition(0)
        self.name_box.setCursorPosition(0)
        self.language.setCurrentIndex(max(self.language.findData(str(edited.language)), 0))
        self.system.setCurrentIndex(max(self.system.findData(edited.target_os_type), 0))
        self.timeout.show_seconds(edited.timeout_s)
        self.idempotent.setChecked(edited.idempotent)
        self._quiet = False
        self.name.set_error("")

    def value(self, content: str, parameters: tuple[ScriptParameter, ...]) -> Edited:
        return Edited(
            self.name_box.text().strip(),
            self.language.currentData(),
            self.system.currentData(),
            self.timeout.seconds,
            self.description.text().strip(),
            content,
            parameters,
            self.idempotent.isChecked(),
        )

    def _tell(self, _news: object = None) -> None:
        if not self._quiet:
            self.name.set_error("")
            self.changed.emit()
