"""The way from an object to what the audit holds about it: one action, in menus and on pages."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton

from console.core.texts import tr
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.parts import icon_button

_PAGE = "audit"

Subject = tuple[str, object]
"""The type of an object as the audit calls it, and its id."""


def add_history(menu: QMenu, context: Context, kind: str, object_id: object) -> QAction:
    action = gate(menu.addAction(_title()), context.rights.need("audit:view"))
    action.triggered.connect(lambda _checked: _open(context, (kind, object_id)))
    return action


def history_button(context: Context, subject: Callable[[], Subject | None]) -> QPushButton:
    """`subject` is what the page shows or has selected now; the page enables it where there is one."""

    def go() -> None:
        now = subject()
        if now is not None:
            _open(context, now)

    return icon_button("history", _title(), go, context.rights.need("audit:view"))


def _title() -> str:
    return tr("History in the audit")


def _open(context: Context, subject: Subject) -> None:
    kind, object_id = subject
    context.navigator.open(_PAGE, f"{kind}/{object_id}")
