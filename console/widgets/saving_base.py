"""What pages have in common on which a person changes one object and saves it, while somebody else may be at
the same one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.ops import Op
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import PageHeader
from console.widgets.form_base import FormPage

NEW = "new"


class Saved(Protocol):
    """What the service keeps, as it answers."""

    id: int
    version: int


T = TypeVar("T", bound=Saved)
E = TypeVar("E")


class SavingPage(FormPage, Generic[T, E]):
    """Shows one `T` at a time, or a new one; `E` is the value that a person edits. Whoever inherits makes
    `header`, and hands the news of the live store to `_take`."""

    header: PageHeader

    def __init__(self, context: Context, writes: Need) -> None:
        super().__init__(context, writes)
        self._object: T | None = None
        self._target = NEW
        self._loading = False
        self._after_save: Callable[[], object] | None = None

    # ---- what differs

    @property
    def value(self) -> E:
        raise NotImplementedError

    @property
    def name(self) -> str:
        """As it is in the editor; of a new one what its kind is called."""
        raise NotImplementedError

    @property
    def new_target(self) -> str:
        return NEW

    def _load_op(self) -> Op[T]:
        raise NotImplementedError

    def _save_op(self, edited: E, version: int | None) -> Op[T]:
        """Makes a new one where there is no version."""
        raise NotImplementedError

    def _begin(self, found: T | None) -> None:
        raise NotImplementedError

    def _not_loaded(self, refusal: ApiError) -> None:
        raise NotImplementedError

    def _saved_as(self, sent: E, found: T) -> None:
        """`sent` is saved, and the service made `found` of it; what was changed meanwhile stays unsaved."""
        raise NotImplementedError

    def _show_refusal(self, refusal: ApiError) -> bool:
        """In words of this page, such as at the field that it is about; False where there are none."""
        raise NotImplementedError

    def _two_versions(self) -> dict[str, Callable[[], object]]:
        """What can be done when somebody else changed it, by the titles of the buttons."""
        raise NotImplementedError

    # ---- showing

    @property
    def object_id(self) -> int:
        """0 of a new one."""
        return int(self._target) if self._target.isdigit() else 0

    def _show_title(self, name: str) -> None:
        self.header.title.setText(name)
        self.header.set_mark(tr("unsaved") if self.dirty else "", "accent")
        self.setWindowTitle(("● " if self.dirty else "") + name)

    def _load(self) -> None:
        self._loading = True
        self._context.ops.run(
            self._load_op(),
            on_success=self._loaded,
            on_error=self._not_loaded,
            on_done=self._load_ended,
            owner=self,
        )

    def _load_ended(self) -> None:
        self._loading = False

    def _loaded(self, found: T) -> None:
        if found.id == self.object_id:
            self._begin(found)

    # ---- saving

    def _send(self, version: int | None) -> None:
        """Another one may be shown when the answer comes."""
        edited, target, is_new, name = self.value, self._target, self._object is None, self.name

        def saved(found: T) -> None:
            if self._is_at(target, new=is_new):
                self._saved_as(edited, found)
            else:
                self._saved_elsewhere(target, edited)
                self._context.notices.notice(tr("“{name}” is saved.", name=name), "good")

        def refused(refusal: ApiError) -> None:
            if self._is_at(target, new=is_new):
                self._refused(refusal)
            else:
                said = tr("“{name}” is not saved: {why}", name=name, why=refusal.detail)
                self._context.notices.notice(said, "bad")

        self._run_save(self._save_op(edited, version), saved, refused)

    def _is_at(self, target: str, *, new: bool) -> bool:
        return self._target == target and (self._object is None) is new

    def _saved_elsewhere(self, target: str, sent: E) -> None:
        """`sent` is what `target` is now, which is not shown any more."""

    def _save_ended(self) -> None:
        super()._save_ended()
        then, self._after_save = self._after_save, None
        if then is not None and not self.dirty:
            then()

    def _saved_first(self, why: str, then: Callable[[], object]) -> None:
        """At once while nothing is unsaved; else `why` is said, and it follows the save."""
        if self.dirty:
            self.notice.say(why, "accent", {tr("Save and go on"): partial(self._save_and, then)})
        else:
            then()

    def _save_and(self, then: Callable[[], object]) -> None:
        self.save_now()
        self._after_save = then if self._saving else None

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "stale":
            self._say_changed_meanwhile()
        elif not self._show_refusal(refusal):
            self.notice.refused(refusal)

    # ---- somebody else

    def _take(self, batch: LiveBatch) -> None:
        shown = self._object
        if shown is None:
            return
        news = batch.changed.get(shown.id)
        if shown.id in batch.removed:
            self._say_deleted()
        elif news is not None and news["version"] > shown.version and not (self._saving or self._loading):
            self._changed_by_somebody(news)

    def _changed_by_somebody(self, news: dict[str, Any]) -> None:
        if self.dirty:
            self._say_changed_meanwhile()
        else:
            self._follow(news)

    def _follow(self, _news: dict[str, Any]) -> None:
        """Shows it as somebody else left it."""
        self._load()

    def _say_deleted(self) -> None:
        self.notice.say(
            tr("This was deleted meanwhile. Saving it makes it again under this name."),
            "warning",
            {tr("Make it again"): self._make_again},
        )

    def _make_again(self) -> None:
        self._target = self.new_target
        self._object = None
        self._send(None)

    def _say_changed_meanwhile(self) -> None:
        self.notice.say(
            tr("Somebody else changed this meanwhile. Nothing of yours is lost."),
            "warning",
            self._two_versions(),
        )

    def _with_theirs(self, then: Callable[[T], None]) -> None:
        """Always asks the service: the live stream may be behind. Pressed once more it is asked once."""
        if self._loading or self._saving:
            return
        target = self._target

        def found(theirs: T) -> None:
            if self._is_at(target, new=False):
                then(theirs)

        self._loading = True
        self._context.ops.run(self._load_op(), on_success=found, on_done=self._load_ended, owner=self)
