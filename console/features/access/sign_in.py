"""Signing in with user name and password, through a provider, or as the owner of the service on this
machine."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer

from backend_lite.contract.access import LOCAL_SIGN_IN_OFF
from backend_lite.contract.oidc import ProviderAnswer
from console.core import provider_pages
from console.core.errors import ApiError, ServiceGone
from console.core.local_service import LocalService
from console.core.ops import Op, Progress
from console.core.texts import tr
from console.features.access.fields import Field, PasswordField
from console.features.access.forgotten import Forgotten
from console.features.access.provider_part import OTP_REQUIRED, ProviderPart
from console.features.access.too_fast import TooFast
from console.shell.context import Context
from console.shell.parts import button, label, rule, spacer
from console.shell.screen import Screen


class SignInScreen(Screen):
    """`local` is there where the owner may go on without a password; `reason` is why a person has to sign in,
    where there is one to tell."""

    def __init__(self, context: Context, local: LocalService | None, reason: str = "") -> None:
        self._context = context
        self._local = local
        self.username = Field(tr("User name"))
        self.password = PasswordField(tr("Password"))
        self.otp = Field(tr("Code of the authenticator app, or a recovery code"))
        self.otp.hide()
        self.error = label(reason, "error", wrap=True)
        self.error.setVisible(bool(reason))
        self.sign_in = button(tr("Sign in"), self._sign_in, "primary")
        self.here = button(tr("Continue as the owner on this PC"), self._sign_in_here)
        self.here.setVisible(local is not None)
        self.provider = ProviderPart(
            context,
            partial(provider_pages.begin_sign_in, context.local),
            tr("Sign in with {provider}", provider="{provider}"),
        )
        self.provider.done.connect(self._vouched)
        self.provider.busy.connect(self._wait_for_provider)
        self.forgotten = Forgotten(context.local)
        line = rule()
        line.setVisible(local is not None)
        self._line = line
        super().__init__(
            label(tr("Sign in to DeployFlow"), "page-title"),
            spacer(height=4),
            self.username,
            self.password,
            self.otp,
            self.error,
            spacer(height=4),
            self.sign_in,
            self.provider,
            self.forgotten,
            line,
            self.here,
        )
        self.too_fast = TooFast(self)
        self.too_fast.told.connect(self._show_error)
        for field in (self.username, self.password, self.otp):
            field.changed.connect(self._refresh)
            field.entered.connect(self._next)
        self.setFocusProxy(self.username)
        self._refresh()

    def look_for_provider(self) -> None:
        """Ask the service whether there is one, and offer it."""

        async def call(_progress: Progress) -> str:
            try:
                return await provider_pages.provider_name(self._context.client)
            except ServiceGone:
                # The frame says so already.
                return ""

        op = Op(tr("Look for other ways to sign in"), call)
        self._context.ops.run(op, on_success=self.provider.offer, owner=self)

    def _wait_for_provider(self, waiting: bool) -> None:
        for part in (self.username, self.password, self.otp, self.sign_in, self.here):
            part.setEnabled(not waiting)
        if not waiting:
            self._refresh()

    def _vouched(self, answer: ProviderAnswer) -> None:
        if answer.session is not None:
            self._context.session.signed_in(answer.session)

    def _refresh(self) -> None:
        complete = bool(self.username.text.strip() and self.password.text)
        self.sign_in.setEnabled(complete and not self.too_fast.waits)

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
        if self.too_fast.took(error):
            return
        if error.code == LOCAL_SIGN_IN_OFF:
            self._line.hide()
            self.here.hide()
        self._show_error(error.detail)
        QTimer.singleShot(0, self.password, self.password.edit.selectAll)
        QTimer.singleShot(0, self.password, self.password.setFocus)

    def _show_error(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))
        self._refresh()
