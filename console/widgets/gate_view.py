"""What stands between pressing Run and the start: the reasons, and the number that has to be typed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.runs import Preview, RolloutGate, Severity
from console.core.finding_words import finding_lines
from console.core.texts import tr
from console.shell.parts import column
from console.widgets.count_check import CountCheck
from console.widgets.lines import Lines

DANGEROUS_FROM = 25
"""From so many devices on a dangerous script asks for their number, whatever the settings say."""
_LINES = 3
_NOTHING = Preview([], 0, 0, None, None, [], [], [])


class GateView(QWidget):
    """Hidden while nothing stands against it; `changed` follows what is typed."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.reasons = Lines(tr("Before it starts"), _LINES)
        self.count = CountCheck()
        self.count.changed.connect(self.changed)
        self.setLayout(column(self.reasons, self.count, gap=6))
        self.hide()

    @property
    def confirmed(self) -> int | None:
        """What goes into `RolloutCreate.confirmed_devices`."""
        return self.count.confirmed

    def wrong(self) -> str:
        """What is missing, in a sentence."""
        return self.count.wrong()

    def show_preview(self, preview: Preview | None, *, only_look: bool = False) -> None:
        """With `only_look` nothing will be started, and no number is asked for."""
        if preview is None or preview.errors:
            # What cannot begin at all has nothing between it and its start.
            preview = _NOTHING
        gate = preview.gate
        dangers = [one for one in preview.findings if one.severity is Severity.DANGER]
        asks = gate.confirm or (bool(dangers) and gate.devices >= DANGEROUS_FROM)
        said = [_line(gate, reason) for reason in gate.reasons]
        if asks and not said:
            said = finding_lines(dangers, len(preview.tasks))
        self.reasons.show_lines(said)
        self.count.ask_for(gate.devices if asks and not only_look else 0)
        self.setVisible(bool(said or asks))


def _line(gate: RolloutGate, reason: str) -> tuple[str, str, str]:
    word = tr("Approval") if gate.approve else tr("Careful")
    return word, "warning", reason
