"""Actions that need a right: without it they are disabled, and their tooltip says which one."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtGui import QAction, QShortcut
from PySide6.QtWidgets import QMenu, QPushButton

from console.core.own_rights import Need

Gated = TypeVar("Gated", QAction, QShortcut)


class NeedingButton(QPushButton):
    """Whatever its page says, it is enabled with the right only; the page's own tooltip comes back with
    it."""

    def __init__(self, text: str, need: Need) -> None:
        super().__init__(text)
        self._need = need
        self._wanted = True
        self._hint = self._description = ""
        self.destroyed.connect(need.rights.subscribe(self._follow))
        self._follow()

    def setEnabled(self, enabled: bool) -> None:
        self._wanted = enabled
        super().setEnabled(enabled and self._need.is_met)

    def setToolTip(self, text: str) -> None:
        self._hint = text
        self._follow()

    def _follow(self) -> None:
        reason = self._need.reason
        super().setToolTip(reason or self._hint)
        self.setAccessibleDescription(reason)
        super().setEnabled(self._wanted and not reason)


def gate(action: Gated, need: Need) -> Gated:
    """Disables an entry of a menu or a key without its right. To be called after the entry's own
    `setEnabled`."""
    wanted, hint = action.isEnabled(), action.toolTip() if isinstance(action, QAction) else ""

    def follow() -> None:
        reason = need.reason
        action.setEnabled(wanted and not reason)
        if isinstance(action, QAction):
            action.setToolTip(reason or hint)

    menu = action.parent()
    if isinstance(menu, QMenu):
        menu.setToolTipsVisible(True)
    action.destroyed.connect(need.rights.subscribe(follow))
    follow()
    return action
