"""A line whose text means something: a number, a length of time, a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit

from console.widgets.form import Field

T = TypeVar("T")


class _Signals(Field):
    changed = Signal()


class ParsedField(_Signals, Generic[T]):
    """`parse` gives the value of a text, or None where it has none: then `complaint` stands below it. An
    empty line has no value and is right. `explain` says below it how the text was understood."""

    def __init__(
        self,
        title: str,
        parse: Callable[[str], T | None],
        complaint: str,
        *,
        hint: str = "",
        empty: str = "",
        explain: Callable[[T], str] | None = None,
    ) -> None:
        self.box = QLineEdit()
        super().__init__(title, self.box, hint)
        self._parse, self._complaint, self._explain = parse, complaint, explain
        self._plain_hint = hint
        self.box.setPlaceholderText(empty)
        self.box.textChanged.connect(self._check)
        self.box.textEdited.connect(lambda _text: self.changed.emit())

    @property
    def text(self) -> str:
        return self.box.text().strip()

    @property
    def value(self) -> T | None:
        return self._parse(self.text) if self.text else None

    @property
    def wrong(self) -> str:
        return self._complaint if self.text and self.value is None else ""

    def show_text(self, text: str) -> None:
        self.box.setText(text)
        self.box.setCursorPosition(0)

    def show_empty(self, words: str) -> None:
        """What an empty line means."""
        self.box.setPlaceholderText(words)

    def _check(self, _text: str) -> None:
        value, wrong = self.value, self.wrong
        if value is not None and self._explain is not None:
            self.set_hint(self._explain(value))
        elif not wrong:
            self.set_hint(self._plain_hint)
        if wrong != self.error:
            self.set_error(wrong)
