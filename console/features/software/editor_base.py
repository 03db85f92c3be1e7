"""What the editors of the library's things with files have in common: a form, undo over it, and what can be
done with what is saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QMenu, QScrollArea, QWidget

from console.core import formatting
from console.core.drafts import Draft, Drafts
from console.core.errors import ApiError
from console.core.field_merge import FieldMerge
from console.core.live import LiveBatch
from console.core.ops import Op
from console.core.texts import tr
from console.core.undo import Undo
from console.features.software.editing import Editing
from console.features.software.file_form import FileForm
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.parts import PageHeader, button, column, icon_button
from console.shell.theme import set_role
from console.widgets.audit_history import add_history
from console.widgets.conflict_base import ConflictPage
from console.widgets.empty_state import EmptyState

_WIDEST = 1240
Object = dict[str, Any]


class EditorPage(ConflictPage[Any, Any]):
    """Shows one at a time, or a new one."""

    def __init__(
        self, context: Context, editing: Editing[Any], form: FileForm, drafts: Drafts[Draft[Any]]
    ) -> None:
        writes = context.rights.need(f"{editing.artifact}:edit", f"{editing.artifact}:create")
        super().__init__(context, writes, drafts)
        self.editing, self.form = editing, form
        self._saved: Any = editing.empty
        self._undo: Undo[Any] = Undo(editing.empty)
        self.crumb = button(f"{editing.many} /", self._open_list, "link")
        self.back = icon_button("undo", tr("Undo (Ctrl+Z)"), lambda: self.step(redo=False))
        self.forth = icon_button("redo", tr("Redo (Ctrl+Y)"), lambda: self.step(redo=True))
        self.more = icon_button("more", tr("More"), self._open_menu)
        self.header = PageHeader(
            "", self.back, self.forth, self.more, *self.other_buttons(), self.save, crumb=self.crumb
        )
        self.missing = EmptyState(
            editing.icon,
            editing.missing_title,
            tr("It was deleted, or the address is wrong."),
            button(editing.show_all, self._open_list),
        )
        follow(self, writes, form.setEnabled)
        self.area = _scrolled(form)
        for part in (self.area, self.conflict, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and self._object is not None:
            return
        self._turn_to(target)
        self.form.show_key(self._target)
        if self.object_id:
            self._show_saved(None)
            self._load()
        else:
            self._begin(None)

    # ---- what differs

    def other_buttons(self) -> list[QWidget]:
        return []

    def menu_entries(self, found: Object) -> list[tuple[str, Callable[[], object], str]]:
        """What can be done with the saved object, and the right that each takes."""
        return []

    def show_buttons(self, *, possible: bool) -> None:
        """Whether there is something saved to do something with."""

    # ---- the value

    @property
    def value(self) -> Any:
        return self._undo.now

    @property
    def dirty(self) -> bool:
        return bool(self._undo.now != self._saved) or bool(self.form.pending_file())

    @property
    def name(self) -> str:
        return self.value.name.strip() or self.editing.new_title

    def step(self, *, redo: bool) -> None:
        if self._undo.redo() if redo else self._undo.undo():
            self.form.show_value(self.value)
            self._changed()

    def save_now(self) -> None:
        if not self.save.isEnabled():
            return
        wrong = self.form.wrong()
        self.form.show_errors(wrong)
        if not wrong:
            self._send(None if self._object is None else self._object.version)

    # ---- how it is read and written

    def _load_op(self) -> Op[Any]:
        return self.editing.load(self._context.client, self.object_id)

    def _save_op(self, edited: Any, version: int | None) -> Op[Any]:
        client = self._context.client
        if version is None:
            return self.editing.create(client, edited.as_new())
        return self.editing.update(client, self.object_id, edited.as_change(self._saved), version)

    def _edited_of(self, found: Any) -> Any:
        return self.editing.empty.of(found)

    def _merge(self, theirs: Any) -> FieldMerge[Any]:
        return FieldMerge(self.editing.parts, self._saved, self.value, theirs)

    # ---- showing

    def _connect(self) -> None:
        self.form.edited.connect(self._edited)
        self.form.file_begun.connect(self._changed)
        self.form.serve_undo()
        self.destroyed.connect(self._context.live.subscribe(self.editing.live, self._take))
        for standard, redo in ((QKeySequence.StandardKey.Undo, False), (QKeySequence.StandardKey.Redo, True)):
            for sequence in QKeySequence.keyBindings(standard):
                QShortcut(sequence, self).activated.connect(partial(self.step, redo=redo))

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.centre.setCurrentWidget(self.missing)
        self._show_state()

    def _show_part(self) -> None:
        self.centre.setCurrentWidget(self.area)

    def _show_saved(self, found: Any) -> None:
        self._saved = self.editing.empty if found is None else self._edited_of(found)
        self._show_base()

    def _show_base(self) -> None:
        self._undo.begin(self._saved)
        self.form.show_errors({})
        self.form.show_value(self._saved)
        self.area.verticalScrollBar().setValue(0)

    def _begun(self, *, new: bool) -> None:
        self._show_part()
        self.form.take_arrived()
        if self.form.pending_file():
            self._drafts.later()
        if new:
            self.form.begin()

    def _edited(self, value: Any, field: str) -> None:
        self._undo.change(value, field)
        self.form.show_value(value)
        self._changed()

    def _changed(self) -> None:
        self._drafts.later()
        self._show_state()

    def _show_state(self) -> None:
        missing = self.centre.currentWidget() is self.missing
        unknown = bool(self.object_id) and self._object is None
        self._show_title(self.editing.many if unknown else self.name)
        if unknown:
            self.header.title.clear()
        when = "" if self._object is None else self._object.updated_at
        now = self._context.clock()
        self.header.note.setText(tr("Saved {when}", when=formatting.local_time(when, now)) if when else "")
        busy = self._is_busy
        self.save.setEnabled((self.dirty or not self.object_id) and not busy and not missing)
        self.back.setEnabled(self._undo.can_undo and not busy)
        self.forth.setEnabled(self._undo.can_redo and not busy)
        self.more.setEnabled(self._object is not None and not busy)
        self.show_buttons(possible=self._object is not None and not busy)

    # ---- drafts

    @property
    def _base(self) -> Any:
        return self._saved

    def _unsaved(self) -> Draft[Any] | None:
        draft = super()._unsaved()
        return draft and msgspec.structs.replace(draft, file=self.form.pending_file())

    def _is_saved(self, draft: Draft[Any], saved: Any) -> bool:
        return super()._is_saved(draft, saved) and not draft.file

    def _restore(self, draft: Draft[Any]) -> None:
        if draft.file:
            self.form.rest_file(draft.file)
        if draft.edited != self._saved:
            super()._restore(draft)

    def _show_unsaved(self, edited: Any) -> None:
        self._undo.change(edited)
        self.form.show_value(edited)

    def _rebase(self, base: Any, edited: Any) -> None:
        self._saved = base
        self._show_unsaved(edited)

    def _throw_away(self) -> None:
        self.form.drop_file()
        self._show_base()

    # ---- saving

    def _take_over(self, sent: Any, found: Any) -> None:
        self._saved = self._edited_of(found)
        if self.value == sent:
            self._undo.now = self._saved
            self.form.show_value(self._saved)
        self.form.show_errors({})
        if not self.object_id:
            self.form.rename_key(self._target, str(found.id))

    def _was_saved(self, found: Any) -> None:
        self._context.notices.notice(tr("“{name}” is saved.", name=found.name), "good")

    def _show_refusal(self, refusal: ApiError) -> bool:
        if refusal.status == 404:
            self._say_deleted()
            return True
        return self.form.show_refusal(refusal.code, refusal.detail)

    def _take(self, batch: LiveBatch) -> None:
        super()._take(batch)
        self._show_state()

    # ---- leaving

    def deleted(self) -> None:
        """A person deleted it here: there is nothing left to look at."""
        self._discard()
        self._object = None
        self._open_list()

    def _open_list(self) -> None:
        self._context.navigator.open(self.editing.list_key)

    def _open_menu(self) -> None:
        menu = self.more_menu()
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def more_menu(self) -> QMenu:
        menu = QMenu(self)
        known = self._context.live.get(self.editing.live, self.object_id)
        for title, run, needed in self.menu_entries(known) if known is not None else []:
            entry = gate(menu.addAction(title), self._context.rights.need(needed))
            entry.triggered.connect(lambda _checked, run=run: run())
        if known is not None:
            menu.addSeparator()
            add_history(menu, self._context, self.editing.live, self.object_id)
        return menu


def _scrolled(form: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    # Lines longer than that are hard to read on a wide screen.
    form.setMaximumWidth(_WIDEST)
    set_role(form, "scrolled")
    area.setWidget(form)
    return area
