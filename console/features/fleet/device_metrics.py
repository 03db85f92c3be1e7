"""What a device was doing: processor, memory and disk over a day, a week or a month."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from backend_lite.contract.fleet import MetricHistory, MetricPoint
from console.core import formatting
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.fleet import ops
from console.shell.context import Context
from console.shell.parts import card, column, label, row
from console.shell.theme import set_role
from console.widgets.empty_state import EmptyState
from console.widgets.history_chart import HistoryChart
from console.widgets.switch import Switch

SPANS = {"24": 24, "168": 7 * 24, "720": 30 * 24}
_AGAIN_MS = 300_000


class DeviceMetrics(QWidget):
    """The three charts point to the same moment."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._device_id = 0
        self.span = Switch(
            tr("Time"), [("24", tr("24 hours")), ("168", tr("7 days")), ("720", tr("30 days"))]
        )
        self.note = label("", "error")
        self.moment = label("", "muted")
        self.charts = {
            "cpu": HistoryChart(tr("Processor"), "accent", self._when),
            "memory": HistoryChart(tr("Memory"), "good", self._when),
            "disk": HistoryChart(tr("Disk"), "warning", self._when),
        }
        self.values = {key: label("", "secondary") for key in self.charts}
        self.nothing = EmptyState(
            "clock",
            tr("Nothing was measured yet"),
            tr("While its agent is connected, a sample is kept every five minutes, for 30 days."),
        )
        self.body = QWidget()
        set_role(self.body, "scrolled")
        cards = [
            card(row(label(chart.accessibleName(), "header"), None, self.values[key]), chart)
            for key, chart in self.charts.items()
        ]
        head = row(self.span, self.note, None, self.moment)
        lines = column(head, *cards, self.nothing, None, gap=12)
        lines.setContentsMargins(16, 16, 16, 16)
        self.body.setLayout(lines)
        self._cards = cards
        area = QScrollArea()
        set_role(area, "page")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.body)
        self.setLayout(column(area, gap=0))
        self.nothing.hide()
        self._connect()

    @property
    def hours(self) -> int:
        return SPANS[self.span.key]

    def show_device(self, device_id: int) -> None:
        """Reads nothing yet: that begins when the part is seen."""
        self._device_id = device_id
        for chart in self.charts.values():
            chart.point(-1)
            chart.show_points(())

    def load(self) -> None:
        asked = self._device_id, self.hours
        self._context.ops.run(
            ops.load_metrics(self._context.client, *asked),
            on_success=lambda history: self._show(asked, history),
            on_error=self._refused,
            owner=self,
        )

    # ---- inside

    def _connect(self) -> None:
        self.span.chosen.connect(lambda _key: self.load())
        for chart in self.charts.values():
            chart.pointed.connect(self._point)
        timer = QTimer(self)
        timer.setInterval(_AGAIN_MS)
        timer.timeout.connect(lambda: self.load() if self.isVisible() else None)
        timer.start()

    def _show(self, asked: tuple[int, int], history: MetricHistory) -> None:
        if asked != (self._device_id, self.hours):
            return
        self.note.setText("")
        times = [formatting.moment(point.at) for point in history.points]
        for key, chart in self.charts.items():
            values = [_value(point, key) for point in history.points]
            chart.show_points(list(zip(times, values, strict=True)))
        heard = any(_value(point, key) is not None for point in history.points for key in self.charts)
        self.nothing.setVisible(not heard)
        for part in self._cards:
            part.setVisible(heard)
        self._say()

    def _point(self, at: int) -> None:
        for chart in self.charts.values():
            chart.point(at)
        self._say()

    def _say(self) -> None:
        """Values at the moment that is pointed at, or else the newest."""
        for key, chart in self.charts.items():
            known = [value for _at, value in chart.points if value is not None]
            value = chart.value() if chart.at >= 0 else known[-1] if known else None
            self.values[key].setText(formatting.percent(value))
        first = next(iter(self.charts.values()))
        pointing = 0 <= first.at < len(first.points)
        self.moment.setText(self._local(first.points[first.at][0]) if pointing else "")

    def _local(self, time: datetime) -> str:
        return formatting.local_time(time, self._context.clock())

    def _when(self, time: datetime) -> str:
        local = time.astimezone()
        return f"{local:%H:%M}" if self.hours <= 24 else f"{local.day} {local:%b}"

    def _refused(self, refusal: ApiError) -> None:
        self.note.setText(refusal.detail)


def _value(point: MetricPoint, key: str) -> float | None:
    value: float | None = getattr(point, key)
    return value
