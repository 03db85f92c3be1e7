"""Making an API token: for what, for how long, and how much it may do."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from backend_lite.contract.accounts import ApiTokenCreate, ApiTokenSecret
from console.core import formatting
from console.core.errors import ApiError
from console.core.texts import plural, tr
from console.features.accounts import ops
from console.features.accounts.rights_table import RightsTable
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.fitting import FittingDialog
from console.widgets.form import Field
from console.widgets.switch import Switch

WIDTH = 680
DAYS = (1, 7, 30, 90, 365)
USUAL_DAYS = 30
MAX_NAME, MAX_DESCRIPTION = 200, 2000
COPIED_MS = 2000
ALL, SOME = "all", "some"


class TokenDialog(FittingDialog):
    """Stays open with the secret once the token is made: it is shown only this once. `made(secret)`."""

    made = Signal(object)

    def __init__(self, parent: QWidget, context: Context) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("New API token"))
        self.setFixedWidth(WIDTH)
        self._context = context
        self._let_go = self._making = False
        self.name, self.description = QLineEdit(), QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.name.setPlaceholderText(tr("What uses it, such as: Inventory export"))
        self.description.setMaxLength(MAX_DESCRIPTION)
        self.days = QComboBox()
        for days in DAYS:
            self.days.addItem(plural(days, "{count} day", "{count} days"), days)
        self.days.setCurrentIndex(DAYS.index(USUAL_DAYS))
        self.name_field = Field(tr("Name"), self.name)
        self.reach = Switch(
            tr("What it may do"), [(SOME, tr("Only what is ticked")), (ALL, tr("All that I may"))]
        )
        self.rights = RightsTable(tr("What the token may do"))
        self.rights.limit(context.rights.held)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.go = button(
            tr("Make the token"), self._make, "primary", need=context.rights.need("tokens:create")
        )
        self.cancel = button(tr("Cancel"), self.reject)
        self.form = QWidget()
        self.form.setLayout(
            column(
                row(self.name_field, Field(tr("Valid for"), self.days), gap=12),
                Field(tr("Description"), self.description),
                row(label(tr("It may do"), "header"), self.reach, None),
                self.rights,
                self.error,
                row(None, self.cancel, self.go),
                gap=12,
            )
        )
        self.result_ = self._result()
        lines = column(label(tr("New API token"), "title"), self.form, self.result_, gap=12)
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.reach.chosen.connect(lambda key: self.rights.setVisible(key == SOME))
        self.go.setDefault(True)
        self.name.setFocus()

    def wanted(self) -> ApiTokenCreate:
        scope = sorted(self.rights.ticked()) if self.reach.key == SOME else []
        return ApiTokenCreate(
            self.name.text().strip(),
            self.description.text().strip(),
            scope,
            int(self.days.currentData()),
        )

    def done(self, result: int) -> None:
        """Closing is not the end of it while the token was not copied: it is said, once. While it is being
        made nothing closes: it would be there, and nobody would have seen it."""
        if self._making:
            return
        if self.secret.text() and not self._let_go:
            self._let_go = True
            self.until.setText(
                tr("It was not copied, and nobody can show it again. Copy it, or close once more.")
            )
            set_role(self.until, "error")
            self.copy.setFocus()
            return
        super().done(result)

    def _result(self) -> QWidget:
        self.secret = QLineEdit()
        self.secret.setReadOnly(True)
        self.secret.setFont(self._context.theme.font("mono"))
        self.copy = button(tr("Copy"), self._copy, icon="copy", name=tr("Copy the token"))
        self.until = label("", "secondary", wrap=True)
        self.close_ = button(tr("Close"), self.accept, "primary")
        made = QWidget()
        made.setLayout(
            column(
                Field(tr("The token"), self.secret, "", self.copy),
                self.until,
                row(None, self.close_),
                gap=12,
            )
        )
        made.hide()
        return made

    def _make(self) -> None:
        self.error.hide()
        self.name_field.set_error("")
        wanted = self.wanted()
        if self.reach.key == SOME and not wanted.scope:
            self._say(tr("Tick what the token may do, or choose all that you may."))
            self.rights.setFocus()
            return
        self._making = True
        self._context.ops.run(
            ops.make_token(self._context.client, wanted),
            on_success=self._show,
            on_error=self._refused,
            on_done=self._made_or_not,
            busy=self.go,
            owner=self,
        )

    def _made_or_not(self) -> None:
        self._making = False

    def _show(self, secret: ApiTokenSecret) -> None:
        self.form.hide()
        self.secret.setText(secret.token)
        self.secret.setCursorPosition(0)
        until = formatting.local_time(secret.api_token.expires_at or "", self._context.clock())
        self.until.setText(
            tr(
                "Good until {until}, and shown only this once: copy it now to where it is needed.",
                until=until,
            )
        )
        self.result_.show()
        self.copy.setFocus()
        self.adjustSize()
        self.made.emit(secret)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.secret.text())
        self._let_go = True
        self.copy.setText(" " + tr("Copied"))
        QTimer.singleShot(COPIED_MS, self.copy, lambda: self.copy.setText(" " + tr("Copy")))

    def _refused(self, refusal: ApiError) -> None:
        if not self.name.text().strip():
            self.name_field.set_error(refusal.detail)
            self.name.setFocus()
        else:
            self._say(refusal.detail)

    def _say(self, sentence: str) -> None:
        self.error.setText(sentence)
        set_role(self.error, "error")
        self.error.show()
