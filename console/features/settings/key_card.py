"""The master key: its state, where it lies, how to get one, and putting another in its place."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from backend_lite.contract.settings import MasterKeyState
from console.core import formatting
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.settings import ops
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.widgets.confirm import confirm
from console.widgets.form import Facts
from console.widgets.notice_bar import NoticeBar

_WIDTH = 804


class KeyCard(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.facts = Facts(120)
        self.notice = NoticeBar()
        self.rotate = button(
            tr("Rotate…"),
            self._ask,
            name=tr("Rotate the master key"),
            need=context.rights.need("settings:edit"),
        )
        self.rotate.setEnabled(False)
        meaning = label(
            tr("Secrets are encrypted with it before they reach the database. It is in no backup."),
            "muted",
            wrap=True,
        )
        made = card(
            row(label(tr("Master key"), "title"), None, self.rotate), meaning, self.notice, self.facts
        )
        made.setMaximumWidth(_WIDTH)
        self.setLayout(column(made))

    def load(self) -> None:
        self._context.ops.run(
            ops.key_state(self._context.client), on_success=self._show, on_error=self._refused, owner=self
        )

    def _show(self, state: MasterKeyState) -> None:
        now = self._context.clock()
        words = {
            "key_file": tr("In a file"),
            "keyring": tr("In the keyring of the account that runs the service"),
            "none": tr("There is none"),
        }
        self.notice.say(state.problem, "warning")
        self.facts.show_fact(tr("Where it lies"), words.get(state.source, state.source))
        self.facts.show_fact(tr("File"), state.place)
        secrets = plural(state.secrets, "One is stored", "{count} are stored") if state.secrets else ""
        self.facts.show_fact(tr("Secrets"), secrets or tr("None is stored"))
        rotated = formatting.ago(state.rotated_at, now) if state.rotated_at else tr("Never")
        self.facts.show_fact(tr("Rotated"), "" if state.problem else rotated)
        self.rotate.setEnabled(not state.problem)

    def _refused(self, refusal: ApiError) -> None:
        self.notice.say(refusal.detail, "bad")

    def _ask(self) -> None:
        confirm(
            self.window(),
            tr("Put a new master key in the place of this one?"),
            tr(
                "Every secret is encrypted anew, and the old key is forgotten. Backups made before then hold "
                "secrets that only their recovery kit can open: make a backup and a recovery kit afterwards."
            ),
            tr("Rotate"),
            self._rotate,
        )

    def _rotate(self) -> None:
        self._context.ops.run(
            ops.rotate(self._context.client),
            on_success=self._rotated,
            on_error=self._refused,
            busy=self.rotate,
            owner=self,
        )

    def _rotated(self, state: MasterKeyState) -> None:
        self._show(state)
        self._context.notices.notice(tr("Every secret has the new master key."), "good")
