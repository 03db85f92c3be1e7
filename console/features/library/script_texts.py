"""The texts of a script, each with an editor of its own: what it does, how it detects, how it undoes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QTabBar, QWidget

from backend_lite.contract.runs import Finding
from console.core.texts import tr
from console.features.library.edited import Edited
from console.shell.parts import ElidedLabel, column, frame, row
from console.widgets.code_edit import CodeEdit

SCRIPT, DETECT, UNDO = "", "detect", "undo"
_PARTS = (SCRIPT, DETECT, UNDO)


def part_word(part: str) -> str:
    return {SCRIPT: tr("Script"), DETECT: tr("Detect"), UNDO: tr("Undo")}[part]


def _meaning(part: str) -> str:
    return {
        SCRIPT: "",
        DETECT: tr("Runs first: where it ends with 0, there is nothing to do and the script does not run."),
        UNDO: tr("Takes back what the script did, when somebody chooses Undo."),
    }[part]


class ScriptTexts(QWidget):
    """`changed` follows a person, and undo. Parts are named as in `Finding.part`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.edits = {part: CodeEdit(part_word(part)) for part in _PARTS}
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("Texts of the script"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.meaning = ElidedLabel("", "secondary")
        self._stack = QStackedWidget()
        for part, edit in self.edits.items():
            self.tabs.addTab(part_word(part))
            self._stack.addWidget(edit)
            edit.text_changed.connect(self._text_changed)
            edit.modified_changed.connect(lambda _modified: self.changed.emit())
            if part:
                edit.edit.setPlaceholderText(_meaning(part))
        self.tabs.currentChanged.connect(self._show)
        bar = frame("tool-bar", row(self.tabs, None, self.meaning), (16, 0, 16, 0))
        self.setLayout(column(bar, self._stack, gap=0))
        for keys, step in (("Ctrl+PgDown", 1), ("Ctrl+PgUp", -1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self._step(step))
        self._show(0)

    @property
    def part(self) -> str:
        """The one that is shown."""
        return _PARTS[self.tabs.currentIndex()]

    @property
    def modified(self) -> bool:
        return any(edit.modified for edit in self.edits.values())

    def text(self, part: str = SCRIPT) -> str:
        return self.edits[part].text()

    def load(self, edited: Edited) -> None:
        """Other texts: undo begins here."""
        for part, text in _texts(edited).items():
            self.edits[part].load(text)
        self.tabs.setCurrentIndex(0)
        self._say_which()

    def replace(self, edited: Edited) -> None:
        """As changes that can be undone."""
        for part, text in _texts(edited).items():
            if text != self.text(part):
                self.edits[part].replace_text(text)
        self._say_which()

    def saved(self, sent: Edited) -> None:
        for part, text in _texts(sent).items():
            self.edits[part].saved(text)

    def set_language(self, language: str) -> None:
        for edit in self.edits.values():
            edit.set_language(language)

    def offer(self, names: list[str]) -> None:
        """For completion."""
        for edit in self.edits.values():
            edit.edit.completion.offer(names)

    def show_part(self, part: str) -> CodeEdit:
        self.tabs.setCurrentIndex(_PARTS.index(part))
        return self.edits[part]

    def go_to(self, finding: Finding) -> None:
        self.show_part(finding.part).go_to_line(finding.line)

    def _show(self, at: int) -> None:
        edit = self.edits[_PARTS[at]]
        self._stack.setCurrentWidget(edit)
        self.setFocusProxy(edit)
        self.meaning.setText(_meaning(_PARTS[at]) if edit.text() else "")

    def _step(self, by: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % len(_PARTS))
        self.edits[self.part].setFocus()

    def _text_changed(self) -> None:
        self._say_which()
        self.changed.emit()

    def _say_which(self) -> None:
        """Which of the texts there are can be seen without looking into them."""
        for at, part in enumerate(_PARTS):
            empty = part and not self.edits[part].edit.document().characterCount() > 1
            title = tr("{part} · none", part=part_word(part)) if empty else part_word(part)
            if self.tabs.tabText(at) != title:
                self.tabs.setTabText(at, title)
        self._show(self.tabs.currentIndex())


def _texts(edited: Edited) -> dict[str, str]:
    return {SCRIPT: edited.content, DETECT: edited.detect, UNDO: edited.undo}
