"""An address of an image's file for boot tools: signed, and good for a while."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QComboBox, QDialog, QPlainTextEdit, QWidget

from backend_lite.contract.images import BootUrl
from console.core import formatting
from console.core import software_ops as ops
from console.core.errors import ApiError
from console.core.texts import tr
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.command_box import CommandBox
from console.widgets.form import ErrorLine, Field

Object = dict[str, Any]
WIDTH = 560
_LINES = 3
DURATIONS = (
    (3600, "1 hour"),
    (4 * 3600, "4 hours"),
    (86_400, "1 day"),
    (3 * 86_400, "3 days"),
    (7 * 86_400, "1 week"),
)


class BootDialog(QDialog):
    def __init__(self, parent: QWidget, context: Context, image: Object) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = tr("Boot address of {name}", name=image["name"])
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        self._context, self._image = context, image
        self.duration = QComboBox()
        for seconds, words in DURATIONS:
            self.duration.addItem(tr(words), seconds)
        self.address = CommandBox(context.theme, tr("Address"))
        self.address.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.address.text.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.address.hide()
        self.until = label("", "secondary")
        self.error = ErrorLine()
        self.make = button(tr("Make an address"), self._make, "primary")
        text = tr(
            "Whoever has the address gets the file, without signing in and without encryption, until it "
            "expires. Give it to iPXE, a boot menu or a virtual machine."
        )
        lines = column(
            label(title, "title", wrap=True),
            label(text, "muted", wrap=True),
            row(Field(tr("Good for"), self.duration), None),
            self.address,
            self.until,
            self.error,
            row(None, button(tr("Close"), self.reject), self.make),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self.make.setDefault(True)
        self._fit()

    def _make(self) -> None:
        self.error.hide()
        self._context.ops.run(
            ops.boot_url(self._context.client, self._image["id"], int(self.duration.currentData())),
            on_success=self._show,
            on_error=self._refused,
            busy=self.make,
            owner=self,
        )

    def _show(self, made: BootUrl) -> None:
        self.address.show_command(made.url)
        self.address.text.setFixedHeight(_LINES * self._context.theme.line_height + 18)
        self.address.show()
        when = formatting.local_time(made.expires_at, self._context.clock())
        self.until.setText(tr("It expires {when}.", when=when))
        self._fit()

    def _refused(self, refusal: ApiError) -> None:
        hint = tr("It is below the list of images.") if refusal.code == "boot_off" else ""
        self.error.say(f"{refusal.detail} {hint}".strip())
        self._fit()

    def _fit(self) -> None:
        layout = self.layout()
        if layout is not None:
            # Wrapped lines that come later ask for no room by themselves.
            layout.activate()
            self.resize(WIDTH, layout.totalHeightForWidth(WIDTH))
