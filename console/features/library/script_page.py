"""The page of one script: loads it, saves it, and copes with somebody else at the same script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

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
from console.features.library.edited import Draft, Edited
from console.features.library.folders import folders_of
from console.features.library.merging import Merging
from console.features.library.parameters_editor import ParametersEditor
from console.features.library.revisions_pane import RevisionsPane
from console.features.library.script_check import ScriptCheck
from console.features.library.script_editor import ScriptEditor
from console.shell.context import Context
from console.shell.needing import follow, gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, rule
from console.widgets.audit_history import history_button
from console.widgets.confirm import choose
from console.widgets.draft_keeper import DraftKeeper

NEW = "new"


class ScriptPage(Page):
    """Shows one script at a time, or a new one. Unsaved changes are kept as a draft until they are saved or
    thrown away by a person."""

    key = "script"

    def __init__(self, context: Context, drafts: Drafts[Draft]) -> None:
        super().__init__()
        self._context = context
        self._script: Script | None = None
        self._theirs: Script | None = None
        self._target = NEW
        self._saving = False
        self._after_save: Callable[[], None] | None = None
        self._save_done = asyncio.Event()
        self._drafts = DraftKeeper(self, drafts, self._unsaved, context.notices)
        crumb = button(tr("Scripts /"), self._open_list, "link")
        self.test = button(
            tr("Test-run…"), partial(self._ask_run, on_one=True), need=context.rights.need("rollouts:run")
        )
        self.test.setToolTip(tr("On one device, to see whether it works (F5)"))
        self.test.setShortcut("F5")
        self.run = button(tr("Run…"), self._ask_run, icon="run", need=context.rights.need("rollouts:run"))
        writes = context.rights.need("scripts:edit", "scripts:create")
        self.save = button(
            tr("Save"),
            self.save_now,
            "primary",
            name=tr("Save (Ctrl+S)"),
            need=writes,
        )
        self.history = history_button(context, lambda: ("script", self._script.id) if self._script else None)
        self.header = PageHeader("", self.history, self.test, self.run, self.save, crumb=crumb)
        self.parameters = ParametersEditor()
        self.editor = ScriptEditor(button(tr("Show all scripts"), self._open_list), self.parameters)
        follow(self, writes, lambda may: self.editor.set_read_only(not may))
        self.check = ScriptCheck(self, context, self.editor.text, self.editor.findings)
        self.setLayout(column(self.header, self.editor, gap=0))
        self.info = RevisionsPane(context.clock, writes)
        self.side = QWidget()
        beside = column(self.parameters, rule(), self.info, gap=16)
        beside.setContentsMargins(16, 16, 16, 16)
        self.side.setLayout(beside)
        self.destroyed.connect(self.side.deleteLater)
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and self._script is not None:
            return
        if self.editor.dirty:
            self._drafts.keep()
            self.editor.show_saved(Edited())
        self._after_save = None
        self.check.forget()
        self._target = target or NEW
        self._drafts.key = self._target
        self._script = None
        self.editor.end_comparison()
        self.editor.notice.say("")
        self.info.clear()
        self.info.message.clear()
        known = self._context.live.get(SCRIPT, self._script_id)
        if self._target == NEW:
            self._begin(None)
        elif known is not None:
            self._loaded(msgspec.convert(known, Script))
        else:
            self._load()

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.editor.dirty else True

    def details(self) -> QWidget | None:
        return self.side

    def save_now(self) -> None:
        """Nothing while it is being saved, or when there is nothing to save. A refusal is said in place."""
        if self._saving or not (self.editor.dirty or self._script is None) or self.editor.wrong():
            return
        self._send(self.editor.value(), None if self._script is None else self._script.version)

    # ---- showing

    @property
    def _script_id(self) -> int:
        return int(self._target) if self._target.isdigit() else 0

    def _connect(self) -> None:
        self.editor.changed.connect(self._changed)
        self.editor.merge.used.connect(self._use_merged)
        self.info.view_wanted.connect(self.editor.view)
        self.info.compare_wanted.connect(self._compare)
        self.info.back_wanted.connect(self._go_back)
        self.info.more_wanted.connect(self._load_revisions)
        self.destroyed.connect(self._context.live.subscribe(SCRIPT, self._take))
        gate(
            QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self),
            self._context.rights.need("scripts:edit", "scripts:create"),
        ).activated.connect(self.save_now)

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
        self.editor.show_missing()

    def _loaded(self, script: Script) -> None:
        if script.id == self._script_id:
            self._begin(script)
            self._load_revisions()

    def _begin(self, script: Script | None) -> None:
        """Shows what is saved, and over it the draft if there is one."""
        self._script = script
        self.editor.fields.offer_folders(folders_of(self._context.live.kind(SCRIPT).values()).values())
        saved = Edited() if script is None else Edited.of(script)
        self.editor.show_saved(saved)
        draft = self._drafts.load()
        if draft is None or draft.edited == saved:
            self._drafts.drop()
        else:
            self._restore(draft)
        self._show_state()
        self.check.later()
        self.title_changed.emit()
        (self.editor.fields.name_box if script is None else self.editor.code).setFocus()

    def _show_state(self) -> None:
        dirty, script, facts = self.editor.dirty, self._script, self.info.facts
        name = self.editor.name or tr("New script")
        self.header.title.setText(name)
        self.header.set_mark(tr("unsaved") if dirty else "", "accent")
        self.save.setEnabled((dirty or script is None) and not self._saving)
        for part in (self.run, self.test, self.history):
            part.setEnabled(script is not None)
        self.setWindowTitle(("● " if dirty else "") + name)
        when = "" if script is None else formatting.local_time(script.updated_at, self._context.clock())
        facts.show_fact(tr("Revision"), "" if script is None else str(script.revision))
        facts.show_fact(tr("Saved"), when)

    def _changed(self) -> None:
        self._drafts.later()
        self.check.later()
        self._show_state()

    # ---- drafts

    def _unsaved(self) -> Draft | None:
        if not self.editor.dirty:
            return None
        version = 0 if self._script is None else self._script.version
        now = format_time(int(self._context.clock().timestamp() * 1000))
        return Draft(self.editor.value(), version, now, self.editor.base)

    def _restore(self, draft: Draft) -> None:
        script = self._script
        if script is not None and draft.version != script.version:
            # Saving builds on what the draft began with: the service then says that there is another.
            self._script = msgspec.structs.replace(script, version=draft.version)
        self.editor.show_unsaved(draft.edited, draft.base)
        when = formatting.local_time(draft.saved_at, self._context.clock())
        self.editor.notice.say(
            tr("Your unsaved changes from {when} are here again.", when=when),
            "accent",
            {
                tr("Throw them away"): self._discard,
                tr("Keep them"): partial(self.editor.notice.say, ""),
            },
        )
        if self._script is not script:
            self._say_changed_meanwhile()

    def _discard(self) -> None:
        self.editor.notice.say("")
        known = self._context.live.get(SCRIPT, self._script_id)
        if self._script is not None and known is not None:
            self._script = msgspec.convert(known, Script)
        self.editor.show_saved(Edited() if self._script is None else Edited.of(self._script))
        self._drafts.drop()
        self._show_state()

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
        then, self._after_save = self._after_save, None
        if then is not None and not self.editor.dirty:
            then()

    def _saved(self, sent: Edited, script: Script) -> None:
        first, self._script = self._script is None, script
        self.editor.saved(sent, Edited.of(script))
        self.editor.notice.say("")
        self.info.message.clear()
        self._drafts.drop()
        if first:
            self._target = self._drafts.key = str(script.id)
            self._context.navigator.replace(self.key, self._target)
        if self.editor.dirty:
            self._drafts.later()
        self._load_revisions()
        self._context.notices.notice(tr("Saved as revision {n}.", n=script.revision), "good")

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "stale":
            self._say_changed_meanwhile()
        elif refusal.code == "name_taken":
            self.editor.fields.name.set_error(tr("Another script has this name."))
            self.editor.fields.name_box.setFocus()
        else:
            self.editor.notice.say(refusal.detail, "bad")

    # ---- somebody else

    def _take(self, batch: LiveBatch) -> None:
        script = self._script
        if script is not None and script.id in batch.removed:
            self.editor.notice.say(
                tr("This script was deleted meanwhile. Saving it makes it again under this name."),
                "warning",
                {tr("Make it again"): self._make_again},
            )
        elif script is not None and script.id in batch.changed:
            theirs = msgspec.convert(batch.changed[script.id], Script)
            if theirs.version > script.version and not self._saving:
                self._changed_by_somebody(theirs)

    def _changed_by_somebody(self, theirs: Script) -> None:
        if self.editor.dirty:
            self._say_changed_meanwhile()
            return
        self._script = theirs
        self.editor.show_saved(Edited.of(theirs))
        self.check.later()
        self._show_state()
        self._load_revisions()

    def _make_again(self) -> None:
        self._script = None
        self._send(self.editor.value(), None)

    def _say_changed_meanwhile(self) -> None:
        self.editor.notice.say(
            tr("Somebody else changed this script meanwhile. Nothing of yours is lost."),
            "warning",
            {
                tr("Compare and merge"): partial(self._with_theirs, self._merge_with_theirs),
                tr("Save mine over it"): partial(self._with_theirs, self._save_over),
                tr("Take theirs"): partial(self._with_theirs, self._take_theirs),
            },
        )

    def _with_theirs(self, then: Callable[[Script], None]) -> None:
        """Always asks the service: the live stream may be behind."""
        self._context.ops.run(ops.load(self._context.client, self._script_id), on_success=then, owner=self)

    def _merge_with_theirs(self, theirs: Script) -> None:
        self._theirs = theirs
        self.editor.show_merging(Merging.of(self.editor.base, self.editor.value(), Edited.of(theirs)))

    def _use_merged(self, merging: Merging) -> None:
        """As a change of theirs that is not saved yet: it can be looked at, and undone."""
        if self._theirs is None:
            return
        self._script = self._theirs
        self.editor.give_way(merging.theirs)
        self.editor.show_unsaved(merging.result())
        self.editor.notice.say("")
        self._changed()

    def _save_over(self, theirs: Script) -> None:
        self._script = theirs
        self._send(self.editor.value(), theirs.version)

    def _take_theirs(self, theirs: Script) -> None:
        self._script = theirs
        self.editor.give_way(Edited.of(theirs))
        self.editor.notice.say("")
        self._drafts.drop()
        self._show_state()
        self._load_revisions()

    # ---- revisions

    def _load_revisions(self, cursor: str | None = None) -> None:
        def show(page: AnswerPage[ScriptRevision]) -> None:
            self.info.show_page(page, first=cursor is None)

        self._context.ops.run(
            ops.revisions(self._context.client, self._script_id, cursor), on_success=show, owner=self
        )

    def _compare(self, revision: ScriptRevision) -> None:
        title = tr("From revision {n} to what is in the editor", n=revision.number)
        self.editor.compare(title, Edited.of_revision(revision), self.editor.value())

    def _go_back(self, revision: ScriptRevision) -> None:
        """As a change in the editor: it can be undone, and saving makes a new revision of it."""
        self.editor.go_back(revision)
        if not self.info.message.text():
            self.info.message.setText(tr("Back to revision {n}", n=revision.number))

    # ---- leaving, running

    async def _ask_to_leave(self) -> bool:
        answer = await choose(
            self,
            tr("“{name}” is not saved", name=self.editor.name or tr("New script")),
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
            self._drafts.keep()
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
        return not self.editor.dirty

    def _open_list(self) -> None:
        self._context.navigator.open("scripts")

    def _ask_run(self, on_one: bool = False) -> None:
        """By the run dialog; what is run is the saved revision, so a changed one is saved before."""
        if self.editor.dirty:
            self.editor.notice.say(
                tr("Save first: what is run is the saved revision."),
                "accent",
                {tr("Save and go on"): partial(self._save_and, partial(self._ask_run, on_one))},
            )
        elif self._script is not None:
            request = RunRequest(script_id=self._script.id, on_one_device=on_one)
            self._context.navigator.ask(RUN_DIALOG, request)

    def _save_and(self, then: Callable[[], None]) -> None:
        self.save_now()
        self._after_save = then if self._saving else None


def drafts_of(context: Context) -> Drafts[Draft]:
    return context.drafts("scripts", Draft)
