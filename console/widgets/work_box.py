"""What is to be done: a script in one of its revisions, or a software item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QListView

from backend_lite.contract.library import ScriptRevision
from backend_lite.contract.live import SCRIPT, SOFTWARE
from backend_lite.contract.runs import TaskAction
from console.core import formatting
from console.core.formatting import Clock
from console.core.texts import tr
from console.core.work import Work, action_word, actions_of, title_of, usual_action
from console.shell.theme import set_role, theme

Object = dict[str, Any]
_SHOWN = 12
_ICONS = {SCRIPT: "script", SOFTWARE: "package"}


class WorkBox(QComboBox):
    """A list of scripts and, where `fill` is given some, software items, which can be searched by typing.
    `chosen`: another one, by a person."""

    chosen = Signal()

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.setLineEdit(self.line)
        set_role(self, "pictured")
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(_SHOWN)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(16)
        self.line.setPlaceholderText(hint)
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(_SHOWN)
        popup = QListView()
        set_role(popup, "completion")
        completer.setPopup(popup)
        self.setCompleter(completer)
        # Otherwise it belongs to no window, and looks like none of them.
        popup.setParent(self, popup.windowFlags())
        self._work: Work | None = None
        self._filled: list[tuple[str, str]] = []
        self.currentIndexChanged.connect(self._take)
        self.line.editingFinished.connect(self._settle)

    @property
    def work(self) -> Work | None:
        return self._work

    def fill(self, scripts: Iterable[Object], software: Iterable[Object] = ()) -> None:
        """All there are, by name; what is chosen stays chosen while it is there."""
        found = [(title_of(kind, one), _key(Work(kind, one["id"]))) for kind, one in _both(scripts, software)]
        found.sort(key=lambda one: one[0].lower())
        if found != self._filled:
            self._filled = found
            self.blockSignals(True)
            self.clear()
            for title, key in found:
                self.addItem(theme().icon(_ICONS[key.partition(":")[0]]), title, key)
            self.blockSignals(False)
        self.choose(self._work)

    def choose(self, work: Work | None) -> None:
        """What is not there is not chosen."""
        self.blockSignals(True)
        self.setCurrentIndex(-1 if work is None else self.findData(_key(work)))
        self._work = _work(self.currentData())
        self._show_text()
        self.blockSignals(False)

    def _take(self, _at: int) -> None:
        found = _work(self.currentData())
        if found != self._work:
            self._work = found
            self.chosen.emit()

    def _settle(self) -> None:
        """What was typed and is none of them gives way to the chosen one."""
        typed = self.line.text().strip().lower()
        found = [at for at in range(self.count()) if typed and typed in self.itemText(at).lower()]
        exact = [at for at in found if self.itemText(at).lower() == typed]
        if exact or len(found) == 1:
            self.setCurrentIndex((exact or found)[0])
        self._show_text()

    def _show_text(self) -> None:
        at = self.currentIndex()
        self.line.setText(self.itemText(at) if at >= 0 else "")
        self.line.setCursorPosition(0)


class ActionBox(QComboBox):
    """What is done with it. `chosen`: something else, by a person."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("What to do with it"))
        self.currentIndexChanged.connect(lambda _at: self.chosen.emit())

    @property
    def action(self) -> TaskAction:
        return TaskAction(self.currentData() or TaskAction.RUN)

    def show_work(self, work: Work | None, found: Object | None, action: TaskAction | None = None) -> None:
        """`action` stays chosen even where it is not possible any more: then it is for a person to change."""
        actions = actions_of(work, found) if work is not None else []
        wanted = action or usual_action(work)
        if wanted not in actions:
            actions.append(wanted)
        self.blockSignals(True)
        self.clear()
        for one in actions:
            self.addItem(action_word(one), one.value)
        self.setCurrentIndex(self.findData(wanted.value))
        self.blockSignals(False)
        self.setEnabled(work is not None)


class RevisionBox(QComboBox):
    """The newest revision, or one that is pinned. `wanted`: a person comes here, the others are needed;
    `chosen`: another one, by a person."""

    wanted = Signal()
    chosen = Signal()

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._known: dict[int, ScriptRevision] = {}
        self.is_loaded = False
        self.setAccessibleName(tr("Revision"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(13)
        self.currentIndexChanged.connect(lambda _at: self.chosen.emit())

    @property
    def revision_id(self) -> int | None:
        """None for the newest, whatever it will be."""
        found = self.currentData()
        return None if found is None else int(found)

    @property
    def revision(self) -> ScriptRevision | None:
        return self._known.get(self.revision_id or 0)

    def show_script(
        self, script: Object | None, pinned: int | None = None, number: int | None = None
    ) -> None:
        self.blockSignals(True)
        self.clear()
        self._known, self.is_loaded = {}, False
        self.addItem(tr("Newest revision ({n})", n=script["revision"]) if script else tr("Newest revision"))
        if pinned is not None:
            self.addItem(tr("Revision {n}", n=number) if number else tr("An older revision"), pinned)
            self.setCurrentIndex(1)
        self.setEnabled(script is not None)
        self.blockSignals(False)

    def show_revisions(self, revisions: list[ScriptRevision]) -> None:
        kept, self.is_loaded = self.revision_id, True
        self.blockSignals(True)
        for at in range(self.count() - 1, 0, -1):
            self.removeItem(at)
        for revision in revisions:
            self._known[revision.id] = revision
            when = formatting.local_time(revision.created_at, self._clock())
            self.addItem(tr("Revision {n} · {when}", n=revision.number, when=when), revision.id)
        self.setCurrentIndex(max(self.findData(kept), 0) if kept is not None else 0)
        self.blockSignals(False)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.wanted.emit()

    def showPopup(self) -> None:
        self.wanted.emit()
        super().showPopup()


def _both(scripts: Iterable[Object], software: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    yield from ((SCRIPT, one) for one in scripts)
    yield from ((SOFTWARE, one) for one in software)


def _key(work: Work) -> str:
    return f"{work.kind}:{work.id}"


def _work(key: str | None) -> Work | None:
    if not key:
        return None
    kind, _, number = key.partition(":")
    return Work(kind, int(number))
