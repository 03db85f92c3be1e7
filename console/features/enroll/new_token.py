"""Making a token: for whom, how long, how often, and where its devices go."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLineEdit, QWidget

from backend_lite.contract.enroll import (
    DEFAULT_TTL_S,
    DEFAULT_USES,
    EnrollmentTokenCreate,
    EnrollmentTokenSecret,
)
from backend_lite.contract.live import GROUP
from console.core import formatting
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.enroll.ops import make_token
from console.features.enroll.token_card import LIFETIMES_S, MOST_USES
from console.features.enroll.token_result import TokenResult
from console.shell.context import Context
from console.shell.parts import button, column, label, row, spin_box
from console.widgets.form import ErrorLine, Field
from console.widgets.tick_list import TickList

WIDTH = 560
MAX_NAME = 200


class NewTokenDialog(QDialog):
    """Stays open with the commands once the token is made: they are shown only this once. `made(secret)`."""

    made = Signal(object)

    def __init__(self, parent: QWidget, context: Context) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("New enrollment token"))
        self.setFixedWidth(WIDTH)
        self._context = context
        self._making = False
        self.name = QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.name.setPlaceholderText(tr("What it is for, such as: Laptops of May"))
        self.lifetime = QComboBox()
        for seconds in LIFETIMES_S:
            self.lifetime.addItem(formatting.rough(seconds), seconds)
        self.lifetime.setCurrentIndex(LIFETIMES_S.index(DEFAULT_TTL_S))
        self.uses = spin_box(tr("Devices"), 1, MOST_USES, DEFAULT_USES)
        self.groups = TickList(tr("Groups"))
        self.groups_field = Field(tr("Groups that its devices join"), self.groups)
        self.approve = QCheckBox(tr("Approve its devices automatically"))
        self.warning = label(
            tr("Whoever has the token gets in unseen, until it expires. Nobody compares words."),
            "tone",
            "warning",
            wrap=True,
        )
        self.warning.hide()
        self.error = ErrorLine()
        self.go = button(tr("Make the token"), self._make, "primary")
        self.cancel = button(tr("Cancel"), self.reject)
        limits = row(Field(tr("Valid for"), self.lifetime), Field(tr("Devices"), self.uses), None, gap=16)
        self.form = QWidget()
        self.form.setLayout(
            column(
                Field(tr("Name"), self.name),
                limits,
                self.groups_field,
                self.approve,
                self.warning,
                self.error,
                row(None, self.cancel, self.go),
                gap=12,
            )
        )
        self.result_ = TokenResult(context)
        self.close_ = button(tr("Close"), self.accept, "primary")
        self.close_.hide()
        lines = column(
            label(tr("New enrollment token"), "title"),
            self.form,
            self.result_,
            row(None, self.close_),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.approve.toggled.connect(self.warning.setVisible)
        self.destroyed.connect(context.live.subscribe(GROUP, self._take_groups))
        self.go.setDefault(True)
        self.name.setFocus()

    def done(self, result: int) -> None:
        """While the token is being made nothing closes: it would be there, and nobody would have seen it."""
        if not self._making:
            super().done(result)

    def wanted(self) -> EnrollmentTokenCreate:
        return EnrollmentTokenCreate(
            name=self.name.text().strip(),
            ttl_s=int(self.lifetime.currentData()),
            uses=self.uses.value(),
            auto_approve=self.approve.isChecked(),
            groups=self.groups.ticked(),
        )

    def _take_groups(self, _batch: LiveBatch) -> None:
        named = {
            key: str(group["name"])
            for key, group in self._context.live.kind(GROUP).items()
            if group.get("query") is None
        }
        self.groups.show_names(named)
        self.groups_field.setVisible(bool(named))

    def _make(self) -> None:
        self.error.hide()
        self._making = True
        self._context.ops.run(
            make_token(self._context.client, self.wanted()),
            on_success=self._show,
            on_error=self.error.refused,
            on_done=self._made_or_not,
            busy=self.go,
            owner=self,
        )

    def _made_or_not(self) -> None:
        self._making = False

    def _show(self, secret: EnrollmentTokenSecret) -> None:
        self.form.hide()
        self.close_.show()
        self.result_.show_token(secret)
        self.close_.setFocus()
        self.adjustSize()
        self.made.emit(secret)
