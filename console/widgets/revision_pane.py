"""What the next save shall be called, and what was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QPushButton, QWidget

from backend_lite.contract.common import Page
from console.core import formatting
from console.core.formatting import Clock
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.needing import follow
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Facts, Field

_ROLE = Qt.ItemDataRole.UserRole
_LIST_ROWS = 9
_LONGEST = 500


class Revised(Protocol):
    """Something that is kept in revisions, as the service answers."""

    revision: int
    updated_at: str


class RevisionPane(QWidget):
    """`compare_wanted(revision)`, `back_wanted(revision)`, `more_wanted(cursor)`.

    `writes` is what a new revision takes. `first` stand before the other buttons; `about(revision)` is what
    its line says besides its message.
    """

    compare_wanted = Signal(object)
    back_wanted = Signal(object)
    more_wanted = Signal(str)

    def __init__(
        self,
        clock: Clock,
        writes: Need,
        hint: str,
        *first: QPushButton,
        about: Callable[[Any], str] = lambda _: "",
    ) -> None:
        super().__init__()
        self._clock, self._about = clock, about
        self._next: str | None = None
        self.revisions: dict[int, Any] = {}
        self.message = QLineEdit()
        self.message.setMaxLength(_LONGEST)
        follow(self, writes, self.message.setEnabled)
        message = Field(tr("Message for the next revision"), self.message, hint)
        self.facts = Facts()
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Revisions"))
        self.list.setWordWrap(True)
        set_role(self.list, "lines")
        self.list.setMinimumHeight(_LIST_ROWS * 30)
        self.compare = button(tr("Compare"), lambda: self.wish(self.compare_wanted))
        self.back = button(tr("Go back to it"), lambda: self.wish(self.back_wanted), need=writes)
        self._for_one = (*first, self.compare, self.back)
        self.more = button(tr("Show older"), self._ask_more, "link")
        self._empty = label(tr("The first save makes revision 1."), "muted", wrap=True)
        self._part = QWidget()
        self._part.setLayout(column(row(*self._for_one, None), self.list, row(self.more, None), gap=8))
        header = label(tr("Revisions"), "header")
        self.setLayout(column(message, self.facts, header, self._empty, self._part, None, gap=12))
        self.list.itemSelectionChanged.connect(self._enable)
        self.list.itemActivated.connect(lambda _item: self.wish(self.compare_wanted))
        self.clear()

    def clear(self) -> None:
        self.revisions = {}
        self.list.clear()
        self._next = None
        self._show_parts()

    def show_saved(self, found: Revised | None) -> None:
        """Which revision is the present one; None while there is none."""
        when = "" if found is None else formatting.local_time(found.updated_at, self._clock())
        self.facts.show_fact(tr("Revision"), "" if found is None else str(found.revision))
        self.facts.show_fact(tr("Saved"), when)

    def propose_return(self, number: int) -> None:
        """What the next revision may be called when it goes back to that one."""
        if not self.message.text():
            self.message.setText(tr("Back to revision {n}", n=number))

    def show_page(self, page: Page[Any], *, first: bool) -> None:
        if first:
            self.clear()
        for revision in page.items:
            if revision.number not in self.revisions:
                self.revisions[revision.number] = revision
                self._add(revision)
        self._next = page.next
        self._show_parts()

    def chosen(self) -> Any | None:
        items = self.list.selectedItems()
        return self.revisions.get(items[0].data(_ROLE)) if items else None

    def choose(self, number: int) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).data(_ROLE) == number:
                self.list.setCurrentRow(at)

    def wish(self, signal: Any) -> None:
        """Emits it with the chosen revision, if there is one."""
        revision = self.chosen()
        if revision is not None:
            signal.emit(revision)

    def _add(self, revision: Any) -> None:
        when = formatting.local_time(revision.created_at, self._clock())
        text = tr("{number} · {author}, {when}", number=revision.number, author=revision.author, when=when)
        details = [self._about(revision), f"“{revision.message}”" if revision.message else ""]
        item = QListWidgetItem("\n".join(filter(None, [text, " · ".join(filter(None, details))])))
        item.setData(_ROLE, revision.number)
        self.list.addItem(item)

    def _ask_more(self) -> None:
        if self._next is not None:
            self.more_wanted.emit(self._next)

    def _enable(self) -> None:
        for part in self._for_one:
            part.setEnabled(self.chosen() is not None)

    def _show_parts(self) -> None:
        self._empty.setVisible(not self.revisions)
        self._part.setVisible(bool(self.revisions))
        self.more.setVisible(self._next is not None)
        self._enable()
