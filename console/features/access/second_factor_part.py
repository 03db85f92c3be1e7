"""The second factor: set up with an authenticator app, and taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QLayout, QWidget

from backend_lite.contract.accounts import RecoveryCodes, SecondFactorSetUp, SecondFactorState
from console.core.errors import ApiError
from console.core.ops import Op
from console.core.texts import plural, tr
from console.features.access import account_ops
from console.features.access.copy_line import CopyLine
from console.features.access.fields import Field
from console.features.access.recovery_codes import RecoveryCodesPart
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.widgets.confirm import confirm
from console.widgets.form import ErrorLine
from console.widgets.qr_code import QrCode

T = TypeVar("T")
_GROUP = 4


class SecondFactorPart(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._enabled = False
        self.state = label("", "muted", wrap=True)
        self.error = ErrorLine()
        self.begin = button(tr("Set up"), self._begin, "primary", name=tr("Set up the second factor"))
        self.renew = button(tr("New recovery codes"), self._renew)
        self.remove = button(tr("Take away"), self._ask, "danger", name=tr("Take the second factor away"))
        self.picture = QrCode(tr("Picture for the authenticator app"))
        self.secret = CopyLine(tr("Key, where there is no camera"))
        self.uri = CopyLine(tr("Address, for a password manager"))
        self.code = Field(tr("Code that the app shows"))
        self.confirm = button(tr("Switch on"), self._confirm, "primary")
        self.give_up = button(tr("Cancel"), self._hide_set_up, name=tr("Do not set up the second factor"))
        self.set_up = QWidget()
        self.set_up.setLayout(self._set_up_lines())
        self.codes = RecoveryCodesPart(context)
        self.setLayout(
            column(
                card(
                    label(tr("Second factor"), "title"),
                    self.state,
                    self.set_up,
                    self.codes,
                    self.error,
                    row(None, self.renew, self.remove, self.begin),
                )
            )
        )
        self.code.changed.connect(self._refresh)
        self.code.entered.connect(self.confirm.click)
        self._show(SecondFactorState(False, 0))

    def _set_up_lines(self) -> QLayout:
        how = label(
            tr("Scan this with an authenticator app on your phone, and enter the code that the app shows."),
            "muted",
            wrap=True,
        )
        beside = column(how, self.code, None, row(None, self.give_up, self.confirm), gap=12)
        scan = row(self.picture, beside, gap=16)
        scan.setStretch(1, 1)
        return column(scan, self.secret, self.uri, gap=12)

    def load(self) -> None:
        self._context.ops.run(
            account_ops.load_second_factor(self._context.client),
            on_success=self._show,
            on_error=self._refused,
            owner=self,
        )

    def _show(self, state: SecondFactorState) -> None:
        if state.enabled:
            self.state.setText(
                plural(
                    state.recovery_codes_left,
                    "On. A sign-in asks for a code. {count} recovery code is left.",
                    "On. A sign-in asks for a code. {count} recovery codes are left.",
                )
            )
        elif state.demanded:
            self.state.setText(tr("Off. Everybody needs one here: until yours is on you have no rights."))
        else:
            self.state.setText(
                tr(
                    "Off. With it a stolen password alone signs nobody in. "
                    "Your other sessions end when you switch it on."
                )
            )
        self._enabled = state.enabled
        self.renew.setVisible(state.enabled)
        self.remove.setVisible(state.enabled)
        self._hide_set_up()

    def _refresh(self) -> None:
        self.confirm.setEnabled(bool(self.code.text.strip()))

    def _begin(self) -> None:
        self._change(account_ops.begin_second_factor(self._context.client), self._show_secret)

    def _show_secret(self, made: SecondFactorSetUp) -> None:
        groups = [made.secret[at : at + _GROUP] for at in range(0, len(made.secret), _GROUP)]
        self.secret.show_text(" ".join(groups), made.secret)
        self.uri.show_text(made.uri, made.uri)
        self.picture.show_text(made.uri)
        self.set_up.show()
        self.begin.hide()
        self.code.setFocus()
        self._refresh()

    def _hide_set_up(self) -> None:
        self.set_up.hide()
        self.error.hide()
        self.begin.setVisible(not self._enabled)
        self.picture.show_text("")
        for line in (self.secret, self.uri):
            line.show_text("", "")
        self.code.edit.clear()

    def _confirm(self) -> None:
        op = account_ops.confirm_second_factor(self._context.client, self.code.text.strip())
        self._change(op, self._show_codes)

    def _renew(self) -> None:
        self._change(account_ops.renew_recovery_codes(self._context.client), self._show_codes)

    def _show_codes(self, made: RecoveryCodes) -> None:
        self._show(SecondFactorState(True, len(made.codes)))
        self.codes.show_codes(made.codes)

    def _ask(self) -> None:
        confirm(
            self.window(),
            tr("Take the second factor away?"),
            tr("From then on the password alone signs you in. Your other sessions end."),
            tr("Take away"),
            lambda: self._change(
                account_ops.remove_second_factor(self._context.client), lambda _none: self.load()
            ),
        )

    def _change(self, op: Op[T], then: Callable[[T], None]) -> None:
        """Codes of a second press would end those that are shown."""
        self.error.hide()
        self._context.ops.run(op, on_success=then, on_error=self._refused, busy=self, owner=self)

    def _refused(self, error: ApiError) -> None:
        self.error.say(error.detail)
        if not self.set_up.isHidden():
            self.code.edit.selectAll()
            self.code.setFocus()
