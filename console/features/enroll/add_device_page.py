"""The page that brings devices in."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from backend_lite.contract.live import AGENT_ENDPOINT
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.enroll.arrivals import Arrivals
from console.features.enroll.endpoint_card import EndpointCard
from console.features.enroll.this_pc_card import ThisPcCard
from console.features.enroll.token_card import TokenCard
from console.features.enroll.token_list import TokenList
from console.shell.context import Context
from console.shell.page import Page
from console.shell.parts import PageHeader, column
from console.shell.theme import set_role

REFRESH_MS = 30_000
WIDTH = 820


class AddDevicePage(Page):
    key = "add-device"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setWindowTitle(tr("Add device"))
        self.endpoint = EndpointCard(context)
        self.token = TokenCard(context)
        self.endpoint.known.connect(self.token.show_endpoint)
        self.tokens = TokenList(context)
        self.this_pc = ThisPcCard(context, context.this_pc) if context.this_pc is not None else None
        self.arrivals = Arrivals(context)
        self.destroyed.connect(self.arrivals.deleteLater)
        header = PageHeader(tr("Add device"))
        header.note.setText(tr("Two steps, then the device appears on the right"))
        self.setLayout(column(header, self._steps(), gap=0))
        stop = context.live.subscribe(AGENT_ENDPOINT, self._endpoint_changed)
        self.destroyed.connect(stop)
        timer = QTimer(self)
        timer.setInterval(REFRESH_MS)
        timer.timeout.connect(self._time_passed)
        timer.start()

    def show_target(self, target: str | None) -> None:
        self.endpoint.load()
        self._time_passed()

    def details(self) -> QWidget | None:
        return self.arrivals

    def _steps(self) -> QScrollArea:
        cards = [self.this_pc] if self.this_pc is not None else []
        lines = column(*cards, self.endpoint, self.token, self.tokens, None, gap=12)
        lines.setContentsMargins(16, 16, 16, 16)
        inside = QWidget()
        set_role(inside, "scrolled")
        inside.setLayout(lines)
        inside.setMaximumWidth(WIDTH)
        area = QScrollArea()
        set_role(area, "page")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        return area

    def _endpoint_changed(self, batch: LiveBatch) -> None:
        if not batch.reset or batch.changed:
            self.endpoint.load()

    def _time_passed(self) -> None:
        self.tokens.refresh()
        self.arrivals.refresh()
