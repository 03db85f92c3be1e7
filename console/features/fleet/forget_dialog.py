"""Forgetting devices takes their history away for good: it is typed, not only pressed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from console.core.texts import plural, tr
from console.shell.parts import button, column, label, row
from console.widgets.fitting import FittingDialog
from console.widgets.form import Field

_WIDTH = 460
_NAMED = 5


class ForgetDialog(FittingDialog):
    """Accepted once the name of the device, or the number of the devices, was typed."""

    def __init__(self, parent: QWidget, names: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = plural(len(names), "Forget this device?", "Forget {count} devices?")
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH)
        self.wanted = names[0] if len(names) == 1 else str(len(names))
        self.box = QLineEdit()
        hint = tr("Type {wanted} to go on.", wanted=self.wanted)
        listed = ", ".join(names[:_NAMED]) + ("…" if len(names) > _NAMED else "")
        self.go = button(tr("Forget"), self.accept, "danger")
        self.go.setEnabled(False)
        lines = column(
            label(title, "title", wrap=True),
            label(
                tr(
                    "{names}: its runs, their output and its metrics are removed for good. Its key is shut "
                    "out no longer: an agent that still has it can be enrolled again.",
                    names=listed,
                ),
                "muted",
                wrap=True,
            ),
            Field(tr("Name") if len(names) == 1 else tr("Number"), self.box, hint),
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.box.textChanged.connect(lambda text: self.go.setEnabled(text.strip() == self.wanted))
        self.box.returnPressed.connect(self.go.click)
        self.box.setFocus()
