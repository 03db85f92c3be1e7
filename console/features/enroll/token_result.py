"""A token that was just made: the command for each system, shown this once."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QTabBar, QWidget

from backend_lite.contract.enroll import EnrollmentTokenSecret
from console.core import formatting
from console.core.local_agent import Invitation
from console.core.texts import plural, tr
from console.features.enroll.commands import agent_program, is_installed, linux_command, windows_command
from console.shell.context import Context
from console.shell.parts import column, label
from console.widgets.command_box import CommandBox


class TokenResult(QWidget):
    """The command for each system; the token in it is shown this once."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._invitation: Invitation | None = None
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(tr("System of the new device"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab("Linux")
        self.tabs.addTab("Windows")
        self.note = label("", "secondary", wrap=True)
        self.linux = CommandBox(context.theme, tr("In a root shell on the new device"))
        self.windows = CommandBox(context.theme, tr("In PowerShell as administrator on the new device"))
        self.tabs.currentChanged.connect(self._show_system)
        where = label(
            tr("Run it in a copy of this project that `python3 build_spec/dev.py setup` has prepared."),
            "secondary",
            wrap=True,
        )
        where.setVisible(not is_installed())
        self.setLayout(column(self.tabs, self.linux, self.windows, where, self.note))
        self._show_system(0)
        self.hide()

    def show_token(self, secret: EnrollmentTokenSecret) -> None:
        self._invitation = Invitation(secret.agent_url, secret.agent_pin, secret.token)
        self._show_commands(self._invitation)
        token = secret.enrollment_token
        until = formatting.local_time(token.expires_at, self._context.clock())
        self.note.setText(
            plural(
                token.uses,
                "Good for {count} device until {until}, and shown only this once.",
                "Good for {count} devices until {until}, and shown only this once.",
                until=until,
            )
            + " "
            + tr("The agent runs until its terminal is closed; `install-service` makes it permanent.")
        )
        self.show()

    def show_url(self, url: str) -> None:
        """The token is as good at the service's new address."""
        if self._invitation is not None:
            self._invitation = replace(self._invitation, url=url)
            self._show_commands(self._invitation)

    def _show_commands(self, invitation: Invitation) -> None:
        self.linux.show_command(
            linux_command(invitation, agent_program(windows=False, installed=is_installed()))
        )
        self.windows.show_command(
            windows_command(invitation, agent_program(windows=True, installed=is_installed()))
        )

    def _show_system(self, at: int) -> None:
        self.linux.setVisible(at == 0)
        self.windows.setVisible(at == 1)
