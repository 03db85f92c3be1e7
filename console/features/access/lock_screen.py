"""What a locked window shows, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import Signal

from console.core.texts import tr
from console.features.access.forgotten import Forgotten
from console.features.access.person_proof import PersonProof
from console.shell.context import Context
from console.shell.parts import button, label, rule, spacer
from console.shell.screen import Screen


class LockScreen(Screen):
    """`unlocked` once its person has proven to be that; `other_wanted`: somebody else wants to sign in."""

    unlocked = Signal()
    other_wanted = Signal()

    def __init__(self, context: Context) -> None:
        user = context.session.user
        name = user.username if user else ""
        self.proof = PersonProof(context)
        self.unlock = button(tr("Unlock"), self.proof.ask, "primary")
        self.note = label("", "muted", wrap=True)
        self.note.hide()
        self.other = button(tr("Sign in as someone else"), self._other)
        self.forgotten = Forgotten(context.local, name)
        super().__init__(
            label(tr("This window is locked"), "page-title"),
            label(
                tr("{user} is signed in. What runs goes on, and what is unsaved stays as it is.", user=name),
                "muted",
                wrap=True,
            ),
            spacer(height=4),
            self.proof,
            self.note,
            self.unlock,
            self.forgotten,
            rule(),
            self.other,
            label(
                tr(
                    "This ends the session of {user}. Unsaved scripts, profiles and software stay as drafts.",
                    user=name,
                ),
                "secondary",
                wrap=True,
            ),
        )
        self.proof.changed.connect(self._refresh)
        self.proof.entered.connect(self.unlock.click)
        self.proof.proven.connect(self.unlocked)
        self.setFocusProxy(self.proof)
        self._refresh()

    def say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.show()

    def _refresh(self) -> None:
        self.unlock.setEnabled(self.proof.is_ready)
        for part in (self.unlock, self.forgotten):
            part.setVisible(self.proof.takes_password)

    def _other(self) -> None:
        self.other.setEnabled(False)
        self.other_wanted.emit()
