"""The one home of every colour, font and size of the window."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from console.shell import icons
from console.shell.style_sheet import style_sheet
from console.shell.tokens import DARK, LIGHT, Tokens

UI_FAMILIES = ["Segoe UI Variable Text", "Segoe UI", "Inter", "Noto Sans", "DejaVu Sans"]
MONO_FAMILIES = ["Cascadia Mono", "JetBrains Mono", "Menlo", "DejaVu Sans Mono", "Consolas"]

_FONTS: dict[str, tuple[int, QFont.Weight]] = {
    "body": (13, QFont.Weight.Normal),
    "strong": (13, QFont.Weight.Medium),
    "secondary": (12, QFont.Weight.Normal),
    "group": (11, QFont.Weight.Medium),
    "header": (12, QFont.Weight.DemiBold),
    "title": (15, QFont.Weight.DemiBold),
    "page_title": (18, QFont.Weight.DemiBold),
    "mono": (12, QFont.Weight.Normal),
}


class Mode(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """`changed` is emitted after palette and style sheet are in place: repaint what you paint yourself."""

    changed = Signal()

    row_height = 30
    row_height_compact = 26
    control = 30
    radius = 7
    gap = 8
    margin = 16
    icon_size = 16
    line_height = 18
    side_width = 208
    details_width = 344

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.SYSTEM
        self.tokens = LIGHT
        self._fonts: dict[str, QFont] = {}
        self._icons: dict[tuple[str, str], QIcon] = {}
        self._buttons: WeakKeyDictionary[QAbstractButton, tuple[str, str]] = WeakKeyDictionary()
        self._windows: WeakSet[QWidget] = WeakSet()
        self.sheet = ""
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def apply(self, mode: Mode | str) -> None:
        """Puts on the light or the dark theme, or follows the system's."""
        self.mode = Mode(mode)
        self._put_on(DARK if self._wants_dark() else LIGHT)

    def dress(self, window: QWidget) -> None:
        """Gives a window that belongs to no other the style sheet, for itself and all in it.

        Not the application: Qt would then style every part anew each time that it is put into another one,
        and a page would take three times as long to make.
        """
        self._windows.add(window)
        window.setStyleSheet(self.sheet)

    def font(self, role: str) -> QFont:
        """`body strong secondary group header title page_title mono`; figures are tabular in all of them."""
        if role not in self._fonts:
            pixels, weight = _FONTS[role]
            font = QFont(MONO_FAMILIES if role == "mono" else self._ui_families())
            font.setPixelSize(pixels)
            font.setWeight(weight)
            font.setFeature(QFont.Tag("tnum"), 1)
            if role == "mono":
                font.setStyleHint(QFont.StyleHint.Monospace)
                # A script's `!=` and `->` must look like what they are.
                font.setFeature(QFont.Tag("calt"), 0)
                font.setFeature(QFont.Tag("liga"), 0)
            self._fonts[role] = font
        return QFont(self._fonts[role])

    def color(self, name: str) -> QColor:
        """A token by its name, such as `muted`."""
        return QColor(getattr(self.tokens, name))

    def icon(self, name: str, color: str = "muted") -> QIcon:
        """`resources/icons/<name>.svg` in the colour of a token; ask again after `changed`."""
        key = (name, color)
        if key not in self._icons:
            self._icons[key] = icons.tinted(name, self.color(color), self.color("faint"), self.icon_size)
        return self._icons[key]

    def set_icon(self, button: QAbstractButton, name: str, color: str = "muted") -> None:
        """Gives `button` an icon that follows the theme."""
        self._buttons[button] = (name, color)
        button.setIcon(self.icon(name, color))

    def _ui_families(self) -> list[str]:
        system = QGuiApplication.font().families() if QGuiApplication.platformName() == "cocoa" else []
        return [*system, *UI_FAMILIES]

    def _wants_dark(self) -> bool:
        if self.mode is Mode.SYSTEM:
            return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self.mode is Mode.DARK

    def _follow_system(self) -> None:
        if self.mode is Mode.SYSTEM:
            self.apply(Mode.SYSTEM)

    def _put_on(self, tokens: Tokens) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.tokens = tokens
        self._icons.clear()
        if not self.sheet:
            app.setStyle("Fusion")
        app.setFont(self.font("body"))
        app.setPalette(_palette(tokens))
        self.sheet = style_sheet(tokens, self)
        for window in list(self._windows):
            if shiboken6.isValid(window):
                window.setStyleSheet(self.sheet)
        for button, (name, color) in list(self._buttons.items()):
            if shiboken6.isValid(button):
                button.setIcon(self.icon(name, color))
        self.changed.emit()


def theme() -> Theme:
    """The window's theme, made with the first call after QApplication."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    known: Any = getattr(app, "_deployflow_theme", None)
    if known is None:
        known = Theme()
        app._deployflow_theme = known  # type: ignore[attr-defined]
    found: Theme = known
    return found


def set_role(widget: QWidget, role: str, tone: str = "") -> None:
    """Says what a widget is ("primary", "muted", "card", ...); how that looks is the style sheet's."""
    widget.setProperty("role", role)
    widget.setProperty("tone", tone)
    # Before it is shown there is nothing to redo, and a font that is set after a polish gets lost.
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, color in (
        (role.Window, tokens.surface),
        (role.Base, tokens.surface),
        (role.AlternateBase, tokens.background),
        (role.Button, tokens.raised),
        (role.ToolTipBase, tokens.raised),
        (role.WindowText, tokens.text),
        (role.Text, tokens.text),
        (role.ButtonText, tokens.text),
        (role.ToolTipText, tokens.text),
        (role.BrightText, tokens.on_accent),
        (role.PlaceholderText, tokens.muted),
        (role.Highlight, tokens.accent),
        (role.HighlightedText, tokens.on_accent),
        (role.Accent, tokens.accent),
        (role.Link, tokens.accent),
        (role.LinkVisited, tokens.accent),
        (role.Light, tokens.raised),
        (role.Midlight, tokens.line),
        (role.Mid, tokens.line),
        (role.Dark, tokens.border),
        (role.Shadow, tokens.line),
    ):
        palette.setColor(which, color)
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, tokens.faint)
    return palette
