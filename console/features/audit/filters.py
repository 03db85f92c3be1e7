"""What is looked for in the audit: time, person, kind, object, words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from console.core.texts import tr
from console.features.audit import words
from console.features.audit.ops import Filters
from console.shell.flow import Flow
from console.shell.parts import button, row

_WAIT_MS = 300
_WORDS_WIDTH, _WHO_WIDTH = 140, 90


class AuditFilters(QWidget):
    """`changed` follows what a person chooses, or types and pauses after. `left` is Enter in a box."""

    changed = Signal()
    left = Signal()

    def __init__(self, page: QWidget, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._object: tuple[str, str] | None = None
        self.words = self._box(tr("Words in the audit"), tr("Search the audit"), _WORDS_WIDTH)
        self.time = self._choice(
            tr("Time"),
            {"": tr("All times"), "1": tr("Last 24 hours"), "7": tr("Last 7 days"), "30": tr("Last 30 days")},
        )
        self.who = self._box(tr("Who did it, the whole name"), tr("Who"), _WHO_WIDTH)
        self.kind = self._choice(tr("Kind"), words.kinds())
        self.object = self._choice(tr("Object"), words.objects())
        self.only = button("", self.clear_object, "chip", name=tr("Show every object again"))
        self.only.hide()
        line = row(Flow(self.words, self.time, self.kind, self.object, self.only, self.who))
        line.setContentsMargins(0, 0, 0, 0)
        self.setLayout(line)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self.changed)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), page)
        find.activated.connect(self.words.setFocus)

    @property
    def active(self) -> bool:
        return bool(self.wanted())

    def wanted(self) -> Filters:
        """The parameters of the list; empty without a filter."""
        days = self.time.currentData()
        since = (self._clock() - timedelta(days=int(days))).astimezone(UTC) if days else None
        entity, entity_id = self._object or (self.object.currentData(), "")
        told = {
            "from": since.strftime("%Y-%m-%dT%H:%M:%SZ") if since else "",
            "actor": self.who.text().strip(),
            "action_type": str(self.kind.currentData()),
            "entity_type": entity,
            "entity_id": entity_id,
            "q": self.words.text().strip(),
        }
        return {name: value for name, value in told.items() if value}

    def only_object(self, entity_type: str, entity_id: str) -> None:
        """Of one object, at any time."""
        self._reset()
        self._object = (entity_type, entity_id)
        self.only.setText(tr("{object} {id} ✕", object=words.object_word(entity_type), id=entity_id))
        self.only.show()
        self.object.hide()
        self.changed.emit()

    def clear_object(self) -> None:
        self._object = None
        self.only.hide()
        self.object.show()
        self.changed.emit()

    def clear(self) -> None:
        self._reset()
        self.clear_object()

    def _reset(self) -> None:
        for part in (self.words, self.time, self.who, self.kind, self.object):
            part.blockSignals(True)
            if isinstance(part, QComboBox):
                part.setCurrentIndex(0)
            else:
                part.clear()
            part.blockSignals(False)

    def _box(self, name: str, hint: str, width: int) -> QLineEdit:
        made = QLineEdit()
        made.setAccessibleName(name)
        made.setToolTip(name)
        made.setPlaceholderText(hint)
        made.setClearButtonEnabled(True)
        made.setFixedWidth(width)
        made.textChanged.connect(lambda _text: self._timer.start())
        made.returnPressed.connect(self.left)
        return made

    def _choice(self, name: str, choices: dict[str, str]) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        for key, word in choices.items():
            made.addItem(word, str(key))
        made.currentIndexChanged.connect(lambda _index: self.changed.emit())
        return made
