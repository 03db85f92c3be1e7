"""An event of the audit, with what changed field by field."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from backend_lite.contract.audit import AuditChange, AuditDetails, FieldChange
from console.core import formatting
from console.core.texts import tr
from console.features.audit import words
from console.shell.parts import button, card, column, label, row
from console.shell.theme import set_role
from console.widgets.diff_view import DiffView, diff_lines
from console.widgets.form import Facts

_DIFF_LINES = 16
"""Of longer ones the rest is scrolled to."""


class EventPane(QScrollArea):
    """`object_wanted(page_key, target)`; `history_wanted(entity_type, entity_id)`."""

    object_wanted = Signal(str, str)
    history_wanted = Signal(str, str)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._event: AuditDetails | None = None
        self.title = label("", "title", wrap=True)
        self.facts = Facts(76)
        self.open = button(tr("Open"), self._open)
        self.history = button(tr("Its history"), self._history)
        self.changes = column(gap=8)
        lines = column(self.title, row(self.open, self.history, None), self.facts, self.changes, None, gap=12)
        lines.setContentsMargins(16, 12, 16, 16)
        inside = QWidget()
        set_role(inside, "scrolled")
        inside.setLayout(lines)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("The event"))
        self.setWidget(inside)

    def show_change(self, change: AuditChange) -> None:
        event = self._event = change.event
        self.title.setText(event.summary)
        for name, value in (
            (tr("When"), formatting.local_time(event.timestamp, self._clock())),
            (tr("Who"), event.actor_username),
            (tr("Action"), event.action),
            (tr("Object"), event.entity_display),
            (tr("From"), event.ip_address),
            (tr("Program"), event.user_agent),
            (tr("Event"), str(event.id)),
        ):
            self.facts.show_fact(name, value)
        self.open.setVisible(bool(event.entity_id) and event.entity_type in words.OBJECT_PAGES)
        self.history.setVisible(bool(event.entity_id))
        self._show_fields(change)

    def _show_fields(self, change: AuditChange) -> None:
        while (item := self.changes.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if change.changes:
            self.changes.addWidget(label(tr("What changed"), "header"))
        for field in change.changes:
            self.changes.addWidget(_field(field))
        if change.event.metadata:
            self.changes.addWidget(label(tr("More about it"), "header"))
            self.changes.addWidget(_more(change.event.metadata))

    def _open(self) -> None:
        if self._event is not None:
            self.object_wanted.emit(words.OBJECT_PAGES[self._event.entity_type], self._event.entity_id)

    def _history(self) -> None:
        if self._event is not None:
            self.history_wanted.emit(self._event.entity_type, self._event.entity_id)


def _field(field: FieldChange) -> QWidget:
    before, after = words.value_text(field.before), words.value_text(field.after)
    title = label(words.field_word(field.name), "secondary")
    if max(len(before), len(after)) > words.LONG or "\n" in before + after:
        old = "" if field.before is None else before
        new = "" if field.after is None else after
        view = DiffView(words.field_word(field.name))
        view.show_lines(diff_lines(old, new))
        shown = min(len(view.lines), _DIFF_LINES) + 1
        view.setFixedHeight(view.fontMetrics().lineSpacing() * shown + 8)
        return card(title, view)
    facts = Facts(76)
    if field.before is not None:
        facts.show_fact(tr("Before"), before)
    if field.after is not None:
        facts.show_fact(tr("After"), after)
    return card(title, facts)


def _more(metadata: str) -> QWidget:
    facts = Facts(110)
    for name, value in json.loads(metadata).items():
        facts.show_fact(words.field_word(name), words.value_text(value))
    return card(facts)
