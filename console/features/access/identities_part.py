"""The sign-ins at providers that are the person's own."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from backend_lite.contract.oidc import Identity, OwnSignIns
from console.core import formatting, provider_pages
from console.core.texts import tr
from console.features.access.provider_part import ProviderPart
from console.shell.context import Context
from console.shell.parts import ElidedLabel, button, card, column, label, row
from console.widgets.confirm import confirm
from console.widgets.form import ErrorLine


class IdentitiesPart(QWidget):
    """Hidden where there is no provider and no sign-in at one. `changed`: they are to be loaded anew."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._rows: QVBoxLayout = column(gap=10)
        self.link = ProviderPart(
            context, provider_pages.begin_link, tr("Link with {provider}", provider="{provider}")
        )
        self.link.done.connect(lambda _answer: self.changed.emit())
        self.error = ErrorLine()
        self.setLayout(
            column(
                card(
                    label(tr("Sign-in through a provider"), "title"),
                    label(
                        tr("These sign-ins open your account here, as your password does."),
                        "muted",
                        wrap=True,
                    ),
                    self._rows,
                    self.error,
                    self.link,
                )
            )
        )
        self.hide()

    def show_ways(self, ways: OwnSignIns) -> None:
        self.setVisible(bool(ways.provider or ways.identities))
        self.error.hide()
        self.link.offer("" if ways.step_up else ways.provider)
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for identity in ways.identities:
            self._rows.addWidget(self._line(identity))

    def _line(self, identity: Identity) -> QWidget:
        title = provider_of(identity.issuer)
        since = formatting.local_time(identity.created_at, self._context.clock())
        told = [identity.email or identity.subject, tr("since {when}", when=since)]
        name = tr("Take the sign-in at {provider} away", provider=title)
        take_away = button(tr("Take away"), partial(self._ask, identity.id, title), "danger", name=name)
        line = QWidget()
        line.setLayout(
            row(
                column(ElidedLabel(title, "header"), ElidedLabel(" · ".join(told), "secondary"), gap=2),
                None,
                take_away,
            )
        )
        return line

    def _ask(self, identity_id: int, title: str) -> None:
        confirm(
            self.window(),
            tr("Take the sign-in at {provider} away?", provider=title),
            tr("It opens your account here no more. You can link it again."),
            tr("Take away"),
            partial(self._unlink, identity_id),
        )

    def _unlink(self, identity_id: int) -> None:
        self._context.ops.run(
            provider_pages.unlink(self._context.client, identity_id),
            on_success=lambda _none: self.changed.emit(),
            on_error=self.error.refused,
            owner=self,
        )


def provider_of(issuer: str) -> str:
    """An issuer as people know it."""
    return urlsplit(issuer).hostname or tr("The provider, at the first sign-in")
