"""The signed-in person proves once more to be who they are."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.accounts import STEP_UP, StepUpRequest
from backend_lite.contract.oidc import OwnSignIns
from console.core import provider_pages
from console.core.errors import ApiError, ServiceGone
from console.core.ops import Op, Progress
from console.core.texts import tr
from console.features.access.fields import Field, PasswordField
from console.features.access.provider_part import OTP_REQUIRED, ProviderPart
from console.features.access.too_fast import TooFast
from console.shell.context import Context
from console.shell.parts import column
from console.widgets.form import ErrorLine


class PersonProof(QWidget):
    """Password, and the code where there is a second factor; or the provider, for whom it knows. `proven`
    once the service has taken that; `changed` when `is_ready` may be another; `entered` is Return."""

    proven = Signal()
    changed = Signal()
    entered = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._asking = False
        user = context.session.user
        self.password = PasswordField(tr("Password of {user}", user=user.username if user else ""))
        self.otp = Field(tr("Code of the authenticator app, or a recovery code"))
        self.otp.hide()
        self.error = ErrorLine()
        self.too_fast = TooFast(self)
        self.too_fast.told.connect(self._say)
        self.provider = ProviderPart(
            context, provider_pages.begin_step_up, tr("Confirm with {provider}", provider="{provider}")
        )
        self.provider.done.connect(lambda _answer: self.proven.emit())
        self.provider.busy.connect(self._wait_for_provider)
        self.setLayout(column(self.password, self.otp, self.error, self.provider, gap=12))
        for field in (self.password, self.otp):
            field.changed.connect(self.changed)
            field.entered.connect(self.entered)
        self.setFocusProxy(self.password)
        self._look_for_ways()

    @property
    def is_ready(self) -> bool:
        return bool(self.password.text) and not self._asking and not self.too_fast.waits

    @property
    def takes_password(self) -> bool:
        """Who has none is asked by the provider only."""
        return not self.password.isHidden()

    def _look_for_ways(self) -> None:
        async def call(_progress: Progress) -> OwnSignIns | None:
            try:
                return await provider_pages.load_own_sign_ins(self._context.client).call(_progress)
            except (ApiError, ServiceGone):
                # Then there is the password, as for most.
                return None

        op = Op(tr("Load how you sign in"), call)
        self._context.ops.run(op, on_success=self._offer, owner=self)

    def _offer(self, ways: OwnSignIns | None) -> None:
        if ways is None:
            return
        self.provider.offer(ways.provider if ways.step_up else "")
        self.password.setVisible(ways.has_password)
        if not ways.has_password and not ways.step_up:
            self._say(
                tr("You have no password here, and no provider knows you just now. Ask an administrator.")
            )
        self.setFocusProxy(self.password if ways.has_password else self.provider.go)
        self.changed.emit()

    def _wait_for_provider(self, waiting: bool) -> None:
        self._asking = waiting
        for part in (self.password, self.otp):
            part.setEnabled(not waiting)
        self.changed.emit()

    def ask(self) -> None:
        """The service, whether it is that person."""
        request = StepUpRequest(self.password.text, self.otp.text.strip() or None)

        async def call(_progress: Progress) -> str:
            try:
                await self._context.client.post(STEP_UP, request)
            except ServiceGone as gone:
                return str(gone)
            return ""

        self._set_asking(True)
        self._say("")
        self._context.ops.run(
            Op(tr("Confirm"), call),
            on_success=self._answered,
            on_error=self._refused,
            on_done=lambda: self._set_asking(False),
            owner=self,
        )

    def _set_asking(self, asking: bool) -> None:
        self._asking = asking
        self.setEnabled(not asking)
        self.changed.emit()

    def _answered(self, problem: str) -> None:
        # Said here: a notice in the corner may be behind what asks.
        if problem:
            self._say(problem)
        else:
            self.proven.emit()

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == OTP_REQUIRED and self.otp.isHidden():
            self.otp.show()
        elif not self.too_fast.took(refusal):
            self._say(refusal.detail)
        wrong = self.otp if not self.otp.isHidden() else self.password
        QTimer.singleShot(0, wrong, wrong.edit.selectAll)
        QTimer.singleShot(0, wrong, wrong.setFocus)

    def _say(self, sentence: str) -> None:
        self.error.say(sentence)
        self.changed.emit()
