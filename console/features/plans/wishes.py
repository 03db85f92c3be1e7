"""What a person can wish of profiles and templates, wherever they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.plans import Profile
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.starter_library import Loaded
from console.core.texts import plural, tr
from console.features.plans import ops
from console.features.plans.copy_dialog import CopyDialog, open_copy_dialog
from console.features.plans.kinds import EDITOR, PlanKind
from console.shell.context import Context
from console.shell.notices import Action
from console.widgets.confirm import ConfirmDialog, confirm

Object = dict[str, Any]
_NAMED = 3


class Wishes:
    """`owner` is the page on which it happens."""

    def __init__(self, owner: QWidget, context: Context, kind: PlanKind) -> None:
        self._owner, self._context, self.kind = owner, context, kind

    def use(self, plan: Object) -> None:
        """What a profile, or a template, is there for."""
        if plan["is_template"]:
            self.instantiate(plan)
        else:
            self._context.navigator.ask(RUN_DIALOG, RunRequest(profile_id=plan["id"]))

    def instantiate(self, plan: Object) -> CopyDialog:
        return open_copy_dialog(self._owner, self._context, plan["id"], self._made_profile)

    def save_as_template(self, plan: Object) -> CopyDialog:
        return open_copy_dialog(self._owner, self._context, plan["id"], self._made_template, as_template=True)

    def duplicate(self, plan: Object) -> None:
        self._context.ops.run(
            ops.duplicate(self._context.client, plan["id"]), on_success=self._open, owner=self._owner
        )

    def load_starters(self) -> None:
        def loaded(found: Loaded) -> None:
            self._context.notices.notice(str(found), "warning" if found.problems else "good")

        self._context.ops.run(ops.load_starters(self._context.client), on_success=loaded, owner=self._owner)

    def ask_delete(self, plans: list[Object], then: Callable[[], object] | None = None) -> ConfirmDialog:
        """`then` follows when all of them are gone."""
        names = ", ".join(f"“{plan['name']}”" for plan in plans[:_NAMED])
        names += "…" if len(plans) > _NAMED else ""
        ids = [plan["id"] for plan in plans]
        if self.kind.new == "new":
            title = plural(len(ids), "Delete this profile?", "Delete {count} profiles?")
            text = tr("{names} goes with all its revisions. Devices keep what was done there.", names=names)
        else:
            title = plural(len(ids), "Delete this template?", "Delete {count} templates?")
            text = tr("{names} goes with all its revisions. Profiles made from it stay.", names=names)
        return confirm(self._owner, title, text, tr("Delete"), lambda: self._delete(ids, then))

    def _delete(self, ids: list[int], then: Callable[[], object] | None) -> None:
        def done(removed: ops.Removed) -> None:
            for sentence in removed.refused:
                self._context.notices.notice(sentence, "bad")
            if removed.count:
                text = plural(removed.count, "{count} was deleted.", "{count} were deleted.")
                self._context.notices.notice(text)
            if then is not None and not removed.refused:
                then()

        self._context.ops.run(ops.delete(self._context.client, ids), on_success=done, owner=self._owner)

    def _made_profile(self, made: Profile) -> None:
        self._open(made)

    def _made_template(self, made: Profile) -> None:
        open_it = Action(tr("Open"), lambda: self._open(made))
        self._context.notices.notice(tr("The template “{name}” was made.", name=made.name), "good", open_it)

    def _open(self, made: Profile) -> None:
        self._context.navigator.open(EDITOR, str(made.id))
