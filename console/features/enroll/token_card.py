"""Making an enrollment token, and the command that uses it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from backend_lite.contract.enroll import (
    DEFAULT_TTL_S,
    DEFAULT_USES,
    EnrollmentTokenCreate,
    EnrollmentTokenSecret,
)
from console.core import formatting
from console.core.texts import tr
from console.features.enroll.ops import make_token
from console.features.enroll.token_result import TokenResult
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row, spin_box
from console.widgets.form import ErrorLine

LIFETIMES_S = (3600, 8 * 3600, DEFAULT_TTL_S, 7 * 86400, 30 * 86400)
MOST_USES = 10_000


class TokenCard(QWidget):
    """`made(secret)` follows each new token."""

    made = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.lifetime = QComboBox()
        self.lifetime.setAccessibleName(tr("Lifetime of the token"))
        for seconds in LIFETIMES_S:
            self.lifetime.addItem(formatting.rough(seconds), seconds)
        self.lifetime.setCurrentIndex(LIFETIMES_S.index(DEFAULT_TTL_S))
        self.uses = spin_box(tr("How many devices may use the token"), 1, MOST_USES, DEFAULT_USES)
        self.approve = QCheckBox(tr("Approve its devices automatically"))
        self.approve.setToolTip(tr("Without it every device waits until somebody compared its words."))
        self.make = button(
            tr("Make a token"), self._make, "primary", need=context.rights.need("enrollment:create")
        )
        self.warning = label(
            tr("Only this PC reaches the service yet: choose another address above for other devices."),
            "tone",
            "warning",
            wrap=True,
        )
        self.warning.hide()
        self.error = ErrorLine()
        self.result = TokenResult(context)
        limits = row(
            label(tr("Valid for"), "muted"),
            self.lifetime,
            label(tr("and"), "muted"),
            self.uses,
            label(tr("devices"), "muted"),
            None,
        )
        self.setLayout(
            column(
                card(
                    label(tr("2   Let devices in"), "title"),
                    label(
                        tr(
                            "A token lets a few devices enrol for a while. Paste the command on each of them."
                        ),
                        "muted",
                        wrap=True,
                    ),
                    self.warning,
                    limits,
                    row(self.approve, None, self.make),
                    self.error,
                    self.result,
                )
            )
        )

    def show_endpoint(self, url: str, reachable: bool) -> None:
        """The service listens there now; `reachable` by other devices than this PC."""
        self.warning.setVisible(not reachable)
        self.result.show_url(url)

    def wanted(self) -> EnrollmentTokenCreate:
        return EnrollmentTokenCreate(
            ttl_s=int(self.lifetime.currentData()),
            uses=self.uses.value(),
            auto_approve=self.approve.isChecked(),
        )

    def _make(self) -> None:
        self.error.hide()
        self._context.ops.run(
            make_token(self._context.client, self.wanted()),
            on_success=self._show,
            on_error=self.error.refused,
            busy=self.make,
            owner=self,
        )

    def _show(self, secret: EnrollmentTokenSecret) -> None:
        self.result.show_token(secret)
        self.made.emit(secret)
