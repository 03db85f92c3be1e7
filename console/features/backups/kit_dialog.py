"""A passphrase for a recovery kit, and where to put it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QWidget

from backend_lite.contract.backups import RecoveryKitCreate
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.backups import ops, words
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.fitting import FittingDialog
from console.widgets.form import Field
from console.widgets.status_badge import StatusBadge

_WIDTH = 480


class KitDialog(FittingDialog):
    def __init__(self, parent: QWidget, context: Context) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Make a recovery kit"))
        self.setFixedWidth(_WIDTH)
        self._context = context
        self.first, self.second = _secret(), _secret()
        self.passphrase = Field(tr("Passphrase"), self.first)
        self.again = Field(tr("Passphrase once more"), self.second)
        self.badge = StatusBadge()
        self.hint = label("", "muted", wrap=True)
        self.output = QCheckBox(tr("With the output of runs"))
        self.go = button(tr("Choose where…"), self.ask_place, "primary")
        self.doing = label("", "muted", wrap=True)
        self.wrong = label("", "error", wrap=True)
        lines = column(
            label(tr("Make a recovery kit"), "title"),
            label(
                tr(
                    "One encrypted file with everything a new management PC needs: the database, the keys "
                    "that devices trust, and the key of stored secrets. Keep it away from this PC, and the "
                    "passphrase away from it."
                ),
                "muted",
                wrap=True,
            ),
            self.passphrase,
            row(self.badge, self.hint, None),
            self.again,
            self.output,
            self.doing,
            self.wrong,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.go.setDefault(True)
        for box in (self.first, self.second):
            box.textChanged.connect(self._check)
        self._say("")
        self._check()
        self.first.setFocus()

    @property
    def ready(self) -> bool:
        strong = words.strength(self.first.text())[1] in ("good", "warning")
        return strong and self.first.text() == self.second.text()

    def ask_place(self) -> QFileDialog | None:
        if not self.ready:
            return None
        dialog = QFileDialog(self, tr("Save the recovery kit"), "", tr("Recovery kits (*.kit)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("kit")
        dialog.selectFile(f"deployflow-{self._context.clock():%Y-%m-%d}.kit")
        dialog.fileSelected.connect(lambda path: self.make(Path(path)))
        dialog.open()
        return dialog

    def make(self, to: Path) -> None:
        self._busy(True)
        self._say("")
        wanted = RecoveryKitCreate(self.first.text(), self.output.isChecked())
        handle = self._context.ops.run(
            ops.make_kit(self._context.client, wanted, to),
            on_success=self._made,
            on_error=self._refused,
            on_done=lambda: self._busy(False),
            owner=self,
        )
        handle.progressed.connect(lambda _done, text: self.doing.setText(text))

    def _made(self, kit: Path) -> None:
        self._context.notices.notice(
            tr("{name} is a whole recovery kit. Put it where this PC cannot take it along.", name=kit.name),
            "good",
        )
        self.accept()

    def _refused(self, refusal: ApiError) -> None:
        self._say(refusal.detail)

    def _say(self, sentence: str) -> None:
        self.wrong.setText(sentence)
        self.wrong.setVisible(bool(sentence))

    def _busy(self, busy: bool) -> None:
        for part in (self.first, self.second, self.output):
            part.setEnabled(not busy)
        self.doing.setText("")
        self.doing.setVisible(busy)
        self.go.setEnabled(not busy and self.ready)

    def _check(self) -> None:
        sentence, tone = words.strength(self.first.text())
        self.badge.setVisible(bool(self.first.text()))
        self.badge.show_state({"good": tr("Strong"), "warning": tr("Fair")}.get(tone, tr("Weak")), tone)
        self.hint.setText(sentence if tone != "good" else "")
        differs = bool(self.second.text()) and self.first.text() != self.second.text()
        self.again.set_error(tr("The two are not the same.") if differs else "")
        self._busy(False)


def _secret() -> QLineEdit:
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    set_role(made, "")
    return made
