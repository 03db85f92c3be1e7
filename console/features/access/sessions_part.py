"""The sessions that a person may see, each with its end."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QVBoxLayout, QWidget

from backend_lite.contract.accounts import SessionInfo
from console.core import formatting
from console.core.texts import tr
from console.features.access import account_ops
from console.shell.context import Context
from console.shell.parts import ElidedLabel, button, card, column, label, row
from console.widgets.confirm import confirm


class SessionsPart(QWidget):
    """Who may see users sees everybody's sessions here."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rows: QVBoxLayout = column(gap=10)
        self.sessions: list[SessionInfo] = []
        self.setLayout(column(card(label(tr("Sessions"), "title"), self._rows)))

    def load(self) -> None:
        self._context.ops.run(
            account_ops.load_sessions(self._context.client), on_success=self._show, owner=self
        )

    def _show(self, sessions: list[SessionInfo]) -> None:
        self.sessions = sessions
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for session in sessions:
            self._rows.addWidget(self._line(session))

    def _line(self, session: SessionInfo) -> QWidget:
        now = self._context.clock()
        used = formatting.ago(session.last_used_at or session.created_at, now)
        where = session.address or tr("this service")
        begun = formatting.local_time(session.created_at, now)
        told = [where, tr("begun {when}", when=begun), tr("used {when}", when=used)]
        end = button(tr("End"), partial(self._ask, session), name=_end_name(session))
        end.setVisible(not session.current)
        this = label(tr("This window"), "mark", "good")
        this.setVisible(session.current)
        line = QWidget()
        line.setLayout(
            row(
                column(ElidedLabel(_title(session), "header"), label(" · ".join(told), "secondary"), gap=2),
                None,
                this,
                end,
            )
        )
        return line

    def _ask(self, session: SessionInfo) -> None:
        confirm(
            self.window(),
            tr("End this session of {user}?", user=session.username),
            tr("Whoever uses it has to sign in again at once."),
            tr("End the session"),
            partial(self._end, session.id),
        )

    def _end(self, session_id: int) -> None:
        self._context.ops.run(
            account_ops.end_session(self._context.client, session_id), on_done=self.load, owner=self
        )


def _title(session: SessionInfo) -> str:
    agent = session.user_agent or tr("Unknown program")
    return f"{session.username} – {agent}"


def _end_name(session: SessionInfo) -> str:
    return tr("End the session of {user} from {address}", user=session.username, address=session.address)
