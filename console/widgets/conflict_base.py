"""What pages have in common on which two people's changes are looked at side by side."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QStackedWidget

from console.core.differences import Merging
from console.core.drafts import Draft, Drafts
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.context import Context
from console.widgets.conflict_view import ConflictView
from console.widgets.draft_base import DraftPage
from console.widgets.saving_base import E, T


class ConflictPage(DraftPage[T, E]):
    """Whoever inherits puts `conflict` into `centre`, beside what it covers."""

    _theirs: T

    def __init__(self, context: Context, writes: Need, drafts: Drafts[Draft[E]]) -> None:
        super().__init__(context, writes, drafts)
        self.conflict = ConflictView(context.live.get)
        self.conflict.closed.connect(self._not_now)
        self.conflict.resolved.connect(self._resolved)
        self.centre = QStackedWidget()

    # ---- what differs

    def _edited_of(self, found: T) -> E:
        raise NotImplementedError

    def _merge(self, theirs: E) -> Merging[E]:
        raise NotImplementedError

    def _show_part(self) -> None:
        """What the conflict covers."""
        raise NotImplementedError

    # ---- both

    @property
    def _is_busy(self) -> bool:
        """Nothing can be done with it now."""
        return self._saving or self.centre.currentWidget() is self.conflict

    def _two_versions(self) -> dict[str, Callable[[], object]]:
        return {tr("Look at both…"): lambda: self._with_theirs(self._show_both)}

    def _show_both(self, theirs: T) -> None:
        self._theirs = theirs
        self.notice.hide()
        self.centre.setCurrentWidget(self.conflict)
        self.conflict.show_merge(self._merge(self._edited_of(theirs)))
        self._show_state()

    def _not_now(self) -> None:
        self._show_part()
        self._say_changed_meanwhile()
        self._show_state()

    def _resolved(self, edited: E) -> None:
        """What is made of both is not saved yet: a person looks at it first, and undo brings back theirs."""
        self._object = self._theirs
        self._rebase(self._edited_of(self._theirs), edited)
        self._show_part()
        if self.dirty:
            self.notice.say(tr("This is what you made of both. Save it when it is right."), "accent")
            self._drafts.later()
        else:
            self.notice.say("")
            self._drafts.drop()
        self._show_state()
