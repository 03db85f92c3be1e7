"""Signing in with user name and password, or as the owner of the service on this machine."""

from __future__ import annotations

import math

from PySide6.QtCore import QTimer

from console.core.errors import ApiError
from console.core.local_service import LocalService
from console.core.ops import Op, Progress
from console.core.texts import plural, tr
from console.features.access.fields import Field, PasswordField
from console.shell.context import Context
from console.shell.parts import button, label, rule, spacer
from console.shell.screen import Screen

OTP_REQUIRED = "otp_required"


class SignInScreen(Screen):
    """`reason` is why a person has to sign in, where there is one to tell."""

    def __init__(self, context: Context, local: LocalService | None, reason: str = "") -> None:
        self._context = context
        self._local = local
        self._wait_s = 0
        self.username = Field(tr("User name"))
        self.password = PasswordField(tr("Password"))
        self.otp = Field(tr("Code of the authenticator app"))
        self.otp.hide()
        self.error = label(reason, "error", wrap=True)
        self.error.setVisible(bool(reason))
        self.sign_in = button(tr("Sign in"), self._sign_in, "primary")
        self.here = button(tr("Continue as the owner on this PC"), self._sign_in_here)
        self.here.setVisible(local is not None)
        line = rule()
        line.setVisible(local is not None)
        super().__init__(
            label(tr("Sign in to DeployFlow"), "page-title"),
            spacer(height=4),
            self.username,
            self.password,
            self.otp,
            self.error,
            spacer(height=4),
            self.sign_in,
            line,
            self.here,
        )
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._count_down)
        for field in (self.username, self.password, self.otp):
            field.changed.connect(self._refresh)
            field.entered.connect(self._next)
        self.setFocusProxy(self.username)
        self._refresh()

    def _refresh(self) -> None:
        complete = bool(self.username.text.strip() and self.password.text)
        self.sign_in.setEnabled(complete and self._wait_s == 0)

    def _next(self) -> None:
        if self.sign_in.isEnabled():
            self._sign_in()
        elif not self.password.text:
            self.password.setFocus()

    def _sign_in(self) -> None:
        username, password, otp = (
            self.username.text.strip(),
            self.password.text,
            self.otp.text.strip() or None,
        )

        async def call(_progress: Progress) -> None:
            await self._context.session.sign_in(username, password, otp)

        self._run(Op(tr("Sign in"), call))

    def _sign_in_here(self) -> None:
        local = self._local
        assert local is not None

        async def call(_progress: Progress) -> None:
            found = local.read()
            await self._context.session.sign_in_here(found.secret if found else "")

        self._run(Op(tr("Sign in on this PC"), call))

    def _run(self, op: Op[None]) -> None:
        self.card.setEnabled(False)
        self.error.hide()
        self._context.ops.run(op, on_error=self._refused, on_done=self._ended, owner=self)

    def _ended(self) -> None:
        self.card.setEnabled(True)
        self._refresh()

    def _refused(self, error: ApiError) -> None:
        if error.code == OTP_REQUIRED and self.otp.isHidden():
            self.otp.show()
            QTimer.singleShot(0, self.otp, self.otp.setFocus)
            return
        if error.status == 429 and error.retry_after:
            self._wait_s = math.ceil(error.retry_after)
            self._timer.start()
            self._show_wait()
            return
        self._show_error(error.detail)
        QTimer.singleShot(0, self.password, self.password.edit.selectAll)
        QTimer.singleShot(0, self.password, self.password.setFocus)

    def _show_error(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.show()

    def _show_wait(self) -> None:
        self._show_error(
            plural(
                self._wait_s,
                "Too many failed sign-ins. Try again in {count} second.",
                "Too many failed sign-ins. Try again in {count} seconds.",
            )
        )

    def _count_down(self) -> None:
        self._wait_s = max(0, self._wait_s - 1)
        if self._wait_s:
            self._show_wait()
        else:
            self._timer.stop()
            self.error.hide()
        self._refresh()
