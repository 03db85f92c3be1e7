"""Making this PC a device too: a real agent beside the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from backend_lite.contract.enroll import EnrollmentTokenCreate, EnrollmentTokenSecret
from console.core.errors import ApiError
from console.core.local_agent import AgentState, Invitation, LocalAgent
from console.core.texts import tr
from console.features.enroll.ops import make_token
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.shell.theme import set_role
from console.widgets.form import ErrorLine

TOKEN_NAME = "This PC"  # noqa: S105
TOKEN_TTL_S = 600

_STATES = {
    AgentState.ABSENT: ("", "idle"),
    AgentState.RUNNING: ("Agent running", "good"),
    AgentState.RESTARTING: ("Starting again", "warning"),
    AgentState.REFUSED: ("Not enrolled", "bad"),
}


def invite_this_pc() -> EnrollmentTokenCreate:
    """One use, a few minutes, no second look: it goes from this window to its own child."""
    return EnrollmentTokenCreate(name=TOKEN_NAME, ttl_s=TOKEN_TTL_S, uses=1, auto_approve=True)


class ThisPcCard(QWidget):
    def __init__(self, context: Context, agent: LocalAgent) -> None:
        super().__init__()
        self._context = context
        self._agent = agent
        self.mark = label("", "mark", "idle")
        self.enrol = button(
            tr("Enrol this PC"), self._enrol, icon="add-device", need=context.rights.need("enrollment:create")
        )
        self.error = ErrorLine()
        text = label(
            tr("Manage this PC as well: an agent runs beside the window and the PC appears as a device."),
            "muted",
            wrap=True,
        )
        line = row(text, self.enrol)
        line.setStretch(0, 1)
        self.setLayout(column(card(row(label(tr("This PC"), "title"), None, self.mark), line, self.error)))
        stop = agent.subscribe(self._show)
        self.destroyed.connect(stop)

    def _enrol(self) -> None:
        self.enrol.setEnabled(False)
        self.error.hide()
        self._context.ops.run(
            make_token(self._context.client, invite_this_pc()),
            on_success=self._start,
            on_error=self._refused,
            owner=self,
        )

    def _start(self, secret: EnrollmentTokenSecret) -> None:
        self._agent.start(Invitation(secret.agent_url, secret.agent_pin, secret.token))

    def _refused(self, error: ApiError) -> None:
        self._show(self._agent.state)
        self.error.say(error.detail)

    def _show(self, state: AgentState) -> None:
        text, tone = _STATES[state]
        self.mark.setText(tr(text) if text else "")
        self.mark.setVisible(bool(text))
        set_role(self.mark, "mark", tone)
        possible = state in (AgentState.ABSENT, AgentState.REFUSED)
        self.enrol.setVisible(possible)
        self.enrol.setEnabled(possible)
        self.error.setText(self._agent.sentence)
        in_trouble = state in (AgentState.REFUSED, AgentState.RESTARTING)
        self.error.setVisible(in_trouble and bool(self._agent.sentence))
