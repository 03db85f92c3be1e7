"""The tokens that still let somebody in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from backend_lite.contract.live import ENROLLMENT_TOKEN
from console.core import formatting
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.enroll.ops import revoke_tokens
from console.shell.context import Context
from console.shell.parts import ElidedLabel, button, card, column, label

Token = dict[str, Any]


def usable(tokens: dict[int, Token], now: datetime) -> list[Token]:
    """Neither revoked nor used up nor expired; the newest first."""
    good = [
        token
        for token in tokens.values()
        if not token.get("revoked_at")
        and token["used"] < token["uses"]
        and formatting.moment(token["expires_at"]) > now
    ]
    return sorted(good, key=lambda token: int(token["id"]), reverse=True)


class TokenList(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(2, 1)
        self._inside = card(label(tr("Tokens in use"), "title"), self._grid)
        self.setLayout(column(self._inside))
        self.revoke: dict[int, QPushButton] = {}
        stop = context.live.subscribe(ENROLLMENT_TOKEN, self._take)
        self.destroyed.connect(stop)

    def _take(self, _batch: LiveBatch) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Also as time goes by: expiry is a matter of the clock."""
        now = self._context.clock()
        self._clear()
        tokens = usable(self._context.live.kind(ENROLLMENT_TOKEN), now)
        for line, token in enumerate(tokens):
            self._show(line, token, now)
        self.setVisible(bool(tokens))

    def _show(self, line: int, token: Token, now: datetime) -> None:
        name = str(token["name"] or tr("Token {id}", id=token["id"]))
        facts = [
            tr("{used} of {uses} used", used=token["used"], uses=token["uses"]),
            tr("expires {time}", time=formatting.ago(token["expires_at"], now)),
            tr("approves by itself") if token["auto_approve"] else tr("waits for approval"),
        ]
        self._grid.addWidget(ElidedLabel(name, "strong"), line, 0)
        self._grid.addWidget(ElidedLabel(" · ".join(facts), "muted"), line, 1)
        token_id = int(token["id"])
        revoke = button(
            tr("Revoke"),
            lambda: self._revoke(token_id),
            "danger",
            name=tr("Revoke {name}", name=name),
            need=self._context.rights.need("enrollment:delete"),
        )
        self.revoke[token_id] = revoke
        self._grid.addWidget(revoke, line, 3)

    def _revoke(self, token_id: int) -> None:
        self.revoke[token_id].setEnabled(False)
        self._context.ops.run(
            revoke_tokens(self._context.client, [token_id]),
            on_success=lambda _: self._context.notices.notice(
                tr("The token lets nobody in any more."), "good"
            ),
            on_done=self.refresh,
            owner=self,
        )

    def _clear(self) -> None:
        self.revoke.clear()
        while self._grid.count():
            item = self._grid.takeAt(0)
            old = item.widget() if item is not None else None
            if old is not None:
                old.hide()
                old.deleteLater()
