"""Where the rights of a role hold: everywhere, or on the devices of groups only."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from backend_lite.contract.live import GROUP
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.accounts.words import limit_sentence, named_groups
from console.shell.context import Context
from console.shell.parts import column, label, row
from console.shell.theme import theme
from console.widgets.tick_list import TickList

_LINES = 2


class Where(QWidget):
    """`changed` follows what a person chooses."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._own: list[int] = []
        self._read_only = False
        self.everywhere = QRadioButton(tr("Everywhere"))
        self.limited = QRadioButton(tr("Only on devices of these groups"))
        self.groups = TickList(tr("Groups in whose devices it holds"))
        self.groups.setMaximumHeight(_LINES * theme().row_height + 2)
        self.groups.setToolTip(
            tr("Who changes the devices of such a group changes rights: that needs the right to edit roles.")
        )
        self.note = label("", "secondary", wrap=True)
        choice = QButtonGroup(self)
        for one in (self.everywhere, self.limited):
            choice.addButton(one)
            one.toggled.connect(self._refresh)
        choices = column(self.everywhere, self.limited, None, gap=4)
        both = row(choices, self.groups, gap=12)
        both.setStretch(1, 1)
        self.setLayout(column(label(tr("Where"), "header"), both, self.note, gap=4))
        self.groups.ticks_changed.connect(self.changed)
        self.destroyed.connect(context.live.subscribe(GROUP, self._take))
        self.show_groups(())

    def show_groups(self, group_ids: Iterable[int]) -> None:
        """These; none is everywhere."""
        self._own = list(group_ids)
        self._show_names()
        self.groups.tick(self._own)
        (self.limited if self._own else self.everywhere).setChecked(True)
        self._refresh()

    def chosen(self) -> list[int]:
        """None is everywhere."""
        return self.groups.ticked() if self.limited.isChecked() else []

    @property
    def problem(self) -> str:
        """What is still to be said, in a sentence."""
        if self.everywhere.isChecked() or self.groups.ticked():
            return ""
        return tr("Tick the groups on whose devices the role holds, or let it hold everywhere.")

    def set_read_only(self, read_only: bool) -> None:
        self._read_only = read_only
        self._refresh()

    # ---- inside

    def _take(self, _batch: LiveBatch) -> None:
        self._show_names()
        self._refresh()

    def _show_names(self) -> None:
        # Also those that this person does not see: to drop them would let the role hold in more places.
        known = named_groups(self._context.live)
        unseen = {one: tr("Group {id}", id=one) for one in self._own if one not in known}
        self.groups.show_names(known | unseen)

    def _refresh(self) -> None:
        limited, any_group = self.limited.isChecked(), self.groups.count() > 0
        self.everywhere.setEnabled(not self._read_only)
        self.limited.setEnabled(not self._read_only and any_group)
        self.groups.setEnabled(not self._read_only and limited)
        self.groups.setVisible(any_group)
        self.note.setText(self._words(limited, any_group))
        self.changed.emit()

    def _words(self, limited: bool, any_group: bool) -> str:
        if limited:
            return limit_sentence()
        if not any_group and not self._read_only:
            return tr("There is no group with named devices to which the role could be limited.")
        return tr("It holds on every device there is and will be.")
