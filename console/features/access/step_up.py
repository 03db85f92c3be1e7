"""Asking once more for the password, where the service wants a fresh sign-in."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from backend_lite.contract.accounts import STEP_UP_S
from console.core.texts import plural, tr
from console.features.access.person_proof import PersonProof
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.fitting import FittingDialog

_WIDTH = 420


class StepUp:
    """The one place that asks; requests that are refused at the same time wait for the same answer."""

    def __init__(self, context: Context, window: QWidget) -> None:
        self._context = context
        self._window = window
        self._asking: asyncio.Future[bool] | None = None
        self.dialog: StepUpDialog | None = None

    async def ask(self) -> bool:
        """True once the password was right, False when the person gave up."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_future()
            self.dialog = StepUpDialog(self._context, self._window)
            self.dialog.finished.connect(self._answered)
            self.dialog.open()
        # Who is cancelled leaves the others waiting.
        return await asyncio.shield(self._asking)

    def _answered(self, result: int) -> None:
        asking, self._asking, self.dialog = self._asking, None, None
        if asking is not None and not asking.done():
            asking.set_result(result == QDialog.DialogCode.Accepted)


class StepUpDialog(FittingDialog):
    """Accepted once the service has taken the password."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = tr("Confirm that it is you")
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH)
        self.proof = PersonProof(context)
        self.go = button(tr("Confirm"), self.proof.ask, "primary")
        lines = column(
            label(title, "title"),
            label(
                plural(
                    STEP_UP_S // 60,
                    "This needs a fresh confirmation. For {count} minute it is not asked for again.",
                    "This needs a fresh confirmation. For {count} minutes it is not asked for again.",
                ),
                "muted",
                wrap=True,
            ),
            self.proof,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.proof.changed.connect(self._refresh)
        self.proof.entered.connect(self.go.click)
        self.proof.proven.connect(self.accept)
        self.go.setDefault(True)
        self._refresh()
        self.proof.setFocus()

    def _refresh(self) -> None:
        self.go.setEnabled(self.proof.is_ready)
        self.go.setVisible(self.proof.takes_password)
