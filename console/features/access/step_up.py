"""Asking once more for the password, where the service wants a fresh sign-in."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QWidget

from backend_lite.contract.accounts import STEP_UP, STEP_UP_S, StepUpRequest
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import plural, tr
from console.features.access.fields import Field, PasswordField
from console.features.access.sign_in import OTP_REQUIRED
from console.shell.context import Context
from console.shell.parts import button, column, label, row

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


class StepUpDialog(QDialog):
    """Accepted once the service has taken the password."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context = context
        title = tr("Confirm that it is you")
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH)
        user = context.session.user
        self.password = PasswordField(tr("Password of {user}", user=user.username if user else ""))
        self.otp = Field(tr("Code of the authenticator app"))
        self.otp.hide()
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.go = button(tr("Confirm"), self._confirm, "primary")
        lines = column(
            label(title, "title"),
            label(
                plural(
                    STEP_UP_S // 60,
                    "This gives power away. It is asked for again after {count} minute.",
                    "This gives power away. It is asked for again after {count} minutes.",
                ),
                "muted",
                wrap=True,
            ),
            self.password,
            self.otp,
            self.error,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        for field in (self.password, self.otp):
            field.changed.connect(self._refresh)
            field.entered.connect(self.go.click)
        self.go.setDefault(True)
        self._refresh()
        self.password.setFocus()

    def _refresh(self) -> None:
        self.go.setEnabled(bool(self.password.text))

    def _confirm(self) -> None:
        request = StepUpRequest(self.password.text, self.otp.text.strip() or None)

        async def call(_progress: Progress) -> None:
            await self._context.client.post(STEP_UP, request)

        self.setEnabled(False)
        self.error.hide()
        self._context.ops.run(
            Op(tr("Confirm"), call),
            on_success=lambda _none: self.accept(),
            on_error=self._refused,
            on_done=lambda: self.setEnabled(True),
            owner=self,
        )

    def _refused(self, error: ApiError) -> None:
        asks_code = error.code == OTP_REQUIRED and self.otp.isHidden()
        if asks_code:
            self.otp.show()
        else:
            self.error.setText(error.detail)
            self.error.show()
        wrong = self.otp if not self.otp.isHidden() else self.password
        QTimer.singleShot(0, wrong, wrong.edit.selectAll)
        QTimer.singleShot(0, wrong, wrong.setFocus)
