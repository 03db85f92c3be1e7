"""The right pane of the script editor: the revisions of a script, which can be looked at as well."""

from __future__ import annotations

from PySide6.QtCore import Signal

from console.core.formatting import Clock
from console.core.own_rights import Need
from console.core.texts import tr
from console.shell.parts import button
from console.widgets.revision_pane import RevisionPane


class RevisionsPane(RevisionPane):
    """`view_wanted(revision)`."""

    view_wanted = Signal(object)

    def __init__(self, clock: Clock, writes: Need) -> None:
        view = button(tr("View"), lambda: self.wish(self.view_wanted))
        super().__init__(clock, writes, tr("Optional: why you changed it."), view)
        self.view = view
