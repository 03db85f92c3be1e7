"""Changing the own password."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from console.core.errors import ApiError
from console.core.password_strength import judge
from console.core.texts import tr
from console.features.access import account_ops
from console.features.access.fields import PasswordField
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.shell.theme import set_role


class PasswordPart(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.current = PasswordField(tr("Current password"))
        self.new = PasswordField(tr("New password"))
        self.again = PasswordField(tr("New password, once more"))
        self.verdict = label("", "secondary")
        self.change = button(tr("Change the password"), self._change, "primary")
        self.setLayout(
            column(
                card(
                    label(tr("Password"), "title"),
                    label(tr("Your other sessions end with the change."), "muted", wrap=True),
                    self.current,
                    self.new,
                    self.again,
                    self.verdict,
                    row(None, self.change),
                )
            )
        )
        for field in (self.current, self.new, self.again):
            field.changed.connect(self._judge)
            field.entered.connect(self.change.click)
        self._judge()

    @property
    def dirty(self) -> bool:
        return bool(self.current.text or self.new.text or self.again.text)

    def _judge(self) -> None:
        user = self._context.session.user
        verdict = judge(self.new.text, self.again.text, user.username if user else "")
        self._say(verdict.sentence, verdict.tone)
        self.change.setEnabled(verdict.ok and bool(self.current.text))

    def _say(self, sentence: str, tone: str) -> None:
        self.verdict.setText(sentence)
        set_role(self.verdict, "secondary" if tone == "idle" else "tone", tone)

    def _change(self) -> None:
        self._context.ops.run(
            account_ops.change_password(self._context.client, self.current.text, self.new.text),
            on_success=lambda _none: self._changed(),
            on_error=self._refused,
            busy=self,
            owner=self,
        )

    def _changed(self) -> None:
        for field in (self.current, self.new, self.again):
            field.edit.clear()
        self._say(tr("The password was changed, and your other sessions have ended."), "good")

    def _refused(self, error: ApiError) -> None:
        self._say(error.detail, "bad")
        self.current.edit.selectAll()
