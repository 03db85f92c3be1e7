"""Tags of one or many devices: a box for each tag, half ticked where only some have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from console.core.texts import plural, tr
from console.features.fleet.tag_words import counted, parted
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Field

_SIZE = (380, 460)
_TAG, _BEFORE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_SOME, _ALL, _NONE = Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked, Qt.CheckState.Unchecked


class TagDialog(QDialog):
    """`chosen(add, remove)`: lists of tags, of which at least one is not empty.

    `now` has the tags of each device, `known` those that there are anywhere, with how many have them.
    """

    chosen = Signal(list, list)

    def __init__(self, parent: QWidget, now: Sequence[Sequence[str]], known: Mapping[str, int]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = plural(len(now), "Tags of the device", "Tags of {count} devices")
        self.setWindowTitle(title)
        self.resize(*_SIZE)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Tags"))
        set_role(self.list, "lines")
        self.box = QLineEdit()
        self.box.setPlaceholderText(tr("New tags, with commas between them"))
        self.go = button(tr("Change"), self._go, "primary")
        lines = column(
            label(title, "title", wrap=True),
            self.list,
            Field(tr("Put on"), self.box),
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setStretch(1, 1)
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._fill(now, known)
        self.list.itemChanged.connect(self._say)
        self.box.textChanged.connect(self._say)
        self.go.setDefault(True)
        self.box.setFocus()
        self._say()

    def tick(self, tag: str, *, on: bool) -> None:
        for item in self._items():
            if item.data(_TAG) == tag:
                item.setCheckState(_ALL if on else _NONE)

    def states(self) -> dict[str, Qt.CheckState]:
        return {item.data(_TAG): item.checkState() for item in self._items()}

    def wanted(self) -> tuple[list[str], list[str]]:
        """Tags to put on and to take off."""
        changed = [item for item in self._items() if item.checkState().value != item.data(_BEFORE)]
        add = [item.data(_TAG) for item in changed if item.checkState() is _ALL]
        remove = [item.data(_TAG) for item in changed if item.checkState() is _NONE]
        new = parted(self.box.text())
        return list(dict.fromkeys([*add, *new])), [tag for tag in remove if tag not in new]

    def _fill(self, now: Sequence[Sequence[str]], known: Mapping[str, int]) -> None:
        own = counted(now)
        for tag in [*own, *(tag for tag in known if tag not in own)]:
            state = _ALL if own.get(tag) == len(now) else _SOME if tag in own else _NONE
            item = QListWidgetItem(tag, self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setData(_TAG, tag)
            item.setData(_BEFORE, state.value)
            item.setCheckState(state)
            if state is _SOME:
                item.setText(tr("{tag}  · {some} of {all}", tag=tag, some=own[tag], all=len(now)))
        self.list.setVisible(self.list.count() > 0)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(at) for at in range(self.list.count())]

    def _say(self, _news: object = None) -> None:
        self.go.setEnabled(any(self.wanted()))

    def _go(self) -> None:
        add, remove = self.wanted()
        self.accept()
        self.chosen.emit(add, remove)
