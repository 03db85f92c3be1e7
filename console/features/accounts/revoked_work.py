"""What was begun with a token that is to be revoked, and whether that ends with it."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget

from backend_lite.contract.accounts import ApiTokenWork
from console.core.texts import plural
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.parts import column, label


class RevokedWork(QWidget):
    """Nothing ends unless a person ticks it."""

    def __init__(self, context: Context, work: ApiTokenWork) -> None:
        super().__init__()
        self.cancel = QCheckBox(
            plural(work.rollouts, "Cancel this rollout too", "Cancel these {count} rollouts too")
        )
        self.said = label(_sentence(work), "muted", wrap=True)
        self.setLayout(column(self.said, self.cancel, gap=8))
        need = context.rights.need("rollouts:run", everywhere=True)
        follow(self, need, self.cancel.setEnabled)
        follow(self, need, lambda _met: self.cancel.setToolTip(need.reason))

    @property
    def is_wanted(self) -> bool:
        return self.cancel.isChecked()


def _sentence(work: ApiTokenWork) -> str:
    runs = plural(work.runs, "one run to go", "{count} runs to go")
    return plural(
        work.rollouts,
        "One rollout that was begun this way is open, with {runs}. It goes on unless you cancel it too; what "
        "runs on devices is stopped then.",
        "{count} rollouts that were begun this way are open, with {runs}. They go on unless you cancel them "
        "too; what runs on devices is stopped then.",
        runs=runs,
    )
