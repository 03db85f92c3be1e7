"""What pages have in common whose unsaved changes are kept as drafts."""

from __future__ import annotations

from functools import partial

from backend_lite.contract.common import format_time
from console.core import formatting
from console.core.drafts import Draft, Drafts
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.context import Context
from console.widgets.confirm import choose
from console.widgets.draft_keeper import DraftKeeper
from console.widgets.saving_base import NEW, E, SavingPage, T


class DraftPage(SavingPage[T, E]):
    """Unsaved changes are kept as a draft until they are saved or thrown away by a person."""

    def __init__(self, context: Context, writes: Need, drafts: Drafts[Draft[E]]) -> None:
        super().__init__(context, writes)
        self._left = False
        self._drafts = DraftKeeper(self, drafts, self._unsaved, context.notices)

    # ---- what differs

    @property
    def _base(self) -> E:
        """What the changes in the editor began with."""
        raise NotImplementedError

    def _show_saved(self, found: T | None) -> None:
        """As it is on the service, or the beginning of a new one: undo begins here."""
        raise NotImplementedError

    def _show_unsaved(self, edited: E) -> None:
        """Over what is saved, as a change that can be undone."""
        raise NotImplementedError

    def _rebase(self, base: E, edited: E) -> None:
        """The changes are to `base` from now on, and together they make `edited`."""
        raise NotImplementedError

    def _is_saved(self, draft: Draft[E], saved: E) -> bool:
        """Whether there is nothing in it that is not in `saved`."""
        return draft.edited == saved

    def _throw_away(self) -> None:
        """Shows what was saved, without the changes."""
        raise NotImplementedError

    def _begun(self, *, new: bool) -> None:
        """It is shown now, with its draft."""

    def _take_over(self, sent: E, found: T) -> None:
        """The editor takes what is saved as its beginning; what was changed meanwhile stays unsaved."""
        raise NotImplementedError

    def _was_saved(self, found: T) -> None:
        """Says so."""
        raise NotImplementedError

    # ---- showing

    def put_away(self) -> None:
        if self.dirty and not self._left:
            self._drafts.keep()

    def _turn_to(self, target: str | None) -> None:
        """Another one: what is unsaved of this one is kept."""
        self.put_away()
        self._left = False
        self._after_save = None
        self._target = self._drafts.key = target or NEW
        self._object = None
        self.notice.say("")

    def _begin(self, found: T | None) -> None:
        """Shows what is saved, and over it the draft if there is one."""
        self._object = found
        self._show_saved(found)
        draft = self._drafts.load()
        if draft is None or self._is_saved(draft, self._base):
            self._drafts.drop()
        else:
            self._restore(draft)
        self._begun(new=found is None)
        self._show_state()
        self.title_changed.emit()

    # ---- drafts

    def _unsaved(self) -> Draft[E] | None:
        if not self.dirty:
            return None
        version = 0 if self._object is None else self._object.version
        now = format_time(int(self._context.clock().timestamp() * 1000))
        return Draft(self.value, self._base, version, now)

    def _restore(self, draft: Draft[E]) -> None:
        if self._object is not None and draft.version != self._object.version:
            # What it was begun on is what tells one person's changes from the other's.
            self._rebase(draft.base, draft.edited)
            self._object.version = draft.version
            self._say_changed_meanwhile()
            return
        self._show_unsaved(draft.edited)
        when = formatting.local_time(draft.saved_at, self._context.clock())
        self.notice.say(
            tr("Your unsaved changes from {when} are here again.", when=when),
            "accent",
            {tr("Throw them away"): self._discard, tr("Keep them"): partial(self.notice.say, "")},
        )

    def _discard(self) -> None:
        self.notice.say("")
        self._throw_away()
        self._drafts.drop()
        self._show_state()

    def _saved_as(self, sent: E, found: T) -> None:
        first, self._object = self._object is None, found
        self._take_over(sent, found)
        self.notice.say("")
        self._drafts.drop()
        if first:
            self._target = self._drafts.key = str(found.id)
            self._context.navigator.replace(self.key, self._target)
        if self.dirty:
            self._drafts.later()
        self._was_saved(found)

    def _is_at(self, target: str, *, new: bool) -> bool:
        return not self._left and super()._is_at(target, new=new)

    def _saved_elsewhere(self, target: str, sent: E) -> None:
        self._drafts.drop_of(target, lambda draft: self._is_saved(draft, sent))

    # ---- leaving

    async def _ask_to_leave(self) -> bool:
        answer = await choose(
            self,
            tr("“{name}” is not saved", name=self.name),
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
            # Shown again, it begins with what is saved then, and with the draft as it is kept now.
            self._object, self._left = None, True
        return bool(answer)
