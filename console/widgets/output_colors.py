"""The colours of a terminal in the colours of the theme."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QTextCharFormat

from backend_lite.contract.streams import STDERR
from console.core.terminal_text import PLAIN, Style
from console.shell.tokens import Tokens, mixed

_LEAST_CONTRAST = 3.0


class OutputFormats:
    """Formats of text by (stream, style), made when first needed."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._made: dict[tuple[int, Style], QTextCharFormat] = {}

    def of(self, stream: int, style: Style) -> QTextCharFormat:
        key = (stream, style)
        if key not in self._made:
            self._made[key] = self._format(stream, style)
        return self._made[key]

    def _format(self, stream: int, style: Style) -> QTextCharFormat:
        tokens = self._tokens
        color = tokens.bad if stream == STDERR else tokens.text
        if style is not PLAIN:
            color = self._color(style.color) or color
        ground = self._color(style.background)
        if style.inverse:
            color, ground = ground or tokens.surface, color
        if style.faint:
            color = mixed(color, tokens.surface, 0.4)
        made = QTextCharFormat()
        made.setForeground(_readable(color, ground or tokens.surface, tokens))
        if ground is not None:
            made.setBackground(ground)
        if style.bold:
            made.setFontWeight(QFont.Weight.Bold)
        made.setFontItalic(style.italic)
        made.setFontUnderline(style.underline)
        return made

    def _color(self, name: str | None) -> QColor | None:
        if name is None:
            return None
        if name.startswith("#"):
            return QColor(name)
        tokens = self._tokens
        bright = name.startswith("bright-")
        base = {
            "black": tokens.text if not tokens.dark else tokens.idle_tint,
            "red": tokens.bad,
            "green": tokens.good,
            "yellow": tokens.warning,
            "blue": tokens.accent,
            "magenta": mixed(tokens.bad, tokens.accent, 0.5),
            "cyan": mixed(tokens.good, tokens.accent, 0.45),
            "white": tokens.line if not tokens.dark else tokens.text,
        }[name.removeprefix("bright-")]
        return mixed(base, tokens.text if tokens.dark else tokens.accent, 0.18) if bright else base


def _readable(color: QColor, ground: QColor, tokens: Tokens) -> QColor:
    """A script may choose colours for another terminal: what could not be read is moved towards the text."""
    if contrast(color, ground) >= _LEAST_CONTRAST:
        return color
    for share in (0.35, 0.7):
        for goal in (tokens.text, tokens.surface):
            moved = mixed(color, goal, share)
            if contrast(moved, ground) >= _LEAST_CONTRAST:
                return moved
    return max((tokens.text, tokens.surface), key=lambda goal: contrast(goal, ground))


def contrast(first: QColor, second: QColor) -> float:
    """From 1 to 21, as WCAG defines it."""
    one, two = sorted((_luminance(first), _luminance(second)))
    return (two + 0.05) / (one + 0.05)


def _luminance(color: QColor) -> float:
    parts = [
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
