"""One setting of a form, made from its declaration: the input on the left, what it means on the right."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from backend_lite.contract.settings import SettingForm, SettingType
from console.core import formatting
from console.core.setting_edit import (
    LONG_TEXT,
    Raw,
    default_words,
    is_default,
    limit_words,
    name_of,
    wrong,
)
from console.core.texts import tr
from console.features.settings.secret_box import SecretBox
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import Field

INPUT_WIDTH = 300
_NUMBER_WIDTH = 120
_TEXT_WIDTH = 480
_WHOLE = 100
_LINES = 5
_UNDO = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class SettingField(QWidget):
    """`edited(name, raw)` follows a person; `reset_wanted(name)` asks for the default."""

    edited = Signal(str, object)
    reset_wanted = Signal(str)

    def __init__(self, form: SettingForm, context: Context) -> None:
        super().__init__()
        self.form, self.name = form, name_of(form)
        self._context = context
        self._quiet = False
        self.box = self._input()
        self.box.installEventFilter(self)
        unit = [label(form.unit, "secondary"), _Stretch()] if form.unit else []
        self.field = Field(form.title, self.box, limit_words(form), *unit)
        self.field.setFixedWidth(INPUT_WIDTH)
        meaning = label(form.help, "muted", wrap=True)
        meaning.setMaximumWidth(_TEXT_WIDTH)
        wide = row(meaning, None)
        wide.setStretch(0, _WHOLE)
        self.box.setAccessibleDescription(form.help)
        self.who = label("", "secondary")
        self.reset = button(
            tr("Reset to {default}", default=_short(default_words(form))),
            lambda: self.reset_wanted.emit(self.name),
            "link",
            name=tr("Reset {title} to its default", title=form.title),
        )
        beside = column(wide, row(self.who, self.reset, None), None, gap=4)
        line = row(column(self.field, None), beside, gap=24)
        line.setStretch(1, 1)
        self.setLayout(line)

    def show_form(self, form: SettingForm) -> None:
        """What is stored now, and by whom."""
        self.form = form
        self.who.setText(
            tr(
                "Changed by {who}, {when}",
                who=form.changed_by,
                when=formatting.ago(form.changed_at, self._context.clock()),
            )
            if form.changed_at
            else ""
        )
        self.who.setVisible(bool(form.changed_at))

    def show_raw(self, raw: Raw, *, enabled: bool) -> None:
        self._quiet = True
        self._show(raw)
        self._quiet = False
        self.box.setEnabled(enabled)
        self.reset.setVisible(not is_default(self.form, raw) and self.form.group != "custom")
        self.say(wrong(self.form, raw))

    def say(self, sentence: str) -> None:
        """What is wrong with it, in its place."""
        if sentence != self.field.error:
            self.field.set_error(sentence)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A line claims the keys of undo for itself, and knows nothing of what was changed beside it.
        if event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    # ---- inside

    def _input(self) -> QWidget:
        form = self.form
        match form.type:
            case SettingType.BOOLEAN:
                tick = QCheckBox(tr("On"))
                tick.setAccessibleName(form.title)
                tick.toggled.connect(self._tell)
                return tick
            case SettingType.CHOICE:
                choice = QComboBox()
                choice.addItems(form.choices)
                choice.currentTextChanged.connect(self._tell)
                return choice
            case SettingType.SECRET:
                secret = SecretBox(form.title, is_set=bool(form.value))
                secret.edited.connect(self._tell)
                return secret
        if form.type is SettingType.LIST or (form.type is SettingType.TEXT and (form.most or 0) > LONG_TEXT):
            text = QPlainTextEdit()
            text.setFixedHeight(_LINES * text.fontMetrics().lineSpacing() + 16)
            text.setTabChangesFocus(True)
            text.textChanged.connect(lambda: self._tell(text.toPlainText()))
            return text
        line = QLineEdit()
        if form.type is SettingType.NUMBER:
            line.setFixedWidth(_NUMBER_WIDTH)
        line.textEdited.connect(self._tell)
        return line

    def _tell(self, raw: object) -> None:
        if not self._quiet:
            self.edited.emit(self.name, raw)

    def _show(self, raw: Raw) -> None:
        box = self.box
        if isinstance(box, QCheckBox):
            box.setChecked(bool(raw))
        elif isinstance(box, QComboBox):
            box.setCurrentText(str(raw))
        elif isinstance(box, SecretBox):
            box.show_secret(None if raw is None else str(raw), is_set=bool(self.form.value))
        elif isinstance(box, QPlainTextEdit):
            if box.toPlainText() != raw:
                box.setPlainText(str(raw))
        elif isinstance(box, QLineEdit) and box.text() != raw:
            box.setText(str(raw))


class _Stretch(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setLayout(row(None))


def _is_undo(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and any(event.matches(key) for key in _UNDO)


def _short(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:39]}…"
