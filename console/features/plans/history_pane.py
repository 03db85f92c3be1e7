"""The revisions of a profile."""

from __future__ import annotations

from console.core.formatting import Clock
from console.core.own_rights import Need
from console.core.texts import plural, tr
from console.widgets.revision_pane import RevisionPane


class HistoryPane(RevisionPane):
    def __init__(self, clock: Clock, writes: Need) -> None:
        super().__init__(
            clock,
            writes,
            tr("Optional: why you changed the tasks."),
            about=lambda revision: plural(len(revision.tasks), "{count} task", "{count} tasks"),
        )
