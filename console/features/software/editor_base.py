"""What the editors of the library's things have in common: loads one, saves it, keeps drafts, undoes, and
copes with somebody else at the same one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QMenu, QScrollArea, QStackedWidget, QWidget

from backend_lite.contract.common import format_time
from console.core import formatting
from console.core.drafts import Drafts
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.texts import tr
from console.core.undo import Undo
from console.features.software.editing import Draft, Editing
from console.features.software.file_form import FileForm
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, icon_button
from console.shell.theme import set_role
from console.widgets.audit_history import add_history
from console.widgets.confirm import choose
from console.widgets.conflict_view import ConflictView
from console.widgets.draft_keeper import DraftKeeper
from console.widgets.empty_state import EmptyState
from console.widgets.notice_bar import NoticeBar

NEW = "new"
_WIDEST = 1240
Object = dict[str, Any]


class EditorPage(Page):
    """Shows one at a time, or a new one. Unsaved changes are kept as a draft until they are saved or thrown
    away by a person."""

    def __init__(
        self, context: Context, editing: Editing[Any], form: FileForm, drafts: Drafts[Draft[Any]]
    ) -> None:
        super().__init__()
        self._context, self.editing, self.form = context, editing, form
        self._object: Any = None
        self._target = NEW
        self._saved: Any = editing.empty
        self._undo: Undo[Any] = Undo(editing.empty)
        self._saving = self._loading = self._left = False
        self._theirs: Any = None
        self._save_done = asyncio.Event()
        self._drafts = DraftKeeper(self, drafts, self._unsaved, context.notices)
        self.crumb = button(f"{editing.many} /", self._open_list, "link")
        self.back = icon_button("undo", tr("Undo (Ctrl+Z)"), lambda: self.step(redo=False))
        self.forth = icon_button("redo", tr("Redo (Ctrl+Y)"), lambda: self.step(redo=True))
        self.more = icon_button("more", tr("More"), self._open_menu)
        writes = context.rights.need(f"{editing.artifact}:edit", f"{editing.artifact}:create")
        self.save = button(tr("Save"), self.save_now, "primary", name=tr("Save (Ctrl+S)"), need=writes)
        gate(QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self.save_now), writes)
        self.header = PageHeader(
            "", self.back, self.forth, self.more, *self.other_buttons(), self.save, crumb=self.crumb
        )
        self.notice = NoticeBar()
        self.conflict = ConflictView(context.live.get)
        self.missing = EmptyState(
            editing.icon,
            editing.missing_title,
            tr("It was deleted, or the address is wrong."),
            button(editing.show_all, self._open_list),
        )
        follow(self, writes, form.setEnabled)
        self.area = _scrolled(form)
        self.centre = QStackedWidget()
        for part in (self.area, self.conflict, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.notice, self.centre, gap=0))
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and self._object is not None:
            return
        if self.dirty and not self._left:
            self._drafts.keep()
        self._left = False
        self._target = target or NEW
        self._drafts.key = self._target
        self._object = None
        self.notice.say("")
        self.form.show_key(self._target)
        if self.object_id:
            self._show_saved(self.editing.empty)
            self._load()
        else:
            self._begin(None)

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.dirty else True

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
    def object_id(self) -> int:
        return int(self._target) if self._target.isdigit() else 0

    @property
    def value(self) -> Any:
        return self._undo.now

    @property
    def dirty(self) -> bool:
        return bool(self._undo.now != self._saved) or bool(self.form.pending_file())

    def step(self, *, redo: bool) -> None:
        if self._undo.redo() if redo else self._undo.undo():
            self.form.show_value(self.value)
            self._changed()

    def save_now(self) -> None:
        """Nothing while it is being saved, or when there is nothing to save. A refusal is said in place."""
        if not self.save.isEnabled():
            return
        wrong = self.form.wrong()
        self.form.show_errors(wrong)
        if not wrong:
            self._send(None if self._object is None else self._object.version)

    # ---- inside

    def _connect(self) -> None:
        self.form.edited.connect(self._edited)
        self.form.file_begun.connect(self._changed)
        self.form.serve_undo()
        self.conflict.closed.connect(self._not_now)
        self.conflict.resolved.connect(self._resolved)
        self.destroyed.connect(self._context.live.subscribe(self.editing.live, self._take))
        for standard, redo in ((QKeySequence.StandardKey.Undo, False), (QKeySequence.StandardKey.Redo, True)):
            for sequence in QKeySequence.keyBindings(standard):
                QShortcut(sequence, self).activated.connect(partial(self.step, redo=redo))

    def _load(self) -> None:
        self._loading = True
        self._context.ops.run(
            self.editing.load(self._context.client, self.object_id),
            on_success=self._loaded,
            on_error=self._not_loaded,
            on_done=self._load_ended,
            owner=self,
        )

    def _load_ended(self) -> None:
        self._loading = False

    def _loaded(self, found: Any) -> None:
        if found.id == self.object_id:
            self._begin(found)

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.centre.setCurrentWidget(self.missing)
        self._show_state()

    def _begin(self, found: Any) -> None:
        """Shows what is saved, and over it the draft if there is one."""
        self._object = found
        self._show_saved(self.editing.empty if found is None else self.editing.edited_of(found))
        self.centre.setCurrentWidget(self.area)
        draft = self._drafts.load()
        if draft is not None and (draft.edited != self._saved or draft.file):
            self._restore(draft)
        else:
            self._drafts.drop()
        self.form.take_arrived()
        if self.form.pending_file():
            self._drafts.later()
        self._show_state()
        self.title_changed.emit()
        if found is None:
            self.form.begin()

    def _show_saved(self, value: Any) -> None:
        self._saved = value
        self._undo.begin(value)
        self.form.show_errors({})
        self.form.show_value(value)
        self.area.verticalScrollBar().setValue(0)

    def _edited(self, value: Any, field: str) -> None:
        self._undo.change(value, field)
        self.form.show_value(value)
        self._changed()

    def _changed(self) -> None:
        self._drafts.later()
        self._show_state()

    def _show_state(self) -> None:
        missing = self.centre.currentWidget() is self.missing
        name = self.editing.name_of(self.value) or self.editing.new_title
        if self.object_id and self._object is None:
            name = ""
        self.header.title.setText(name)
        self.header.set_mark(tr("unsaved") if self.dirty else "", "accent")
        when = "" if self._object is None else self._object.updated_at
        now = self._context.clock()
        self.header.note.setText(tr("Saved {when}", when=formatting.local_time(when, now)) if when else "")
        busy = self._saving or self.centre.currentWidget() is self.conflict
        self.save.setEnabled((self.dirty or not self.object_id) and not busy and not missing)
        self.back.setEnabled(self._undo.can_undo and not busy)
        self.forth.setEnabled(self._undo.can_redo and not busy)
        self.more.setEnabled(self._object is not None and not busy)
        self.show_buttons(possible=self._object is not None and not busy)
        self.setWindowTitle(("● " if self.dirty else "") + (name or self.editing.many))

    # ---- drafts

    def _unsaved(self) -> Draft[Any] | None:
        if not self.dirty:
            return None
        version = 0 if self._object is None else self._object.version
        now = format_time(int(self._context.clock().timestamp() * 1000))
        return Draft(self.value, self._saved, version, now, self.form.pending_file())

    def _restore(self, draft: Draft[Any]) -> None:
        if draft.file:
            self.form.rest_file(draft.file)
        if draft.edited == self._saved:
            return
        self._undo.change(draft.edited)
        self.form.show_value(self.value)
        when = formatting.local_time(draft.saved_at, self._context.clock())
        if self._object is not None and draft.version != self._object.version:
            # What it was begun on is what tells one person's changes from the other's.
            self._saved = draft.base
            self._object.version = draft.version
            self._say_changed_meanwhile()
            return
        self.notice.say(
            tr("Your unsaved changes from {when} are here again.", when=when),
            "accent",
            {tr("Throw them away"): self._discard, tr("Keep them"): partial(self.notice.say, "")},
        )

    def _discard(self) -> None:
        self.notice.say("")
        self.form.drop_file()
        self._show_saved(self._saved)
        self._drafts.drop()
        self._show_state()

    # ---- saving

    def _send(self, version: int | None) -> None:
        client, edited = self._context.client, self.value
        self._saving = True
        self._save_done.clear()
        self._show_state()
        if version is None:
            op = self.editing.create(client, edited)
        else:
            op = self.editing.update(client, self.object_id, edited, self._saved, version)
        self._context.ops.run(
            op,
            on_success=partial(self._saved_as, edited),
            on_error=self._refused,
            on_done=self._save_ended,
            owner=self,
        )

    def _save_ended(self) -> None:
        self._saving = False
        self._save_done.set()
        self._show_state()

    def _saved_as(self, sent: Any, found: Any) -> None:
        """What was changed meanwhile stays unsaved."""
        first, self._object = self._object is None, found
        self._saved = self.editing.edited_of(found)
        if self.value == sent:
            self._undo.now = self._saved
            self.form.show_value(self._saved)
        self.form.show_errors({})
        self.notice.say("")
        self._drafts.drop()
        if first:
            before, self._target = self._target, str(found.id)
            self._drafts.key = self._target
            self.form.rename_key(before, self._target)
            self._context.navigator.replace(self.key, self._target)
        if self.dirty:
            self._drafts.later()
        self._context.notices.notice(tr("“{name}” is saved.", name=found.name), "good")

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "stale":
            self._say_changed_meanwhile()
        elif refusal.status == 404:
            self._say_deleted()
        elif not self.form.show_refusal(refusal.code, refusal.detail):
            self.notice.say(refusal.detail, "bad")

    # ---- somebody else

    def _take(self, batch: LiveBatch) -> None:
        if self._object is None:
            return
        news = batch.changed.get(self._object.id)
        if self._object.id in batch.removed:
            self._say_deleted()
        elif news is not None and news["version"] > self._object.version and not self._busy:
            if self.dirty:
                self._say_changed_meanwhile()
            else:
                self._load()
        self._show_state()

    @property
    def _busy(self) -> bool:
        return self._saving or self._loading

    def _say_deleted(self) -> None:
        self.notice.say(
            tr("This was deleted meanwhile. Saving it makes it again under this name."),
            "warning",
            {tr("Make it again"): self._make_again},
        )

    def _make_again(self) -> None:
        self._object = None
        self._target = NEW
        self._send(None)

    def _say_changed_meanwhile(self) -> None:
        self.notice.say(
            tr("Somebody else changed this meanwhile. Nothing of yours is lost."),
            "warning",
            {tr("Look at both…"): self._look_at_both},
        )

    def _look_at_both(self) -> None:
        """Always asks the service: the live stream may be behind."""
        self._context.ops.run(
            self.editing.load(self._context.client, self.object_id), on_success=self._show_both, owner=self
        )

    def _show_both(self, theirs: Any) -> None:
        self._theirs = theirs
        self.notice.hide()
        self.centre.setCurrentWidget(self.conflict)
        self.conflict.show_merge(self.editing.merge(self._saved, self.value, self.editing.edited_of(theirs)))
        self._show_state()

    def _not_now(self) -> None:
        self.centre.setCurrentWidget(self.area)
        self._say_changed_meanwhile()
        self._show_state()

    def _resolved(self, value: Any) -> None:
        """What is made of both is not saved yet: a person looks at it first, and undo brings back theirs."""
        self._object = self._theirs
        self._saved = self.editing.edited_of(self._theirs)
        self._undo.change(value)
        self.form.show_value(value)
        self.centre.setCurrentWidget(self.area)
        if self.dirty:
            self.notice.say(tr("This is what you made of both. Save it when it is right."), "accent")
            self._drafts.later()
        else:
            self.notice.say("")
            self._drafts.drop()
        self._show_state()

    # ---- leaving

    async def _ask_to_leave(self) -> bool:
        name = self.editing.name_of(self.value) or self.editing.new_title
        answer = await choose(
            self,
            tr("“{name}” is not saved", name=name),
            tr("Keep the changes as a draft, and find them here again, or throw them away."),
            {
                "discard": (tr("Throw away"), "danger"),
                "draft": (tr("Keep as draft"), ""),
                "save": (tr("Save"), "primary"),
            },
        )
        if answer == "save" and not await self._saved_by_asking():
            return False
        if answer == "draft":
            self._drafts.keep()
        elif answer == "discard":
            self._discard()
        if answer:
            # Shown again, it begins with what is saved then, and with the draft as it is kept now.
            self._object, self._left = None, True
        return bool(answer)

    def deleted(self) -> None:
        """A person deleted it here: there is nothing left to look at."""
        self._discard()
        self._object = None
        self._open_list()

    async def _saved_by_asking(self) -> bool:
        self.save_now()
        if self._saving:
            await self._save_done.wait()
        return not self.dirty

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
