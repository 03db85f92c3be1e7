"""A button that sends the person to the provider's pages in the browser, and waits for the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum, auto

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from backend_lite.contract.oidc import ProviderAnswer, ProviderSignIn
from console.core import provider_pages
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.provider_pages import Begin
from console.core.texts import tr
from console.features.access.copy_line import CopyLine
from console.features.access.fields import Field
from console.features.access.too_fast import TooFast
from console.shell.context import Context
from console.shell.op_runner import OpHandle
from console.shell.parts import button, column, label, row
from console.widgets.form import ErrorLine

OTP_REQUIRED, OTP_WRONG = "otp_required", "otp_wrong"


class _Step(Enum):
    BUTTON = auto()
    PAGES = auto()
    CODE = auto()


class ProviderPart(QWidget):
    """Hidden until `offer`. `done(ProviderAnswer)` once the provider has vouched for the person; `busy(bool)`
    says when the rest of the screen is to wait."""

    done = Signal(object)
    busy = Signal(bool)

    def __init__(self, context: Context, begin: Begin, title: str) -> None:
        super().__init__()
        self._context = context
        self._begin = begin
        self._title = title
        self._begun: ProviderSignIn | None = None
        self._running: OpHandle | None = None
        self._step = _Step.BUTTON
        self.go = button(title.format(provider=tr("the provider")), self.start)
        self.waiting = label("", "muted", wrap=True)
        self.address = CopyLine(tr("Address for the browser"))
        self.again = button(tr("Open the page again"), self._open)
        self.cancel = button(tr("Cancel"), self.stop)
        self.otp = Field(tr("Code of the authenticator app, or a recovery code"))
        self.otp.entered.connect(self._ask)
        self.confirm = button(tr("Continue"), self._ask, "primary")
        self.error = ErrorLine()
        self.too_fast = TooFast(self)
        self.too_fast.told.connect(self._say)
        self._pages = QWidget()
        self._pages.setLayout(column(self.waiting, self.address, row(self.again, None, self.cancel)))
        self._code = QWidget()
        self._code.setLayout(column(self.otp, row(None, self.confirm)))
        self.setLayout(column(self.go, self._pages, self._code, self.error))
        self._show(_Step.BUTTON)
        self.hide()

    def offer(self, provider: str) -> None:
        """Without one there is nothing to see."""
        self.go.setText(self._title.format(provider=provider))
        self.setVisible(bool(provider))

    def start(self) -> None:
        self._run(self._begin_and_wait)

    def stop(self) -> None:
        """The person gives up; what the browser still does has no effect."""
        if self._running is not None:
            self._running.cancel()

    def _ask(self) -> None:
        self._run(self._answer)

    async def _begin_and_wait(self, _progress: Progress) -> ProviderAnswer:
        self._begun = await self._begin(self._context.client)
        provider = self._begun.provider
        self.waiting.setText(
            tr(
                "Go on in your browser, on the page of {provider}. This window waits for you.",
                provider=provider,
            )
        )
        self.otp.edit.clear()
        self._open()
        self._show(_Step.PAGES)
        return await provider_pages.answer_of(self._context.client, self._begun)

    async def _answer(self, _progress: Progress) -> ProviderAnswer:
        assert self._begun is not None
        return await provider_pages.answer_of(
            self._context.client, self._begun, self.otp.text.strip() or None
        )

    def _open(self) -> None:
        if self._begun is None:
            return
        address = self._begun.authorization_url
        # Whatever else a system opens, such as files, is none of a provider's business.
        opened = address.startswith("https://") and QDesktopServices.openUrl(QUrl(address))
        self.address.show_text(address, address)
        self.address.setVisible(not opened)

    def _run(self, call: Callable[[Progress], Awaitable[ProviderAnswer]]) -> None:
        self._say("")
        self._running = self._context.ops.run(
            Op(self.go.text(), call),
            on_success=self.done.emit,
            on_error=self._refused,
            on_done=self._ended,
            owner=self,
        )
        # A dialog that is closed waits for nobody.
        self.destroyed.connect(self._running.cancel)
        self.busy.emit(True)
        self._show(self._step)

    def _refused(self, refusal: ApiError) -> None:
        first = self._step is not _Step.CODE
        self._step = _Step.CODE if refusal.code in (OTP_REQUIRED, OTP_WRONG) else self._step
        if not self.too_fast.took(refusal) and not (first and refusal.code == OTP_REQUIRED):
            self._say(refusal.detail)
        if self._step is _Step.CODE:
            QTimer.singleShot(0, self.otp, self.otp.edit.selectAll)
            QTimer.singleShot(0, self.otp, self.otp.setFocus)

    def _ended(self) -> None:
        self._running = None
        self.busy.emit(False)
        self._show(_Step.BUTTON if self._step is _Step.PAGES else self._step)

    def _show(self, step: _Step) -> None:
        self._step = step
        self._pages.setVisible(step is _Step.PAGES)
        self._code.setVisible(step is _Step.CODE)
        self.go.setVisible(step is not _Step.PAGES)
        for part in (self.go, self._code):
            part.setEnabled(self._running is None)

    def _say(self, sentence: str) -> None:
        self.error.say(sentence)
