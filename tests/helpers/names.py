"""Controls that a screen reader would call nothing."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QTabBar,
    QWidget,
)

CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QSpinBox, QAbstractItemView, QTabBar)


def unnamed(window: QWidget) -> list[str]:
    """Those in `window` that can have the focus; the insides of a combo or spin box are Qt's own."""
    return [
        f"{type(widget).__name__} at {widget.mapTo(window, QPoint()).toTuple()}"
        for widget in window.findChildren(QWidget)
        if isinstance(widget, CONTROLS)
        and widget.window() is window.window()
        and not isinstance(widget.parent(), QComboBox | QSpinBox)
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not widget.accessibleName()
        and not (isinstance(widget, QAbstractButton) and widget.text().strip())
    ]
