"""The first start: make the owner."""

from __future__ import annotations

import getpass

from PySide6.QtWidgets import QProgressBar

from console.core.errors import ApiError
from console.core.local_service import LocalService
from console.core.ops import Op, Progress
from console.core.password_strength import judge
from console.core.texts import tr
from console.features.access.fields import Field, PasswordField
from console.shell.context import Context
from console.shell.parts import button, label, spacer
from console.shell.screen import Screen
from console.shell.theme import set_role
from console.widgets.form import ErrorLine


class FirstRunScreen(Screen):
    """Possible only with the secret that the service wrote for this machine's user."""

    def __init__(self, context: Context, local: LocalService) -> None:
        self._context = context
        self._local = local
        self.username = Field(tr("User name"), _own_name())
        self.password = PasswordField(tr("Password"))
        self.again = PasswordField(tr("Password, once more"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName(tr("Strength of the password"))
        self.verdict = label("", "secondary")
        self.error = ErrorLine()
        self.submit = button(tr("Create the owner"), self._create, "primary")
        super().__init__(
            label(tr("Welcome to DeployFlow"), "page-title"),
            label(
                tr("Create the owner of this service: the person who may do everything here."),
                "muted",
                wrap=True,
            ),
            spacer(height=4),
            self.username,
            self.password,
            self.again,
            self.bar,
            self.verdict,
            self.error,
            spacer(height=4),
            self.submit,
            label(
                tr("Nobody can read the password back. Whoever runs the service can set a new one."),
                "secondary",
                wrap=True,
            ),
        )
        for field in (self.username, self.password, self.again):
            field.changed.connect(self._judge)
            field.entered.connect(self._next)
        self.setFocusProxy(self.password if self.username.text else self.username)
        self._judge()

    def _judge(self) -> bool:
        verdict = judge(self.password.text, self.again.text, self.username.text.strip())
        self.bar.setValue(round(verdict.share * 100))
        set_role(self.bar, "strength", verdict.tone)
        self.verdict.setText(verdict.sentence)
        set_role(self.verdict, "secondary" if verdict.tone == "idle" else "tone", verdict.tone)
        ready = verdict.ok and bool(self.username.text.strip())
        self.submit.setEnabled(ready)
        return ready

    def _next(self) -> None:
        if self._judge():
            self._create()
        else:
            self.focusNextChild()

    def _create(self) -> None:
        username, password = self.username.text.strip(), self.password.text

        async def call(_progress: Progress) -> None:
            found = self._local.read()
            await self._context.session.create_owner(found.secret if found else "", username, password)

        self._enable(False)
        self.error.hide()
        self._context.ops.run(
            Op(tr("Create the owner"), call),
            on_error=self._refused,
            on_done=lambda: self._enable(True),
            owner=self,
        )

    def _refused(self, error: ApiError) -> None:
        self.error.say(error.detail)
        self.password.setFocus()

    def _enable(self, enabled: bool) -> None:
        for widget in (self.username, self.password, self.again, self.submit):
            widget.setEnabled(enabled)


def _own_name() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
    return "" if name in ("root", "SYSTEM") else name
