"""Which script, and which of its revisions."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QListView

from backend_lite.contract.library import ScriptRevision
from console.core import formatting
from console.core.formatting import Clock
from console.core.texts import tr
from console.shell.theme import set_role

Object = dict[str, Any]
_SHOWN = 12


class ScriptBox(QComboBox):
    """A list that can be searched by typing. `chosen`: another script, by a person."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.setLineEdit(self.line)
        # With a style sheet Qt puts the text at the very edge.
        self.line.setTextMargins(8, 0, 0, 0)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(_SHOWN)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(16)
        self.line.setPlaceholderText(tr("Choose a script…"))
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
        self._script_id: int | None = None
        self.currentIndexChanged.connect(self._take)
        self.line.editingFinished.connect(self._settle)

    @property
    def script_id(self) -> int | None:
        return self._script_id

    def fill(self, scripts: list[Object]) -> None:
        """All scripts there are, by name; what is chosen stays chosen while it is there."""
        self.blockSignals(True)
        self.clear()
        for script in sorted(scripts, key=lambda item: item["name"].lower()):
            self.addItem(script["name"], script["id"])
        self.setCurrentIndex(self.findData(self._script_id))
        self._script_id = self.currentData()
        self._show_text()
        self.blockSignals(False)

    def choose(self, script_id: int | None) -> None:
        self._script_id = script_id
        self.blockSignals(True)
        self.setCurrentIndex(self.findData(script_id))
        self._script_id = self.currentData()
        self._show_text()
        self.blockSignals(False)

    def _take(self, _at: int) -> None:
        if self.currentData() != self._script_id:
            self._script_id = self.currentData()
            self.chosen.emit()

    def _settle(self) -> None:
        """What was typed and is no script gives way to the chosen one."""
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

    def show_script(self, script: Object | None, pinned: int | None = None) -> None:
        self.blockSignals(True)
        self.clear()
        self._known, self.is_loaded = {}, False
        self.addItem(tr("Newest revision ({n})", n=script["revision"]) if script else tr("Newest revision"))
        if pinned is not None:
            self.addItem(tr("An older revision"), pinned)
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
