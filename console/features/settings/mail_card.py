"""Trying the mail server."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from backend_lite.contract.common import Message
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.settings import ops
from console.shell.context import Context
from console.shell.parts import button, card, column, label, row
from console.widgets.notice_bar import NoticeBar

_WIDTH = 804


class MailCard(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.to = QLineEdit()
        self.to.setAccessibleName(tr("Address for the test message"))
        self.to.setPlaceholderText(tr("you@example.com"))
        self.to.setFixedWidth(260)
        self.to.returnPressed.connect(self._send)
        self.send = button(
            tr("Send"), self._send, name=tr("Send a test message"), need=context.rights.need("settings:edit")
        )
        self.notice = NoticeBar()
        made = card(
            label(tr("Try it"), "title"),
            label(tr("Sends a message with the settings as they are saved."), "muted", wrap=True),
            row(self.to, self.send, None),
            self.notice,
        )
        made.setMaximumWidth(_WIDTH)
        self.setLayout(column(made))

    def _send(self) -> None:
        to = self.to.text().strip()
        if not to or not self.send.isEnabled():
            return
        self.notice.say("")
        self._context.ops.run(
            ops.test_mail(self._context.client, to),
            on_success=self._sent,
            on_error=self._refused,
            busy=self.send,
            owner=self,
        )

    def _sent(self, answer: Message) -> None:
        self.notice.say(answer.message, "good")

    def _refused(self, refusal: ApiError) -> None:
        self.notice.say(refusal.detail, "bad")
