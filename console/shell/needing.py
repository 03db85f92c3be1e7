"""Actions that need a right: without it they are disabled, and their tooltip says which one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QShortcut
from PySide6.QtWidgets import QMenu, QPushButton

from console.core.own_rights import Need

Gated = TypeVar("Gated", QAction, QShortcut)


def follow(owner: QObject, need: Need, show: Callable[[bool], None]) -> None:
    """Calls `show` now, and whenever rights change while `owner` lives: whether the need is met."""

    def tell() -> None:
        show(need.is_met)

    owner.destroyed.connect(need.rights.subscribe(tell))
    tell()


class NeedingButton(QPushButton):
    """Whatever its page says, it is enabled with the right only; the page's own tooltip comes back with
    it."""

    def __init__(self, text: str, need: Need) -> None:
        super().__init__(text)
        self._need = need
        self._wanted = True
        self._hint = ""
        follow(self, need, lambda _met: self._show())

    def setEnabled(self, enabled: bool) -> None:
        self._wanted = enabled
        super().setEnabled(enabled and self._need.is_met)

    def setToolTip(self, text: str) -> None:
        self._hint = text
        self._show()

    def _show(self) -> None:
        reason = self._need.reason
        super().setToolTip(reason or self._hint)
        self.setAccessibleDescription(reason)
        super().setEnabled(self._wanted and not reason)


def gate(action: Gated, need: Need) -> Gated:
    """Disables an entry of a menu or a key without its right. To be called after the entry's own
    `setEnabled`."""
    wanted, hint = action.isEnabled(), action.toolTip() if isinstance(action, QAction) else ""

    def show(met: bool) -> None:
        action.setEnabled(wanted and met)
        if isinstance(action, QAction):
            action.setToolTip(need.reason or hint)

    menu = action.parent()
    if isinstance(menu, QMenu):
        menu.setToolTipsVisible(True)
    follow(action, need, show)
    return action
