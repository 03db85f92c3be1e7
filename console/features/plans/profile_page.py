"""The page of one profile or template: loads it, saves it, and copes with somebody else at the same one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QTabBar, QWidget

from backend_lite.contract.common import Page as AnswerPage
from backend_lite.contract.common import format_time
from backend_lite.contract.plans import ProfileRevision, ProfileWithTasks
from console.core import formatting
from console.core.drafts import Drafts
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.plan_changes import Merge, changes
from console.core.plan_ops import load_profile
from console.core.plan_tasks import EditedPlan, problems_of, same, tasks_of
from console.core.texts import tr
from console.features.plans import ops
from console.features.plans.changes_view import ChangesView
from console.features.plans.compliance_view import ComplianceView
from console.features.plans.history_pane import HistoryPane
from console.features.plans.kinds import EDITOR, WRITES, kind_of, profile_kind, template_kind
from console.features.plans.plan_drafts import PlanDraft
from console.features.plans.plan_editor import PlanEditor
from console.features.plans.plan_side import TASK, PlanSide
from console.features.plans.profile_actions import ProfileActions
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, icon_button
from console.widgets.confirm import choose
from console.widgets.conflict_view import ConflictView
from console.widgets.draft_keeper import DraftKeeper
from console.widgets.empty_state import EmptyState
from console.widgets.notice_bar import NoticeBar

NEW = "new"
TASKS, DEVICES = 0, 1


class ProfilePage(Page):
    """Shows one at a time, or a new one. Unsaved changes are kept as a draft until they are saved or thrown
    away by a person."""

    key = EDITOR

    def __init__(self, context: Context, drafts: Drafts[PlanDraft]) -> None:
        super().__init__()
        self._context = context
        self._profile: ProfileWithTasks | None = None
        self._target = NEW
        self._saving = False
        self._loading = False
        self._after_save: Callable[[], object] | None = None
        self._save_done = asyncio.Event()
        self._drafts = DraftKeeper(self, drafts, self._unsaved, context.notices)
        self.actions_ = ProfileActions(self, context, lambda: self._profile, self._saved_first, self._gone)
        self.crumb = button("", self._open_list, "link")
        needs = context.rights.need
        self.look = button(tr("Preview…"), self.actions_.look, need=needs("rollouts:run"))
        self.look.setToolTip(tr("What would run where; nothing is started"))
        uses = needs("rollouts:run", "profiles:create")
        self.use = button(tr("Apply…"), self.actions_.use, icon="run", need=uses)
        self.more = icon_button("more", tr("More"), self._open_menu)
        writes = needs(*WRITES)
        self.save = button(tr("Save"), self.save_now, "primary", name=tr("Save (Ctrl+S)"), need=writes)
        gate(QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self, self.save_now), writes)
        self.header = PageHeader("", self.more, self.look, self.use, self.save, crumb=self.crumb)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("Tasks or devices"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for title in (tr("Tasks"), tr("Devices")):
            self.tabs.addTab(title)
        self.editor = PlanEditor(context)
        self.notice = NoticeBar()
        self.changes = ChangesView()
        self.conflict = ConflictView(context.live.get)
        self.devices = ComplianceView(context)
        self.header.below.addWidget(self.tabs)
        self.header.below.addStretch(1)
        self.header.below.addWidget(self.devices.tools)
        self.missing = EmptyState(
            "profile",
            tr("There is no such profile"),
            tr("It was deleted, or the address is wrong."),
            button(tr("Show all profiles"), self._open_list),
        )
        self.centre = QStackedWidget()
        for part in (self.editor, self.devices, self.changes, self.conflict, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.editor.fields, self.notice, self.centre, gap=0))
        self.history = HistoryPane(context.clock, writes)
        self.side = PlanSide(self.editor.form, self.history)
        self.destroyed.connect(self.side.deleteLater)
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and self._profile is not None:
            self._show_part()
            return
        if self.editor.dirty:
            self._drafts.keep()
            self.editor.show_saved(EditedPlan(), {})
        self._after_save = None
        self._target = target or NEW
        self._drafts.key = self._target
        self._profile = None
        self.notice.say("")
        self.history.clear()
        self.history.message.clear()
        self.tabs.setCurrentIndex(TASKS)
        self.side.open(TASK)
        if self._profile_id:
            self.editor.show_saved(EditedPlan(), {})
            self._load()
        else:
            self._begin(None)

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.editor.dirty else True

    def subjects(self) -> tuple[int, ...]:
        shown = self.centre.currentWidget() is self.devices
        return tuple(self.devices.table.selected_ids()) if shown else ()

    def details(self) -> QWidget | None:
        shown = self.centre.currentWidget()
        return None if shown in (self.devices, self.missing, self.conflict) else self.side

    def save_now(self) -> None:
        """Nothing while it is being saved, or when there is nothing to save. A refusal is said in place."""
        if not self.save.isEnabled():
            return
        if wrong := self.editor.wrong():
            self.tabs.setCurrentIndex(TASKS)
            self.side.open(TASK)
            self.notice.say(wrong, "bad")
            return
        self._send(None if self._profile is None else self._profile.version)

    # ---- showing

    @property
    def _profile_id(self) -> int:
        return int(self._target) if self._target.isdigit() else 0

    @property
    def is_template(self) -> bool:
        if self._profile is not None:
            return self._profile.is_template
        return self._target == template_kind().new

    def _connect(self) -> None:
        live = self._context.live
        self.editor.changed.connect(self._changed)
        self.editor.task_chosen.connect(self._task_chosen)
        self.editor.form.destroyed.connect(self.side.deleteLater)
        self.tabs.currentChanged.connect(lambda _at: self._show_part())
        self.changes.closed.connect(self._show_part)
        self.conflict.closed.connect(self._not_now)
        self.conflict.resolved.connect(self._resolved)
        self.history.compare_wanted.connect(self._compare)
        self.history.back_wanted.connect(self._go_back)
        self.history.more_wanted.connect(self._load_revisions)
        self.devices.apply_wanted.connect(self.actions_.apply_to)
        for kind in (profile_kind(), template_kind()):
            self.destroyed.connect(live.subscribe(kind.live, self._take))
        self.editor.serve_undo(self)

    def _load(self) -> None:
        self._loading = True
        self._context.ops.run(
            load_profile(self._context.client, self._profile_id),
            on_success=self._loaded,
            on_error=self._not_loaded,
            on_done=self._load_ended,
            owner=self,
        )

    def _load_ended(self) -> None:
        self._loading = False

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.header.title.setText(tr("Profile"))
        self.header.set_mark("")
        self.editor.fields.hide()
        self.centre.setCurrentWidget(self.missing)
        self.details_changed.emit()

    def _loaded(self, profile: ProfileWithTasks) -> None:
        if profile.id == self._profile_id:
            self._begin(profile)
            self._load_revisions()

    def _begin(self, profile: ProfileWithTasks | None) -> None:
        """Shows what is saved, and over it the draft if there is one."""
        self._profile = profile
        saved = EditedPlan() if profile is None else EditedPlan.of(profile)
        self.editor.show_saved(saved, problems_of(profile))
        self.devices.show_profile(profile)
        draft = self._drafts.load()
        if draft is None or same(draft.edited, saved):
            self._drafts.drop()
        else:
            self._restore(draft)
        self._show_part()
        self._show_state()
        self.title_changed.emit()
        (self.editor.fields.name_box if profile is None else self.editor.list).setFocus()

    def _show_part(self) -> None:
        """The part that its tab stands for; what was compared is put away."""
        devices = self.tabs.currentIndex() == DEVICES
        self.centre.setCurrentWidget(self.devices if devices else self.editor)
        self.editor.fields.setVisible(not devices)
        self.devices.tools.setVisible(devices)
        if devices:
            self.devices.look()
        self._show_state()
        self.details_changed.emit()

    def _show_state(self) -> None:
        dirty, profile, facts = self.editor.dirty, self._profile, self.history.facts
        kind = kind_of(is_template=self.is_template)
        name = self.editor.value.name or kind.new_title
        self.crumb.setText(tr("{list} /", list=kind.many))
        self.header.title.setText(name)
        self.header.set_mark(tr("unsaved") if dirty else "", "accent")
        self.use.setText(tr(" New profile from it…") if self.is_template else tr(" Apply…"))
        busy = self._saving or self.centre.currentWidget() is self.conflict
        self.save.setEnabled((dirty or profile is None) and not busy)
        for part in (self.use, self.look, self.more):
            part.setEnabled(profile is not None and not busy)
        self.look.setVisible(not self.is_template)
        self.tabs.setTabVisible(DEVICES, profile is not None and not self.is_template)
        self.tabs.setVisible(self.tabs.isTabVisible(DEVICES))
        self.setWindowTitle(("● " if dirty else "") + name)
        when = "" if profile is None else formatting.local_time(profile.updated_at, self._context.clock())
        facts.show_fact(tr("Revision"), "" if profile is None else str(profile.revision))
        facts.show_fact(tr("Saved"), when)

    def _changed(self) -> None:
        self._drafts.later()
        self._show_state()

    def _task_chosen(self) -> None:
        self.side.show_chosen(len(self.editor.list.chosen_keys()))

    # ---- drafts

    def _unsaved(self) -> PlanDraft | None:
        if not self.editor.dirty:
            return None
        version = 0 if self._profile is None else self._profile.version
        now = format_time(int(self._context.clock().timestamp() * 1000))
        return PlanDraft(self.editor.value, self.editor.saved_plan, version, now)

    def _restore(self, draft: PlanDraft) -> None:
        profile = self._profile
        self.editor.show_unsaved(draft.edited)
        when = formatting.local_time(draft.saved_at, self._context.clock())
        if profile is not None and draft.version != profile.version:
            # What it was begun on is what tells one person's changes from the other's.
            self.editor.rebase(draft.base, draft.edited)
            profile.version = draft.version
            self._say_changed_meanwhile()
            return
        self.notice.say(
            tr("Your unsaved changes from {when} are here again.", when=when),
            "accent",
            {
                tr("Throw them away"): self._discard,
                tr("Keep them"): partial(self.notice.say, ""),
            },
        )

    def _discard(self) -> None:
        self.notice.say("")
        self._drafts.drop()
        self.editor.show_saved(self.editor.saved_plan, problems_of(self._profile))
        self._show_state()

    # ---- saving

    def _send(self, version: int | None) -> None:
        client, message = self._context.client, self.history.message.text().strip()
        edited = self.editor.value
        self._saving = True
        self._save_done.clear()
        self._show_state()
        if version is None:
            op = ops.create(client, edited.as_new(is_template=self.is_template))
        else:
            change = edited.as_change(self.editor.saved_plan, message)
            op = ops.update(client, self._profile_id, change, version)
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

    def _saved(self, sent: EditedPlan, profile: ProfileWithTasks) -> None:
        first, self._profile = self._profile is None, profile
        self.editor.saved(sent, EditedPlan.of(profile), problems_of(profile))
        self.notice.say("")
        self.history.message.clear()
        self._drafts.drop()
        if first:
            self._target = self._drafts.key = str(profile.id)
            self._context.navigator.replace(self.key, self._target)
        self.devices.show_profile(profile)
        if self.editor.dirty:
            self._drafts.later()
        self._load_revisions()
        self._context.notices.notice(tr("Saved as revision {n}.", n=profile.revision), "good")

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "stale":
            self._say_changed_meanwhile()
        elif refusal.code == "name_taken":
            self.editor.fields.name.set_error(refusal.detail)
            self.editor.fields.name_box.setFocus()
        else:
            self.notice.say(refusal.detail, "bad")

    # ---- somebody else

    def _take(self, batch: LiveBatch) -> None:
        profile = self._profile
        if profile is None:
            return
        news = batch.changed.get(profile.id)
        if profile.id in batch.removed:
            self.notice.say(
                tr("This was deleted meanwhile. Saving it makes it again under this name."),
                "warning",
                {tr("Make it again"): self._make_again},
            )
        elif news is not None and news["version"] > profile.version and not (self._saving or self._loading):
            self._changed_by_somebody()

    def _changed_by_somebody(self) -> None:
        if self.editor.dirty:
            self._say_changed_meanwhile()
        else:
            self._load()

    def _make_again(self) -> None:
        template = self.is_template
        self._profile = None
        self._target = template_kind().new if template else NEW
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
            load_profile(self._context.client, self._profile_id), on_success=self._show_both, owner=self
        )

    def _show_both(self, theirs: ProfileWithTasks) -> None:
        self._theirs = theirs
        merge = Merge(self.editor.saved_plan, self.editor.value, EditedPlan.of(theirs))
        self.notice.hide()
        self.editor.fields.hide()
        self.devices.tools.hide()
        self.centre.setCurrentWidget(self.conflict)
        self.conflict.show_merge(merge)
        self._show_state()
        self.details_changed.emit()

    def _not_now(self) -> None:
        self._show_part()
        self._say_changed_meanwhile()

    def _resolved(self, plan: EditedPlan) -> None:
        """What is made of both is not saved yet: a person looks at it first, and undo brings back theirs."""
        self._profile = self._theirs
        self.editor.rebase(EditedPlan.of(self._theirs), plan)
        self.tabs.setCurrentIndex(TASKS)
        self._show_part()
        self._load_revisions()
        if self.editor.dirty:
            self.notice.say(tr("This is what you made of both. Save it when it is right."), "accent")
        else:
            self.notice.say("")
            self._drafts.drop()
        self._show_state()

    # ---- revisions

    def _load_revisions(self, cursor: str | None = None) -> None:
        def show(page: AnswerPage[ProfileRevision]) -> None:
            self.history.show_page(page, first=cursor is None)

        self._context.ops.run(
            ops.revisions(self._context.client, self._profile_id, cursor), on_success=show, owner=self
        )

    def _compare(self, revision: ProfileRevision) -> None:
        now = self.editor.value
        found = changes(now.with_tasks(tasks_of(revision)), now, self._context.live.get)
        title = tr("From revision {n} to what is in the editor", n=revision.number)
        self.changes.show_changes(title, found)
        self.editor.fields.hide()
        self.centre.setCurrentWidget(self.changes)

    def _go_back(self, revision: ProfileRevision) -> None:
        """As a change in the editor: it can be undone, and saving makes a new revision of it."""
        self._show_part()
        self.editor.show_unsaved(self.editor.value.with_tasks(tasks_of(revision)))
        if not self.history.message.text():
            self.history.message.setText(tr("Back to revision {n}", n=revision.number))

    # ---- leaving, applying

    async def _ask_to_leave(self) -> bool:
        kind = kind_of(is_template=self.is_template)
        answer = await choose(
            self,
            tr("“{name}” is not saved", name=self.editor.value.name or kind.new_title),
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
            self._profile = None
        return bool(answer)

    async def _saved_now(self) -> bool:
        self.save_now()
        if self._saving:
            await self._save_done.wait()
        return not self.editor.dirty

    def _open_list(self) -> None:
        self._context.navigator.open(kind_of(is_template=self.is_template).page_key)

    def _open_menu(self) -> None:
        menu = self.actions_.more_menu()
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _gone(self) -> None:
        """Deleted here: there is nothing to come back to."""
        list_key = kind_of(is_template=self.is_template).page_key
        self._drafts.drop()
        self._profile, self._target = None, ""
        self.notice.say("")
        self.editor.show_saved(EditedPlan(), {})
        self._context.navigator.open(list_key)

    def _saved_first(self, then: Callable[[], object]) -> None:
        """What is applied is the saved revision, so a changed one is saved before."""
        if not self.editor.dirty:
            then()
            return
        self.notice.say(
            tr("Save first: what is applied is the saved revision."),
            "accent",
            {tr("Save and go on"): partial(self._save_and, then)},
        )

    def _save_and(self, then: Callable[[], object]) -> None:
        self.save_now()
        self._after_save = then if self._saving else None
