"""In place of a page that takes a right which its person does not have."""

from __future__ import annotations

from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.page import Page
from console.shell.parts import column
from console.widgets.empty_state import EmptyState


class ClosedPage(Page):
    def __init__(self, need: Need) -> None:
        super().__init__()
        self.setWindowTitle(tr("Not open to you"))
        reason = need.reason
        if not need.rights.second_factor_due:
            reason = tr("{reason} Whoever looks after the roles can give it to you.", reason=reason)
        self.said = EmptyState("lock", tr("This page is not open to you"), reason)
        self.setLayout(column(self.said, gap=0))
