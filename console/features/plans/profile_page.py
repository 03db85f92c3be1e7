"""The page of one profile or template."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QTabBar, QWidget

from backend_lite.contract.plans import ProfileRevision, ProfileWithTasks
from console.core.drafts import Draft, Drafts
from console.core.errors import ApiError
from console.core.ops import Op
from console.core.plan_changes import Merge, changes
from console.core.plan_ops import load_profile
from console.core.plan_tasks import EditedPlan, problems_of, same, tasks_of
from console.core.texts import tr
from console.features.plans import ops
from console.features.plans.changes_view import ChangesView
from console.features.plans.compliance_view import ComplianceView
from console.features.plans.history_pane import HistoryPane
from console.features.plans.kinds import EDITOR, WRITES, kind_of, profile_kind, template_kind
from console.features.plans.plan_editor import PlanEditor
from console.features.plans.plan_side import TASK, PlanSide
from console.features.plans.profile_actions import ProfileActions
from console.shell.context import Context
from console.shell.parts import PageHeader, button, column, icon_button
from console.widgets.conflict_base import ConflictPage
from console.widgets.empty_state import EmptyState

TASKS, DEVICES = 0, 1


class ProfilePage(ConflictPage[ProfileWithTasks, EditedPlan]):
    """Shows one at a time, or a new one."""

    key = EDITOR

    def __init__(self, context: Context, drafts: Drafts[Draft[EditedPlan]]) -> None:
        needs = context.rights.need
        writes = needs(*WRITES)
        super().__init__(context, writes, drafts)
        self.actions_ = ProfileActions(self, context, lambda: self._object, self._apply_saved, self._gone)
        self.crumb = button("", self._open_list, "link")
        self.look = button(tr("Preview…"), self.actions_.look, need=needs("rollouts:run"))
        self.look.setToolTip(tr("What would run where; nothing is started"))
        uses = needs("rollouts:run", "profiles:create")
        self.use = button(tr("Apply…"), self.actions_.use, icon="run", need=uses)
        self.more = icon_button("more", tr("More"), self._open_menu)
        self.header = PageHeader("", self.more, self.look, self.use, self.save, crumb=self.crumb)
        self.tabs = _tabs()
        self.editor = PlanEditor(context)
        self.changes = ChangesView()
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
        for part in (self.editor, self.devices, self.changes, self.conflict, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.header, self.editor.fields, self.notice, self.centre, gap=0))
        self.history = HistoryPane(context.clock, writes)
        self.side = PlanSide(self.editor.form, self.history)
        self.destroyed.connect(self.side.deleteLater)
        self._connect()

    # ---- what the frame asks

    def show_target(self, target: str | None) -> None:
        if target == self._target and self._object is not None:
            self._show_part()
            return
        self._turn_to(target)
        self.history.clear()
        self.history.message.clear()
        self.tabs.setCurrentIndex(TASKS)
        self.side.open(TASK)
        if self.object_id:
            self.editor.show_saved(EditedPlan(), {})
            self._load()
        else:
            self._begin(None)

    def subjects(self) -> tuple[int, ...]:
        shown = self.centre.currentWidget() is self.devices
        return tuple(self.devices.table.selected_ids()) if shown else ()

    def details(self) -> QWidget | None:
        shown = self.centre.currentWidget()
        return None if shown in (self.devices, self.missing, self.conflict) else self.side

    def save_now(self) -> None:
        if not self.save.isEnabled():
            return
        if wrong := self.editor.wrong():
            self.tabs.setCurrentIndex(TASKS)
            self.side.open(TASK)
            self.notice.say(wrong, "bad")
            return
        self._send(None if self._object is None else self._object.version)

    # ---- the value

    @property
    def dirty(self) -> bool:
        return self.editor.dirty

    @property
    def value(self) -> EditedPlan:
        return self.editor.value

    @property
    def name(self) -> str:
        return self.value.name or kind_of(is_template=self.is_template).new_title

    @property
    def is_template(self) -> bool:
        if self._object is not None:
            return self._object.is_template
        return self._target == template_kind().new

    @property
    def new_target(self) -> str:
        return kind_of(is_template=self.is_template).new

    # ---- how it is read and written

    def _load_op(self) -> Op[ProfileWithTasks]:
        return load_profile(self._context.client, self.object_id)

    def _save_op(self, edited: EditedPlan, version: int | None) -> Op[ProfileWithTasks]:
        client, message = self._context.client, self.history.message.text().strip()
        if version is None:
            return ops.create(client, edited.as_new(is_template=self.is_template))
        change = edited.as_change(self.editor.saved_plan, message)
        return ops.update(client, self.object_id, change, version)

    def _edited_of(self, found: ProfileWithTasks) -> EditedPlan:
        return EditedPlan.of(found)

    def _merge(self, theirs: EditedPlan) -> Merge:
        return Merge(self.editor.saved_plan, self.value, theirs)

    # ---- showing

    def _connect(self) -> None:
        live = self._context.live
        self.editor.changed.connect(self._changed)
        self.editor.task_chosen.connect(self._task_chosen)
        self.editor.form.destroyed.connect(self.side.deleteLater)
        self.tabs.currentChanged.connect(lambda _at: self._show_part())
        self.changes.closed.connect(self._show_part)
        self.history.compare_wanted.connect(self._compare)
        self.history.back_wanted.connect(self._go_back)
        self.history.more_wanted.connect(self._load_revisions)
        self.devices.apply_wanted.connect(self.actions_.apply_to)
        for kind in (profile_kind(), template_kind()):
            self.destroyed.connect(live.subscribe(kind.live, self._take))
        self.editor.serve_undo(self)

    def _not_loaded(self, _refusal: ApiError) -> None:
        self.header.title.setText(tr("Profile"))
        self.header.set_mark("")
        self.editor.fields.hide()
        self.centre.setCurrentWidget(self.missing)
        self.details_changed.emit()

    def _loaded(self, found: ProfileWithTasks) -> None:
        super()._loaded(found)
        if self._object is found:
            self._load_revisions()

    def _show_saved(self, found: ProfileWithTasks | None) -> None:
        self.editor.show_saved(EditedPlan() if found is None else EditedPlan.of(found), problems_of(found))
        self.devices.show_profile(found)

    def _begun(self, *, new: bool) -> None:
        self._show_part()
        (self.editor.fields.name_box if new else self.editor.list).setFocus()

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
        profile, busy = self._object, self._is_busy
        self._show_title(self.name)
        self.crumb.setText(tr("{list} /", list=kind_of(is_template=self.is_template).many))
        self.use.setText(tr(" New profile from it…") if self.is_template else tr(" Apply…"))
        self.save.setEnabled((self.dirty or profile is None) and not busy)
        for part in (self.use, self.look, self.more):
            part.setEnabled(profile is not None and not busy)
        self.look.setVisible(not self.is_template)
        self.tabs.setTabVisible(DEVICES, profile is not None and not self.is_template)
        self.tabs.setVisible(self.tabs.isTabVisible(DEVICES))
        self.history.show_saved(profile)

    def _changed(self) -> None:
        self._drafts.later()
        self._show_state()

    def _task_chosen(self) -> None:
        self.side.show_chosen(len(self.editor.list.chosen_keys()))

    # ---- drafts

    @property
    def _base(self) -> EditedPlan:
        return self.editor.saved_plan

    def _is_saved(self, draft: Draft[EditedPlan], saved: EditedPlan) -> bool:
        return same(draft.edited, saved)

    def _show_unsaved(self, edited: EditedPlan) -> None:
        self.editor.show_unsaved(edited)

    def _rebase(self, base: EditedPlan, edited: EditedPlan) -> None:
        self.editor.rebase(base, edited)

    def _throw_away(self) -> None:
        self.editor.show_saved(self._base, problems_of(self._object))

    # ---- saving

    def _take_over(self, sent: EditedPlan, found: ProfileWithTasks) -> None:
        self.editor.saved(sent, EditedPlan.of(found), problems_of(found))
        self.history.message.clear()

    def _was_saved(self, found: ProfileWithTasks) -> None:
        self.devices.show_profile(found)
        self._load_revisions()
        self._context.notices.notice(tr("Saved as revision {n}.", n=found.revision), "good")

    def _show_refusal(self, refusal: ApiError) -> bool:
        if refusal.code != "name_taken":
            return False
        self.editor.fields.name.set_error(refusal.detail)
        self.editor.fields.name_box.setFocus()
        return True

    # ---- somebody else

    def _show_both(self, theirs: ProfileWithTasks) -> None:
        super()._show_both(theirs)
        self.editor.fields.hide()
        self.devices.tools.hide()
        self.details_changed.emit()

    def _resolved(self, edited: EditedPlan) -> None:
        self.tabs.setCurrentIndex(TASKS)
        super()._resolved(edited)
        self._load_revisions()

    # ---- revisions

    def _load_revisions(self, cursor: str | None = None) -> None:
        self._context.ops.run(
            ops.revisions(self._context.client, self.object_id, cursor),
            on_success=partial(self.history.show_page, first=cursor is None),
            owner=self,
        )

    def _compare(self, revision: ProfileRevision) -> None:
        now = self.value
        found = changes(now.with_tasks(tasks_of(revision)), now, self._context.live.get)
        title = tr("From revision {n} to what is in the editor", n=revision.number)
        self.changes.show_changes(title, found)
        self.editor.fields.hide()
        self.centre.setCurrentWidget(self.changes)

    def _go_back(self, revision: ProfileRevision) -> None:
        """As a change in the editor: it can be undone, and saving makes a new revision of it."""
        self._show_part()
        self.editor.show_unsaved(self.value.with_tasks(tasks_of(revision)))
        self.history.propose_return(revision.number)

    # ---- leaving, applying

    def _open_list(self) -> None:
        self._context.navigator.open(kind_of(is_template=self.is_template).page_key)

    def _open_menu(self) -> None:
        menu = self.actions_.more_menu()
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _gone(self) -> None:
        """Deleted here: there is nothing to come back to."""
        list_key = kind_of(is_template=self.is_template).page_key
        self._drafts.drop()
        self._object, self._target = None, ""
        self.notice.say("")
        self.editor.show_saved(EditedPlan(), {})
        self._context.navigator.open(list_key)

    def _apply_saved(self, then: Callable[[], object]) -> None:
        self._saved_first(tr("Save first: what is applied is the saved revision."), then)


def _tabs() -> QTabBar:
    tabs = QTabBar()
    tabs.setAccessibleName(tr("Tasks or devices"))
    tabs.setDrawBase(False)
    tabs.setExpanding(False)
    for title in (tr("Tasks"), tr("Devices")):
        tabs.addTab(title)
    return tabs


def drafts_of(context: Context) -> Drafts[Draft[EditedPlan]]:
    return context.drafts("profiles", Draft[EditedPlan])
