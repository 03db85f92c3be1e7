"""A question before something that cannot be taken back. It never blocks the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, label, row
from console.widgets.fitting import FittingDialog

WIDTH = 440
_MARGINS = (20, 20, 20, 16)


class ConfirmDialog(FittingDialog):
    """Buttons from left to right; `answered` is the key of the one that was pressed, empty when cancelled."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        text: str,
        choices: dict[str, tuple[str, str]],
        option: QWidget | None = None,
    ) -> None:
        """`choices` gives for each key (text, role of the button); `option` is shown below the text."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        self.answered = ""
        self.buttons: dict[str, QPushButton] = {}
        for key, (words, role) in choices.items():
            self.buttons[key] = button(words, lambda key=key: self._answer(key), role)  # type: ignore[misc]
        self.cancel = button(tr("Cancel"), self.reject)
        self.text = label(text, "muted", wrap=True)
        lines = column(
            label(title, "title", wrap=True),
            self.text,
            *([option] if option is not None else []),
            row(None, self.cancel, *self.buttons.values()),
            gap=12,
        )
        lines.setContentsMargins(*_MARGINS)
        self.setLayout(lines)
        self.cancel.setFocus()

    def _answer(self, key: str) -> None:
        self.answered = key
        self.accept()


def confirm(
    parent: QWidget,
    title: str,
    text: str,
    action: str,
    then: Callable[[], None],
    *,
    role: str = "danger",
    option: QWidget | None = None,
) -> ConfirmDialog:
    """Asks; `then` is called if the person goes on."""
    dialog = ConfirmDialog(parent, title, text, {"yes": (action, role)}, option)
    dialog.accepted.connect(then)
    dialog.open()
    return dialog


async def choose(parent: QWidget, title: str, text: str, choices: dict[str, tuple[str, str]]) -> str:
    """Asks and waits for the key of the pressed button; empty when cancelled, or when `parent` is gone."""
    dialog = ConfirmDialog(parent, title, text, choices)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def finished(_result: int) -> None:
        if not answer.done():
            answer.set_result(dialog.answered)

    dialog.finished.connect(finished)
    # With its parent it goes without an answer: when the session ends, say.
    dialog.destroyed.connect(lambda: finished(0))
    dialog.open()
    try:
        return await answer
    finally:
        if answer.cancelled() and shiboken6.isValid(dialog):
            dialog.close()
