"""What the next save shall be called, and what was before."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from backend_lite.contract.common import Page
from backend_lite.contract.plans import ProfileRevision
from console.core import formatting
from console.core.formatting import Clock
from console.core.texts import plural, tr
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Facts, Field

_ROLE = Qt.ItemDataRole.UserRole
_LIST_ROWS = 9
_LONGEST = 500


class HistoryPane(QWidget):
    """`compare_wanted(revision)`, `back_wanted(revision)`, `more_wanted(cursor)`."""

    compare_wanted = Signal(object)
    back_wanted = Signal(object)
    more_wanted = Signal(str)

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._next: str | None = None
        self.revisions: dict[int, ProfileRevision] = {}
        self.message = QLineEdit()
        self.message.setMaxLength(_LONGEST)
        message = Field(
            tr("Message for the next revision"), self.message, tr("Optional: why you changed the tasks.")
        )
        self.facts = Facts()
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Revisions"))
        self.list.setWordWrap(True)
        set_role(self.list, "lines")
        self.list.setMinimumHeight(_LIST_ROWS * 30)
        self.compare = button(tr("Compare"), lambda: self._wish(self.compare_wanted))
        self.back = button(tr("Go back to it"), lambda: self._wish(self.back_wanted))
        self.more = button(tr("Show older"), self._ask_more, "link")
        self._empty = label(tr("The first save makes revision 1."), "muted", wrap=True)
        self._part = QWidget()
        self._part.setLayout(
            column(row(self.compare, self.back, None), self.list, row(self.more, None), gap=8)
        )
        self.setLayout(
            column(
                message, self.facts, label(tr("Revisions"), "header"), self._empty, self._part, None, gap=12
            )
        )
        self.list.itemSelectionChanged.connect(self._enable)
        self.list.itemActivated.connect(lambda _item: self._wish(self.compare_wanted))
        self.clear()

    def clear(self) -> None:
        self.revisions = {}
        self.list.clear()
        self._next = None
        self._show_parts()

    def show_page(self, page: Page[ProfileRevision], *, first: bool) -> None:
        if first:
            self.clear()
        for revision in page.items:
            if revision.number not in self.revisions:
                self.revisions[revision.number] = revision
                self._add(revision)
        self._next = page.next
        self._show_parts()

    def chosen(self) -> ProfileRevision | None:
        items = self.list.selectedItems()
        return self.revisions.get(items[0].data(_ROLE)) if items else None

    def choose(self, number: int) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).data(_ROLE) == number:
                self.list.setCurrentRow(at)

    def _add(self, revision: ProfileRevision) -> None:
        when = formatting.local_time(revision.created_at, self._clock())
        text = tr("{number} · {author}, {when}", number=revision.number, author=revision.author, when=when)
        text += "\n" + plural(len(revision.tasks), "{count} task", "{count} tasks")
        if revision.message:
            text += f" · “{revision.message}”"
        item = QListWidgetItem(text)
        item.setData(_ROLE, revision.number)
        self.list.addItem(item)

    def _wish(self, signal: object) -> None:
        revision = self.chosen()
        if revision is not None:
            signal.emit(revision)  # type: ignore[attr-defined]

    def _ask_more(self) -> None:
        if self._next is not None:
            self.more_wanted.emit(self._next)

    def _enable(self) -> None:
        for part in (self.compare, self.back):
            part.setEnabled(self.chosen() is not None)

    def _show_parts(self) -> None:
        self._empty.setVisible(not self.revisions)
        self._part.setVisible(bool(self.revisions))
        self.more.setVisible(self._next is not None)
        self._enable()
