"""The script editor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from backend_lite.contract.common import Page as AnswerPage
from backend_lite.contract.common import format_time
from backend_lite.contract.library import Script, ScriptRevision
from backend_lite.contract.live import SCRIPT
from console.core import formatting
from console.core.drafts import Drafts
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.library import ops
from console.features.library.comparison import Comparison
from console.features.library.revisions_pane import RevisionsPane
from console.features.library.script_form import Draft, Edited, ScriptFields
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.code_edit import CodeEdit
from console.widgets.confirm import choose
from console.widgets.empty_state import EmptyState
from console.widgets.notice_bar import NoticeBar

NEW = "new"
DRAFT_AFTER_MS = 500


class ScriptPage(Page):
    """Shows one script at a time, or a new one. Unsaved changes are kept as a draft until they are saved or
    thrown away by a person."""

    key = "script"

    def __init__(self, context: Context, drafts: Drafts[Draft]) -> None:
        super().__init__()
        self._context = context
        self._drafts = drafts
        self._script: Script | None = None
        self._target = NEW
        self._base = Edited()
        self._saving = False
        self._save_done = asyncio.Event()
        crumb = button(tr("Scripts /"), lambda: context.navigator.open("scripts"), "link")
        self.run = button(tr("Run…"), self._run, icon="run")
        self.save = button(tr("Save"), self.save_now, "primary", name=tr("Save (Ctrl+S)"))
        self.header = PageHeader("", self.run, self.save, crumb=crumb)
        self.fields = ScriptFields()
        self.notice = NoticeBar()
        self.code = CodeEdit(tr("Script"))
        self.comparison = Comparison()
        self.missing = EmptyState(
            "script",
            tr("There is no such script"),
            tr("It was deleted, or the address is wrong."),
            button(tr("Show all scripts"), lambda: context.navigator.open("scripts")),
        )
        self.centre = QStackedWidget()
        for part in (self.code, self.comparison, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.fields, self.notice, self.centre, gap=0))
        self.info = RevisionsPane(context.clock)
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and self._script is not None:
            return
        self._keep_draft()
        self._target = target or NEW
        self._script = None
        self.comparison.close_it()
        self.notice.say("")
        self.info.clear()
        self.info.message.clear()
        if self._target == NEW:
            self._begin(None, Edited())
            return
        known = self._context.live.get(SCRIPT, self._script_id)
        if known is not None:
            self._loaded(msgspec.convert(known, Script))
        else:
            self._load()

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.dirty else True

    def details(self) -> QWidget | None:
        return self.info

    # ---- for tests and the frame

    @property
    def dirty(self) -> bool:
        return self.code.modified or self._edited_fields() != msgspec.structs.replace(self._base, content="")

    def edited(self) -> Edited:
        return self.fields.value(self.code.text())

    def save_now(self) -> None:
        """A refusal is said in place."""
        if self._saving or not (self.dirty or self._script is None):
            return
        edited = self.edited()
        if not edited.name:
            self.fields.name.set_error(tr("Give the script a name."))
            self.fields.name_box.setFocus()
            return
        if not edited.content.strip():
            self.notice.say(tr("The script is empty: write what it should do."), "bad")
            self.code.setFocus()
            return
        self._send(edited, None if self._script is None else self._script.version)

    # ---- inside

    @property
    def _script_id(self) -> int:
        return int(self._target) if self._target.isdigit() else 0

    @property
    def _draft_key(self) -> str:
        return self._target if self._target == NEW else str(self._script_id)

    def _connect(self) -> None:
        self._draft_timer = QTimer(self)
        self._draft_timer.setSingleShot(True)
        self._draft_timer.setInterval(DRAFT_AFTER_MS)
        self._draft_timer.timeout.connect(self._keep_draft)
        self.fields.changed.connect(self._changed)
        self.fields.language.currentIndexChanged.connect(self._language_changed)
        self.code.text_changed.connect(self._changed)
        self.code.modified_changed.connect(lambda _modified: self._show_state())
        self.comparison.closed.connect(self._end_comparison)
        self.info.view_wanted.connect(self._view)
        self.info.compare_wanted.connect(self._compare)
        self.info.back_wanted.connect(self._go_back)
        self.info.more_wanted.connect(self._load_revisions)
        self.destroyed.connect(self._context.live.subscribe(SCRIPT, self._take))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self).activated.connect(self.save_now)

    def _load(self) -> None:
        self._context.ops.run(
            ops.load(self._context.client, self._script_id),
            on_success=self._loaded,
            on_error=self._not_loaded,
            owner=self,
        )

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.header.title.setText(tr("Script"))
        self.header.set_mark("")
        self.fields.hide()
        self.centre.setCurrentWidget(self.missing)

    def _loaded(self, script: Script) -> None:
        if script.id != self._script_id:
            return
        self._begin(script, Edited.of(script))
        self._load_revisions()

    def _begin(self, script: Script | None, edited: Edited) -> None:
        """Shows what is saved, and over it the draft if there is one."""
        self._script = script
        self._take_as_saved(edited)
        draft = self._drafts.load(self._draft_key)
        if draft is not None and draft.edited != edited:
            self._restore(draft)
        else:
            self._drafts.drop(self._draft_key)
        self.fields.show()
        self.centre.setCurrentWidget(self.code)
        self._show_state()
        self.title_changed.emit()
        (self.fields.name_box if script is None else self.code).setFocus()

    def _take_as_saved(self, edited: Edited) -> None:
        self._base = edited
        self.fields.show_script(edited)
        self.code.set_language(edited.language)
        self.code.load(edited.content)
        self._draft_timer.stop()

    def _restore(self, draft: Draft) -> None:
        self.fields.show_script(draft.edited)
        self.code.set_language(draft.edited.language)
        if draft.edited.content != self._base.content:
            self.code.replace_text(draft.edited.content)
        when = formatting.local_time(draft.saved_at, self._context.clock())
        self.notice.say(
            tr("Your unsaved changes from {when} are here again.", when=when),
            "accent",
            {tr("Throw them away"): self._discard, tr("Keep them"): lambda: self.notice.say("")},
        )
        if self._script is not None and draft.version != self._script.version:
            self._say_changed_meanwhile()

    def _discard(self) -> None:
        self.notice.say("")
        self._take_as_saved(self._base if self._script is None else Edited.of(self._script))
        self._drafts.drop(self._draft_key)
        self._show_state()

    def _edited_fields(self) -> Edited:
        return self.fields.value("")

    def _changed(self) -> None:
        self._draft_timer.start()
        self._show_state()

    def _language_changed(self, _at: int) -> None:
        self.code.set_language(self.fields.language.currentData())

    def _keep_draft(self) -> None:
        self._draft_timer.stop()
        if not self.dirty:
            self._drafts.drop(self._draft_key)
            return
        version = 0 if self._script is None else self._script.version
        now = format_time(int(self._context.clock().timestamp() * 1000))
        try:
            self._drafts.save(self._draft_key, Draft(self.edited(), version, now))
        except OSError as error:
            self._context.notices.notice(
                tr("The draft cannot be kept: {why}. Save the script soon.", why=error.strerror), "bad"
            )

    def _show_state(self) -> None:
        name = self.fields.name_box.text().strip() or tr("New script")
        dirty = self.dirty
        self.header.title.setText(name)
        self.header.set_mark(tr("unsaved") if dirty else "", "accent")
        self.save.setEnabled((dirty or self._script is None) and not self._saving)
        self.run.setEnabled(self._script is not None)
        self.setWindowTitle(("● " if dirty else "") + name)
        if self._script is not None:
            self.info.facts.show_fact(tr("Revision"), str(self._script.revision))
            when = formatting.local_time(self._script.updated_at, self._context.clock())
            self.info.facts.show_fact(tr("Saved"), when)
        else:
            for name in (tr("Revision"), tr("Saved")):
                self.info.facts.show_fact(name, "")

    # ---- saving

    def _send(self, edited: Edited, version: int | None) -> None:
        client, message = self._context.client, self.info.message.text().strip()
        self._saving = True
        self._save_done.clear()
        self._show_state()
        if version is None:
            op = ops.create(client, edited.as_new(message))
        else:
            op = ops.update(client, self._script_id, edited.as_change(message), version)
        self._context.ops.run(
            op,
            on_success=partial(self._saved, edited),
            on_error=self._refused,
            on_done=self._save_ended,
            owner=self,
        )

    def _save_ended(self) -> None:
        self._saving = False
        self._save_done.set()
        self._show_state()

    def _saved(self, sent: Edited, script: Script) -> None:
        first = self._script is None
        self._script = script
        self._base = Edited.of(script)
        self.code.saved(sent.content)
        if self._edited_fields() == msgspec.structs.replace(sent, content=""):
            self.fields.show_script(self._base)
        self.notice.say("")
        self.info.message.clear()
        self._drafts.drop(self._draft_key)
        if first:
            self._target = str(script.id)
            self._context.navigator.replace(self.key, self._target)
        if self.dirty:
            self._draft_timer.start()
        self._load_revisions()
        self._context.notices.notice(tr("Saved as revision {n}.", n=script.revision), "good")

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "stale":
            self._say_changed_meanwhile()
        elif refusal.code == "name_taken":
            self.fields.name.set_error(tr("Another script has this name."))
            self.fields.name_box.setFocus()
        else:
            self.notice.say(refusal.detail, "bad")

    # ---- somebody else

    def _take(self, batch: LiveBatch) -> None:
        if self._script is None or self._script.id not in (batch.changed.keys() | batch.removed):
            return
        if self._script.id in batch.removed:
            self.notice.say(
                tr("This script was deleted meanwhile. Saving it makes it again under this name."),
                "warning",
                {tr("Make it again"): self._make_again},
            )
            return
        theirs = msgspec.convert(batch.changed[self._script.id], Script)
        if theirs.version <= self._script.version or self._saving:
            return
        if self.dirty:
            self._say_changed_meanwhile()
        else:
            self._script = theirs
            self._take_as_saved(Edited.of(theirs))
            self._show_state()
            self._load_revisions()

    def _make_again(self) -> None:
        edited = self.edited()
        self._script = None
        self._send(edited, None)

    def _say_changed_meanwhile(self) -> None:
        self.notice.say(
            tr("Somebody else changed this script meanwhile. Nothing of yours is lost."),
            "warning",
            {
                tr("Compare"): partial(self._with_theirs, self._compare_with_theirs),
                tr("Save mine over it"): partial(self._with_theirs, self._save_over),
                tr("Take theirs"): partial(self._with_theirs, self._take_theirs),
            },
        )

    def _with_theirs(self, then: Any) -> None:
        """Always asks the service: the live stream may be behind."""
        self._context.ops.run(ops.load(self._context.client, self._script_id), on_success=then, owner=self)

    def _compare_with_theirs(self, theirs: Script) -> None:
        self._show_comparison(
            tr("From theirs (revision {n}) to yours", n=theirs.revision), theirs.content, self.code.text()
        )

    def _save_over(self, theirs: Script) -> None:
        self._script = theirs
        self._send(self.edited(), theirs.version)

    def _take_theirs(self, theirs: Script) -> None:
        """Undo brings the own text back."""
        self._script = theirs
        self._base = Edited.of(theirs)
        self.fields.show_script(self._base)
        self.code.replace_text(theirs.content)
        self.code.saved(self.code.text())
        self.notice.say("")
        self._drafts.drop(self._draft_key)
        self._end_comparison()
        self._show_state()
        self._load_revisions()

    # ---- revisions

    def _load_revisions(self, cursor: str | None = None) -> None:
        def show(page: AnswerPage[ScriptRevision]) -> None:
            self.info.show_page(page, first=cursor is None)

        self._context.ops.run(
            ops.revisions(self._context.client, self._script_id, cursor),
            on_success=show,
            on_error=lambda _refusal: None,
            owner=self,
        )

    def _view(self, revision: ScriptRevision) -> None:
        self.comparison.show_text(
            tr("Revision {n}, as it was", n=revision.number), revision.content, revision.language
        )
        self.centre.setCurrentWidget(self.comparison)

    def _compare(self, revision: ScriptRevision) -> None:
        title = tr("From revision {n} to what is in the editor", n=revision.number)
        self._show_comparison(title, revision.content, self.code.text())

    def _show_comparison(self, title: str, old: str, new: str) -> None:
        self.comparison.show_diff(title, old, new)
        self.centre.setCurrentWidget(self.comparison)

    def _end_comparison(self) -> None:
        if self.centre.currentWidget() is self.comparison:
            self.centre.setCurrentWidget(self.code)
            self.code.setFocus()

    def _go_back(self, revision: ScriptRevision) -> None:
        """As a change in the editor: it can be undone, and saving makes a new revision of it."""
        self._end_comparison()
        self.code.replace_text(revision.content)
        at = self.fields.language.findData(str(revision.language))
        self.fields.language.setCurrentIndex(at)
        if not self.info.message.text():
            self.info.message.setText(tr("Back to revision {n}", n=revision.number))

    # ---- leaving, running

    async def _ask_to_leave(self) -> bool:
        name = self.fields.name_box.text().strip() or tr("New script")
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
        if answer == "save" and not await self._saved_now():
            return False
        if answer == "draft":
            self._keep_draft()
        elif answer == "discard":
            self._discard()
        if answer:
            # Shown again, it begins with what is saved then.
            self._script = None
        return bool(answer)

    async def _saved_now(self) -> bool:
        self.save_now()
        if self._saving:
            await self._save_done.wait()
        return not self.dirty

    def _run(self) -> None:
        if self.dirty:
            self.notice.say(
                tr("Save first: what is run is the saved revision."), "accent", {tr("Save"): self.save_now}
            )
        elif self._script is not None:
            self._context.navigator.ask(RUN_DIALOG, RunRequest(script_id=self._script.id))


def drafts_of(context: Context) -> Drafts[Draft]:
    """Beside the window's own state, in the user's folder."""
    return Drafts(Path(context.settings.fileName()).parent / "drafts", Draft)
