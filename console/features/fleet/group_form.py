"""What of a group can be edited, and the whole of it as a value."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit

from backend_lite.contract.fleet import DEVICE_FIELDS, Group, GroupCreate, GroupUpdate
from backend_lite.contract.query import MAX_QUERY, Node
from console.core.texts import tr
from console.shell.parts import column, frame, label, row
from console.widgets.form import Field
from console.widgets.query_box import Known, QueryBox
from console.widgets.switch import Switch

NAMED, QUERY = "named", "query"
MAX_NAME, MAX_DESCRIPTION = 200, 4000


class Edited(msgspec.Struct, frozen=True):
    """A group as it is in the editor; without a query its devices are named one by one."""

    name: str = ""
    description: str = ""
    query: str | None = None

    @staticmethod
    def of(group: Group) -> Edited:
        return Edited(group.name, group.description, group.query)

    def as_new(self, devices: list[int]) -> GroupCreate:
        return GroupCreate(self.name, self.description, self.query, devices if self.query is None else [])

    def as_change(self) -> GroupUpdate:
        change = GroupUpdate(name=self.name, description=self.description)
        if self.query is not None:
            change.query = self.query
        return change

    def text(self) -> str:
        """For comparing two of them."""
        lines = [tr("Name: {name}", name=self.name), tr("Description: {text}", text=self.description)]
        if self.query is not None:
            lines.append(tr("Query: {query}", query=self.query))
        return "\n".join(lines)


class GroupFields(QFrame):
    """`changed` follows what a person changes, not what `show_group` sets. The kind of a group can be chosen
    only while it is new."""

    changed = Signal()

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._quiet = False
        self.name_box = QLineEdit()
        self.name_box.setMaxLength(MAX_NAME)
        self.name = Field(tr("Name"), self.name_box)
        self.description = QLineEdit()
        self.description.setMaxLength(MAX_DESCRIPTION)
        self.kind = Switch(
            tr("What it has"), [(NAMED, tr("Named devices")), (QUERY, tr("What a query finds"))]
        )
        self.query_box = QueryBox(DEVICE_FIELDS, known)
        self.query_box.setMaxLength(MAX_QUERY)
        self.query_box.setPlaceholderText(tr("For example  os:windows tag:lab -tag:old"))
        self.query = Field(
            tr("Query"),
            self.query_box,
            tr("Words look into names, systems and tags; field:value compares. Ctrl+Space shows the fields."),
        )
        first = row(self.name, Field(tr("Description"), self.description))
        first.setStretch(0, 2)
        first.setStretch(1, 3)
        self._kind_line = frame("plain-line", row(label(tr("It has"), "header"), self.kind, None))
        inside = frame("tool-bar", column(first, self._kind_line, self.query), (16, 10, 16, 10))
        self.setLayout(column(inside))
        self.name_box.textEdited.connect(self._tell)
        self.description.textEdited.connect(self._tell)
        self.query_box.textChanged.connect(self._tell)
        self.query_box.problem_changed.connect(self.query.set_error)
        self.query_box.left.connect(self._point)
        self.kind.chosen.connect(self._kind_chosen)

    @property
    def node(self) -> Node:
        """The query, as far as it could be understood."""
        return self.query_box.node

    def show_group(self, edited: Edited, *, new: bool) -> None:
        self._quiet = True
        if edited != self.value():
            self.name_box.setText(edited.name)
            self.description.setText(edited.description)
            self.description.setCursorPosition(0)
            self.kind.choose(NAMED if edited.query is None else QUERY)
            self.query_box.setText(edited.query or "")
        self._kind_line.setVisible(new)
        self.query.setVisible(edited.query is not None)
        self.name.set_error("")
        self._quiet = False

    def value(self) -> Edited:
        return Edited(
            self.name_box.text().strip(),
            self.description.text().strip(),
            self.query_box.text().strip() if self.kind.key == QUERY else None,
        )

    def go_to_problem(self) -> str:
        """What has to be mended before it can be saved, said in place; empty when nothing has."""
        if not self.name_box.text().strip():
            self.name.set_error(tr("Give the group a name."))
            self.name_box.setFocus()
            return self.name.error
        if self.kind.key == QUERY and self.query_box.error is not None:
            self.query_box.say_now()
            self._point()
            return self.query_box.error.message
        return ""

    def _point(self) -> None:
        """To what is not understood, or on to the next field."""
        error = self.query_box.error
        if error is not None:
            self.query_box.setFocus()
            self.query_box.setSelection(error.start, max(error.end - error.start, 1))
        else:
            self.query_box.focusNextChild()

    def _kind_chosen(self, key: str) -> None:
        self.query.setVisible(key == QUERY)
        if not self._quiet and key == QUERY:
            self.query_box.setFocus()
        self._tell()

    def _tell(self, _news: object = None) -> None:
        if not self._quiet:
            self.name.set_error("")
            self.changed.emit()
