"""The page of one script."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtWidgets import QWidget

from backend_lite.contract.library import Script, ScriptRevision
from backend_lite.contract.live import SCRIPT
from console.core.drafts import Draft, Drafts
from console.core.errors import ApiError
from console.core.ops import Op
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.library import ops
from console.features.library.edited import Edited
from console.features.library.folders import folders_of
from console.features.library.merging import Merging
from console.features.library.parameters_editor import ParametersEditor
from console.features.library.revisions_pane import RevisionsPane
from console.features.library.script_check import ScriptCheck
from console.features.library.script_editor import ScriptEditor
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.parts import PageHeader, button, column, rule
from console.widgets.audit_history import history_button
from console.widgets.draft_base import DraftPage


class ScriptPage(DraftPage[Script, Edited]):
    """Shows one script at a time, or a new one."""

    key = "script"
    _theirs: Script

    def __init__(self, context: Context, drafts: Drafts[Draft[Edited]]) -> None:
        writes, runs = (
            context.rights.need("scripts:edit", "scripts:create"),
            context.rights.need("rollouts:run"),
        )
        super().__init__(context, writes, drafts)
        crumb = button(tr("Scripts /"), self._open_list, "link")
        self.test = button(tr("Test-run…"), partial(self._ask_run, on_one=True), need=runs)
        self.test.setToolTip(tr("On one device, to see whether it works (F5)"))
        self.test.setShortcut("F5")
        self.run = button(tr("Run…"), self._ask_run, icon="run", need=runs)
        self.history = history_button(context, lambda: ("script", self._object.id) if self._object else None)
        self.header = PageHeader("", self.history, self.test, self.run, self.save, crumb=crumb)
        self.parameters = ParametersEditor()
        back = button(tr("Show all scripts"), self._open_list)
        self.editor = ScriptEditor(back, self.parameters, self.notice)
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
        if target == self._target and self._object is not None:
            return
        self._turn_to(target)
        if self.dirty:
            self.editor.show_saved(Edited())
        self.check.forget()
        self.editor.end_comparison()
        self.info.clear()
        self.info.message.clear()
        known = self._context.live.get(SCRIPT, self.object_id)
        if not self.object_id:
            self._begin(None)
        elif known is not None:
            self._loaded(msgspec.convert(known, Script))
        else:
            self._load()

    def details(self) -> QWidget | None:
        return self.side

    def save_now(self) -> None:
        if self._can_save and not self.editor.wrong():
            self._send(None if self._object is None else self._object.version)

    # ---- the value

    @property
    def dirty(self) -> bool:
        return self.editor.dirty

    @property
    def value(self) -> Edited:
        return self.editor.value()

    @property
    def name(self) -> str:
        return self.editor.name or tr("New script")

    @property
    def _can_save(self) -> bool:
        return (self.dirty or self._object is None) and not self._saving

    # ---- how it is read and written

    def _load_op(self) -> Op[Script]:
        return ops.load(self._context.client, self.object_id)

    def _save_op(self, edited: Edited, version: int | None) -> Op[Script]:
        client, message = self._context.client, self.info.message.text().strip()
        if version is None:
            return ops.create(client, edited.as_new(message))
        return ops.update(client, self.object_id, edited.as_change(message), version)

    # ---- showing

    def _connect(self) -> None:
        self.editor.changed.connect(self._changed)
        self.editor.merge.used.connect(self._use_merged)
        self.info.view_wanted.connect(self.editor.view)
        self.info.compare_wanted.connect(self._compare)
        self.info.back_wanted.connect(self._go_back)
        self.info.more_wanted.connect(self._load_revisions)
        self.destroyed.connect(self._context.live.subscribe(SCRIPT, self._take))

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.header.title.setText(tr("Script"))
        self.header.set_mark("")
        self.editor.show_missing()

    def _loaded(self, found: Script) -> None:
        super()._loaded(found)
        if self._object is found:
            self._load_revisions()

    def _show_saved(self, found: Script | None) -> None:
        self.editor.fields.offer_folders(folders_of(self._context.live.kind(SCRIPT).values()).values())
        self.editor.show_saved(Edited() if found is None else Edited.of(found))

    def _begun(self, *, new: bool) -> None:
        self.check.later()
        (self.editor.fields.name_box if new else self.editor.code).setFocus()

    def _show_state(self) -> None:
        self._show_title(self.name)
        self.save.setEnabled(self._can_save)
        for part in (self.run, self.test, self.history):
            part.setEnabled(self._object is not None)
        self.info.show_saved(self._object)

    def _changed(self) -> None:
        self._drafts.later()
        self.check.later()
        self._show_state()

    # ---- drafts

    @property
    def _base(self) -> Edited:
        return self.editor.base

    def _show_unsaved(self, edited: Edited) -> None:
        self.editor.show_unsaved(edited)

    def _rebase(self, base: Edited, edited: Edited) -> None:
        self.editor.show_unsaved(edited, base)

    def _throw_away(self) -> None:
        known = self._context.live.get(SCRIPT, self.object_id)
        if self._object is not None and known is not None:
            self._object = msgspec.convert(known, Script)
        self.editor.show_saved(Edited() if self._object is None else Edited.of(self._object))

    # ---- saving

    def _take_over(self, sent: Edited, found: Script) -> None:
        self.editor.saved(sent, Edited.of(found))
        self.info.message.clear()

    def _was_saved(self, found: Script) -> None:
        self._load_revisions()
        self._context.notices.notice(tr("Saved as revision {n}.", n=found.revision), "good")

    def _show_refusal(self, refusal: ApiError) -> bool:
        if refusal.code != "name_taken":
            return False
        self.editor.fields.name.set_error(tr("Another script has this name."))
        self.editor.fields.name_box.setFocus()
        return True

    # ---- somebody else

    def _follow(self, news: dict[str, Any]) -> None:
        self._object = msgspec.convert(news, Script)
        self.editor.show_saved(Edited.of(self._object))
        self.check.later()
        self._show_state()
        self._load_revisions()

    def _two_versions(self) -> dict[str, Callable[[], object]]:
        return {
            tr("Compare and merge"): partial(self._with_theirs, self._merge_with_theirs),
            tr("Save mine over it"): partial(self._with_theirs, self._save_over),
            tr("Take theirs"): partial(self._with_theirs, self._take_theirs),
        }

    def _merge_with_theirs(self, theirs: Script) -> None:
        self._theirs = theirs
        self.editor.show_merging(Merging.of(self.editor.base, self.value, Edited.of(theirs)))

    def _use_merged(self, merging: Merging) -> None:
        """As a change of theirs that is not saved yet: it can be looked at, and undone."""
        self._object = self._theirs
        self.editor.give_way(merging.theirs)
        self.editor.show_unsaved(merging.result())
        self.notice.say("")
        self._changed()

    def _save_over(self, theirs: Script) -> None:
        self._object = theirs
        self._send(theirs.version)

    def _take_theirs(self, theirs: Script) -> None:
        self._object = theirs
        self.editor.give_way(Edited.of(theirs))
        self.notice.say("")
        self._drafts.drop()
        self._show_state()
        self._load_revisions()

    # ---- revisions

    def _load_revisions(self, cursor: str | None = None) -> None:
        self._context.ops.run(
            ops.revisions(self._context.client, self.object_id, cursor),
            on_success=partial(self.info.show_page, first=cursor is None),
            owner=self,
        )

    def _compare(self, revision: ScriptRevision) -> None:
        title = tr("From revision {n} to what is in the editor", n=revision.number)
        self.editor.compare(title, Edited.of_revision(revision), self.value)

    def _go_back(self, revision: ScriptRevision) -> None:
        """As a change in the editor: it can be undone, and saving makes a new revision of it."""
        self.editor.go_back(revision)
        self.info.propose_return(revision.number)

    # ---- leaving, running

    def _open_list(self) -> None:
        self._context.navigator.open("scripts")

    def _ask_run(self, on_one: bool = False) -> None:
        """By the run dialog; what is run is the saved revision, so a changed one is saved before."""
        self._saved_first(tr("Save first: what is run is the saved revision."), partial(self._run, on_one))

    def _run(self, on_one: bool) -> None:
        if self._object is not None:
            request = RunRequest(script_id=self._object.id, on_one_device=on_one)
            self._context.navigator.ask(RUN_DIALOG, request)


def drafts_of(context: Context) -> Drafts[Draft[Edited]]:
    return context.drafts("scripts", Draft[Edited])
