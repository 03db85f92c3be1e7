"""The texts of a rollout's tasks one at a time, each with what it is given."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QComboBox, QStackedWidget, QWidget

from backend_lite.contract.runs import Task
from console.core import spans, words
from console.core.texts import plural, tr
from console.features.approvals.work_texts import WorkText
from console.shell.parts import column, frame, label
from console.widgets.code_edit import CodeEdit
from console.widgets.form import Facts

_MARGINS = (16, 12, 16, 12)


class TextsView(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._texts: list[WorkText] = []
        self.plain = label("", "muted", wrap=True)
        self.heading = label("", "header")
        self.box = QComboBox()
        self.box.setAccessibleName(tr("Text to show"))
        self.facts = Facts(84)
        self.note = label("", "tone", "warning", wrap=True)
        self.code = CodeEdit(tr("What would run"))
        self.code.set_read_only(True)
        above = column(self.heading, self.box, self.note, self.facts)
        known = QWidget()
        known.setLayout(column(frame("page", above, _MARGINS), self.code, gap=0))
        unknown = frame("page", column(self.plain, None), _MARGINS)
        self.centre = QStackedWidget()
        for part in (unknown, known):
            self.centre.addWidget(part)
        self.setLayout(column(self.centre))
        self.box.currentIndexChanged.connect(lambda _at: self._show())

    def wait(self) -> None:
        self.say(tr("Looking at what would run…"))

    def say(self, sentence: str) -> None:
        """In place of the texts."""
        self._texts = []
        self.plain.setText(sentence)
        self.centre.setCurrentIndex(0)

    def show_texts(self, texts: list[WorkText]) -> None:
        """The same ones again leave the reader where they are."""
        if texts == self._texts:
            return
        self._texts = texts
        self.box.blockSignals(True)
        self.box.clear()
        self.box.addItems([text.title for text in texts])
        self.box.blockSignals(False)
        self.box.setVisible(len(texts) > 1)
        self.heading.setText(
            plural(len(texts), "What would run", "What would run: {count} texts, one after the other")
        )
        self.centre.setCurrentIndex(1)
        self._show()

    def _show(self) -> None:
        at = self.box.currentIndex()
        if not 0 <= at < len(self._texts):
            return
        shown = self._texts[at]
        self.note.setText(shown.note)
        self.note.setVisible(bool(shown.note))
        self.facts.clear()
        for name, value in _given(shown.task):
            self.facts.show_fact(name, value)
        if len(self._texts) == 1:
            self.heading.setText(shown.title)
        self.code.set_language(shown.language)
        self.code.load(shown.text)
        self.code.setVisible(bool(shown.text))


def _given(task: Task) -> Iterator[tuple[str, str]]:
    """(name, value) of what a task is given and how it is carried out, as far as that is not usual."""
    yield tr("Arguments"), "  ".join(task.arguments)
    values = [f"{name} = {value}" for name, value in task.parameters.items()]
    secret = [tr("{name} = (secret)", name=name) for name in task.secrets]
    files = [tr("{name} = file {file}", name=name, file=file) for name, file in task.files.items()]
    yield tr("Parameters"), "\n".join(values + secret + files)
    only = [words.system_word(task.condition.os_type)] if task.condition.os_type else []
    yield tr("Only where"), " · ".join([*only, *([task.condition.query] if task.condition.query else [])])
    yield tr("Time limit"), spans.span_text(task.timeout_s)
    yield tr("On error"), tr("the next task goes on") if task.continue_on_error else ""
