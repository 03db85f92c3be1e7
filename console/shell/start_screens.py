"""What the window shows while there is no service yet, and when it cannot start."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar

from console.core.texts import tr
from console.shell.parts import button, label, row, spacer
from console.shell.screen import Screen


class StartingScreen(Screen):
    def __init__(self) -> None:
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName(tr("The service is starting"))
        super().__init__(label(tr("Starting the service…"), "title"), spacer(height=2), bar)


class FailedScreen(Screen):
    """`sentence` says what to mend. Without `try_again` nothing can be tried from here."""

    def __init__(
        self,
        title: str,
        sentence: str,
        quit_: Callable[[], None],
        try_again: Callable[[], None] | None = None,
    ) -> None:
        self.sentence = sentence
        text = label(sentence, wrap=True)
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        text.setAccessibleName(sentence)
        ways = [button(tr("Quit"), quit_)]
        if try_again is not None:
            ways.insert(0, button(tr("Try again"), try_again, "primary"))
        super().__init__(
            label(title, "page-title"),
            text,
            spacer(height=4),
            row(*ways, None),
            width=480,
        )
        self.setFocusProxy(ways[0])
