"""Form fields: a label above, a hint below, and the error in place of the hint."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from console.core.errors import ApiError
from console.shell.parts import column, label, row
from console.shell.theme import set_role


class Field(QWidget):
    """One input with its label. The input's accessible name is the label, its description the hint."""

    def __init__(self, title: str, input_: QWidget, hint: str = "", *beside: QWidget) -> None:
        super().__init__()
        self.input = input_
        self._hint = hint
        self.label = label(title, "header")
        self.label.setBuddy(input_)
        self.note = label(hint, "secondary", wrap=True)
        self.note.setVisible(bool(hint))
        if not input_.accessibleName():
            input_.setAccessibleName(title)
        input_.setAccessibleDescription(hint)
        content = row(input_, *beside) if beside else column(input_)
        self.setLayout(column(self.label, content, self.note, gap=4))

    @property
    def error(self) -> str:
        return self.note.text() if self.input.property("tone") == "bad" else ""

    def set_error(self, sentence: str) -> None:
        """Says in place what is wrong; an empty sentence says that it is right now."""
        self.note.setText(sentence or self._hint)
        self.note.setVisible(bool(sentence or self._hint))
        set_role(self.note, "error" if sentence else "secondary")
        set_role(self.input, self.input.property("role") or "", "bad" if sentence else "")
        self.input.setAccessibleDescription(sentence or self._hint)

    def set_hint(self, hint: str) -> None:
        self._hint = hint
        if not self.error:
            self.set_error("")


class ErrorLine(QLabel):
    """Why it did not work, where a person looks; hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        set_role(self, "error")
        self.hide()

    def say(self, sentence: str) -> None:
        self.setText(sentence)
        self.setVisible(bool(sentence))

    def refused(self, refusal: ApiError) -> None:
        self.say(refusal.detail)


class Facts(QWidget):
    """Names and values in two columns, such as the facts of a device; values can be selected and copied."""

    def __init__(self, name_width: int = 96) -> None:
        super().__init__()
        self._rows: dict[str, tuple[QWidget, QLabel]] = {}
        self._name_width = name_width
        self._column = column(gap=4)
        self.setLayout(self._column)

    def show_fact(self, name: str, value: str) -> None:
        """Adds or changes a line; an empty value hides it."""
        if name not in self._rows:
            self._rows[name] = self._line(name)
            self._column.addWidget(self._rows[name][0])
        line, shown = self._rows[name]
        if shown.text() != value:
            shown.setText(value)
        line.setVisible(bool(value))

    def show_line(self, number: int, name: str, value: str) -> None:
        """As `show_fact` where names may repeat: lines are known by their number."""
        key = f"{number}\n{name}"
        for old in [key_ for key_ in self._rows if key_.startswith(f"{number}\n") and key_ != key]:
            self._drop(old)
        if key not in self._rows:
            self._rows[key] = self._line(name)
            self._column.insertWidget(number, self._rows[key][0])
        self._rows[key][1].setText(value)

    def clear(self) -> None:
        for name in list(self._rows):
            self._drop(name)

    def _drop(self, name: str) -> None:
        line, _value = self._rows.pop(name)
        self._column.removeWidget(line)
        line.hide()
        line.deleteLater()

    def value(self, name: str) -> str:
        return self._rows[name][1].text() if name in self._rows else ""

    def _line(self, name: str) -> tuple[QWidget, QLabel]:
        title = label(name, "muted")
        title.setFixedWidth(self._name_width)
        title.setAlignment(Qt.AlignmentFlag.AlignTop)
        value = label("", wrap=True)
        value.setAccessibleName(name)
        value.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        line = QWidget()
        layout = row(title, value)
        layout.setStretch(1, 1)
        line.setLayout(layout)
        return line, value
