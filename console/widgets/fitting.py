"""Dialogs are as high as what they show, and never higher than the screen."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

_AROUND = 64
"""Of the screen's height: the frame of the dialog, and a little air."""


def fit_height(dialog: QDialog) -> None:
    """Qt guesses the height of wrapped text from another width than the one it gets. To be called when the
    dialog is shown: before that its fonts are not known."""
    layout = dialog.layout()
    if layout is None:
        return
    layout.activate()
    wanted = layout.totalHeightForWidth(dialog.width())
    if wanted < 0:
        wanted = layout.totalSizeHint().height()
    dialog.resize(dialog.width(), min(wanted, dialog.screen().availableSize().height() - _AROUND))
