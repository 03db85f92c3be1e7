"""A form over a value: fields show it, and tell what a person makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from console.shell.parts import column, frame
from console.widgets.code_edit import CodeEdit
from console.widgets.form import Field

_UNDO = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)

_FIELDS_OF_CODES = {
    "name_taken": ("name",),
    "slug_taken": ("slug",),
    "no_file": ("file",),
    "no_source": ("source", "file"),
    "bad_url": ("source",),
    "bad_path": ("source",),
    "bad_file_name": ("file",),
    "bad_checksum": ("sha256", "checksum"),
    "checksum_needed": ("sha256",),
    "checksum_differs": ("checksum", "file"),
    "bad_detection": ("detect_value", "detect_script", "detect_type"),
    "no_command": ("install_command",),
}


class ValueForm(QWidget):
    """`edited(value, field)` follows a person; `field` names what was changed, for undo."""

    edited = Signal(object, str)

    def __init__(self, value: msgspec.Struct) -> None:
        super().__init__()
        self._value: Any = value
        self._quiet = False
        self.fields: dict[str, Field] = {}
        self._lines: dict[str, QLineEdit] = {}
        self._choices: dict[str, QComboBox] = {}
        self._texts: dict[str, CodeEdit] = {}

    @property
    def value(self) -> Any:
        return self._value

    def show_value(self, value: Any) -> None:
        """Also after undo: what is right already is left alone."""
        self._quiet = True
        self._value = value
        for name, line in self._lines.items():
            text = str(getattr(value, name))
            if line.text() != text:
                line.setText(text)
                line.setCursorPosition(0)
        for name, text_ in self._texts.items():
            if text_.text() != getattr(value, name):
                text_.load(getattr(value, name))
        for name, box in self._choices.items():
            box.setCurrentIndex(box.findData(getattr(value, name)))
        self.show_rest(value)
        self._quiet = False

    def show_rest(self, value: Any) -> None:
        """What is more than a field, and what depends on other fields."""

    def wrong(self) -> dict[str, str]:
        """What the window itself sees, by field: what the service could not be asked."""
        return {}

    def begin(self) -> None:
        """A new one: the keyboard goes to where a person begins."""
        next(iter(self._lines.values())).setFocus()

    def show_refusal(self, code: str, sentence: str) -> bool:
        """What the service says, at its field. False when it is about none of them."""
        possible = _FIELDS_OF_CODES.get(code, (code.removeprefix("bad_"),))
        name = next((one for one in possible if one in self.fields and not self.fields[one].isHidden()), None)
        return name is not None and self.show_errors({name: sentence})

    def show_errors(self, errors: Mapping[str, str]) -> bool:
        """Each at its field; the first gets the keyboard. False when a field is not one of this form."""
        for name, field in self.fields.items():
            if field.error or name in errors:
                field.set_error(errors.get(name, ""))
        first = next((self.fields[name] for name in self.fields if name in errors), None)
        if first is not None:
            first.show()
            first.input.setFocus()
        return all(name in self.fields for name in errors)

    def serve_undo(self) -> None:
        """Lines leave the keys of undo to the page."""
        for line in self.findChildren(QLineEdit):
            line.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A line claims the keys of undo for itself, and knows nothing of all that was changed beside it.
        if event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    # ---- for forms

    def line(self, name: str, title: str, hint: str = "", *, most: int = 200, empty: str = "") -> Field:
        box = QLineEdit()
        box.setMaxLength(most)
        box.setPlaceholderText(empty)
        box.textEdited.connect(partial(self._typed, name))
        self._lines[name] = box
        return self._keep(name, Field(title, box, hint))

    def choice(self, name: str, title: str, options: Mapping[str, str], hint: str = "") -> Field:
        """`options` are values with their words."""
        box = QComboBox()
        for value, words in options.items():
            box.addItem(words, value)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(12)
        box.activated.connect(lambda _at: self._chosen(name))
        self._choices[name] = box
        return self._keep(name, Field(title, box, hint))

    def text(self, name: str, title: str, hint: str = "", *, height: int = 140, of: str = "") -> Field:
        """A field called `name` for the attribute `of`, which is by default called so as well."""
        edit, attribute = CodeEdit(title), of or name
        edit.setFixedHeight(height)
        edit.text_changed.connect(lambda: self._typed(attribute, edit.text()))
        self._texts[attribute] = edit
        around = frame("code-frame", column(edit), (1, 1, 1, 1))
        around.setFocusProxy(edit)
        return self._keep(name, Field(title, around, hint))

    def change(self, field: str, value: Any) -> None:
        """Takes what a person made, and says so."""
        if self._quiet or value == self._value:
            return
        self._value = value
        if field in self.fields:
            self.fields[field].set_error("")
        self.edited.emit(value, field)

    # ---- inside

    def _keep(self, name: str, field: Field) -> Field:
        self.fields[name] = field
        return field

    def _typed(self, name: str, text: str) -> None:
        if not self._quiet:
            self.change(name, msgspec.structs.replace(self._value, **{name: text}))

    def _chosen(self, name: str) -> None:
        self.take_choice(name, str(self._choices[name].currentData()))

    def take_choice(self, name: str, chosen: str) -> None:
        """A person chose `chosen`; for forms in which one choice decides about others."""
        self.change(name, msgspec.structs.replace(self._value, **{name: chosen}))


def _is_undo(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and any(event.matches(standard) for standard in _UNDO)
