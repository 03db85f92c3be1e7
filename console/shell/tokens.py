"""The colours of both themes. Each text on its ground has a contrast of at least 4.5 (a test)."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor


@dataclass(frozen=True)
class Tokens:
    dark: bool
    background: QColor
    surface: QColor
    raised: QColor
    line: QColor
    text: QColor
    muted: QColor
    faint: QColor
    accent: QColor
    accent_tint: QColor
    on_accent: QColor
    good: QColor
    good_tint: QColor
    warning: QColor
    warning_tint: QColor
    bad: QColor
    bad_tint: QColor
    idle: QColor
    idle_tint: QColor

    @property
    def hover(self) -> QColor:
        return mixed(self.surface, self.text, 0.05)

    @property
    def pressed(self) -> QColor:
        return mixed(self.surface, self.text, 0.10)

    @property
    def border(self) -> QColor:
        """The edge of a control, a little stronger than a line between rows."""
        return mixed(self.line, self.text, 0.10)

    @property
    def accent_hover(self) -> QColor:
        return mixed(self.accent, self.text, 0.12)

    @property
    def syntax_keyword(self) -> QColor:
        return mixed(self.accent, self.muted, 0.45)

    @property
    def syntax_command(self) -> QColor:
        return self.accent

    @property
    def syntax_type(self) -> QColor:
        return self.accent

    @property
    def syntax_string(self) -> QColor:
        return self.good

    @property
    def syntax_number(self) -> QColor:
        return self.warning

    @property
    def syntax_variable(self) -> QColor:
        return self.text

    @property
    def syntax_comment(self) -> QColor:
        return self.faint

    def tone(self, name: str) -> tuple[QColor, QColor]:
        """(word, tint) of `good`, `warning`, `bad`, `accent` or `idle`."""
        pairs = {
            "good": (self.good, self.good_tint),
            "warning": (self.warning, self.warning_tint),
            "bad": (self.bad, self.bad_tint),
            "accent": (self.accent, self.accent_tint),
            "idle": (self.idle, self.idle_tint),
        }
        return pairs[name]


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """`first` with `share` (0 to 1) of `second` in it."""
    return QColor.fromRgbF(
        first.redF() + (second.redF() - first.redF()) * share,
        first.greenF() + (second.greenF() - first.greenF()) * share,
        first.blueF() + (second.blueF() - first.blueF()) * share,
    )


LIGHT = Tokens(
    dark=False,
    background=QColor("#f6f7f9"),
    surface=QColor("#ffffff"),
    raised=QColor("#ffffff"),
    line=QColor("#e3e6eb"),
    text=QColor("#1b1f27"),
    muted=QColor("#60697d"),
    faint=QColor("#696f79"),
    accent=QColor("#3355d8"),
    accent_tint=QColor("#e8edfd"),
    on_accent=QColor("#ffffff"),
    good=QColor("#14764c"),
    good_tint=QColor("#e3f4ec"),
    warning=QColor("#8e5f00"),
    warning_tint=QColor("#fdf1d7"),
    bad=QColor("#c1352b"),
    bad_tint=QColor("#fdeae8"),
    idle=QColor("#60697d"),
    idle_tint=QColor("#eceff3"),
)

DARK = Tokens(
    dark=True,
    background=QColor("#14161a"),
    surface=QColor("#1a1d22"),
    raised=QColor("#20242a"),
    line=QColor("#2c3138"),
    text=QColor("#e7e9ee"),
    muted=QColor("#9aa3b0"),
    faint=QColor("#878e99"),
    accent=QColor("#7d9bff"),
    accent_tint=QColor("#232b45"),
    on_accent=QColor("#10131a"),
    good=QColor("#4cc38a"),
    good_tint=QColor("#15301f"),
    warning=QColor("#e2b04a"),
    warning_tint=QColor("#352a12"),
    bad=QColor("#f2766c"),
    bad_tint=QColor("#3a1c1a"),
    idle=QColor("#9aa3b0"),
    idle_tint=QColor("#262b32"),
)
