"""Making an enrollment token, and the command that uses it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QTabBar, QWidget

from backend_lite.contract.enroll import (
    DEFAULT_TTL_S,
    DEFAULT_USES,
    EnrollmentTokenCreate,
    EnrollmentTokenSecret,
)
from console.core import formatting
from console.core.errors import ApiError
from console.core.local_agent import Invitation
from console.core.texts import plural, tr
from console.features.enroll.command_box import CommandBox
from console.features.enroll.commands import agent_program, is_installed, linux_command, windows_command
from console.features.enroll.ops import make_token
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row, spin_box

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
        self.make = button(tr("Make a token"), self._make, "primary")
        self.warning = label(
            tr("Only this PC reaches the service yet: choose another address above for other devices."),
            "tone",
            "warning",
            wrap=True,
        )
        self.warning.hide()
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.result = _Result(context)
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
        self.make.setEnabled(False)
        self._context.ops.run(
            make_token(self._context.client, self.wanted()),
            on_success=self._show,
            on_error=self._refused,
            on_done=lambda: self.make.setEnabled(True),
            owner=self,
        )

    def _show(self, secret: EnrollmentTokenSecret) -> None:
        self.result.show_token(secret)
        self.made.emit(secret)

    def _refused(self, error: ApiError) -> None:
        self.error.setText(error.detail)
        self.error.show()


class _Result(QWidget):
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
