"""Form fields: a label above, a hint below, and the error in place of the hint."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

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
