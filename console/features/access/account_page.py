"""What a person does about the own sign-in: password, second factor, provider, sessions."""

from __future__ import annotations

from collections.abc import Awaitable

from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from backend_lite.contract.oidc import OwnSignIns
from console.core import provider_pages
from console.core.texts import tr
from console.features.access.identities_part import IdentitiesPart
from console.features.access.password_part import PasswordPart
from console.features.access.second_factor_part import SecondFactorPart
from console.features.access.sessions_part import SessionsPart
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, column, row
from console.shell.theme import set_role
from console.widgets.confirm import choose

_WIDTH = 620


class AccountPage(Page):
    key = "account"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setWindowTitle(tr("My account"))
        self.search_hint = tr("Search devices, runs, scripts or commands")
        self.header = PageHeader(tr("My account"))
        self.password = PasswordPart(context)
        self.second_factor = SecondFactorPart(context)
        self.identities = IdentitiesPart(context)
        self.identities.changed.connect(self._load_ways)
        self.sessions = SessionsPart(context)
        self.setLayout(column(self.header, self._content(), gap=0))

    def show_target(self, _target: str | None) -> None:
        user = self._context.session.user
        self.header.note.setText(user.username if user else "")
        self.sessions.load()
        self._load_ways()
        if self.second_factor.set_up.isHidden():
            self.second_factor.load()

    def _load_ways(self) -> None:
        op = provider_pages.load_own_sign_ins(self._context.client)
        self._context.ops.run(op, on_success=self._show_ways, owner=self)

    def _show_ways(self, ways: OwnSignIns) -> None:
        self.identities.show_ways(ways)
        # Who has none is not asked for a current one.
        self.password.setVisible(ways.has_password)

    def may_leave(self) -> Awaitable[bool] | bool:
        """Recovery codes are shown once: the person says that they are kept before they go."""
        return True if self.second_factor.codes.isHidden() else self._ask_to_leave()

    async def _ask_to_leave(self) -> bool:
        answer = await choose(
            self.window(),
            tr("Leave without the recovery codes?"),
            tr("They are not shown again. New ones can be made here."),
            {"leave": (tr("Leave"), "danger")},
        )
        return answer == "leave"

    def _content(self) -> QWidget:
        inside = QWidget()
        set_role(inside, "scrolled")
        parts = QWidget()
        parts.setMaximumWidth(_WIDTH)
        parts.setLayout(
            column(self.second_factor, self.password, self.identities, self.sessions, None, gap=16)
        )
        lines = row(parts, None)
        lines.setStretch(0, 1)
        margin = self._context.theme.margin
        lines.setContentsMargins(margin, margin, margin, margin)
        inside.setLayout(lines)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidget(inside)
        return scrolled
