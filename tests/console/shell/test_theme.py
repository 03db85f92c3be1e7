from dataclasses import fields

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.core.resources import resource
from console.shell.theme import Theme, set_role, theme
from console.shell.tokens import DARK, LIGHT, Tokens


@pytest.fixture
def worn(qapp: QApplication) -> Theme:
    found = theme()
    found.apply("light")
    return found


def luminance(color: QColor) -> float:
    def part(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * part(color.redF()) + 0.7152 * part(color.greenF()) + 0.0722 * part(color.blueF())


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(tokens: Tokens) -> None:
    grounds = {"background": tokens.background, "surface": tokens.surface, "raised": tokens.raised}
    texts = ("text", "muted", "faint", "accent", "good", "warning", "bad")
    pairs = [
        (name, getattr(tokens, name), where, ground) for name in texts for where, ground in grounds.items()
    ]
    for name in ("accent", "good", "warning", "bad", "idle"):
        pairs.append((name, *reversed_pair(tokens, name)))
    pairs.append(("text", tokens.text, "selection", tokens.accent_tint))
    pairs.append(("on_accent", tokens.on_accent, "accent", tokens.accent))
    for name in ("keyword", "command", "string", "number", "comment", "variable", "type"):
        pairs.append((name, getattr(tokens, f"syntax_{name}"), "surface", tokens.surface))
    poor = {(name, where): round(contrast(a, b), 2) for name, a, where, b in pairs if contrast(a, b) < 4.5}
    assert poor == {}


def reversed_pair(tokens: Tokens, name: str) -> tuple[QColor, str, QColor]:
    word, tint = tokens.tone(name)
    return word, f"{name} tint", tint


def test_dark_and_light_are_put_on_whole(worn: Theme, qapp: QApplication, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    worn.dress(window)
    changes: list[bool] = []
    worn.changed.connect(lambda: changes.append(worn.tokens.dark))
    worn.apply("dark")
    assert qapp.palette().color(QPalette.ColorRole.Window) == DARK.surface
    assert DARK.surface.name() in window.styleSheet()
    worn.apply("light")
    assert LIGHT.surface.name() in window.styleSheet()
    assert changes == [True, False]


def test_the_style_sheet_is_on_windows_and_not_on_the_application(
    worn: Theme, qapp: QApplication, qtbot: QtBot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    inside = QPushButton("Go")
    plain = inside.sizeHint()
    worn.dress(window)
    inside.setParent(window)
    assert qapp.styleSheet() == ""
    assert inside.sizeHint() != plain


def test_it_follows_the_system_until_a_person_decides(worn: Theme) -> None:
    hints = QGuiApplication.styleHints()
    worn.apply("system")
    assert worn.tokens.dark == (hints.colorScheme() is Qt.ColorScheme.Dark)
    worn.apply("dark")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert worn.tokens is DARK
    worn.apply("system")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert worn.tokens.dark == (hints.colorScheme() is Qt.ColorScheme.Dark)


def test_figures_have_one_width(worn: Theme) -> None:
    for role in ("body", "secondary", "strong"):
        metrics = QFontMetricsF(worn.font(role))
        widths = [metrics.horizontalAdvance(digit) for digit in "0123456789"]
        assert max(widths) - min(widths) < 0.05, role


def test_a_role_takes_no_font_away(worn: Theme, qtbot: QtBot) -> None:
    text = QPlainTextEdit()
    qtbot.addWidget(text)
    set_role(text, "plain")
    text.setFont(worn.font("mono"))
    text.show()
    worn.apply("dark")
    assert text.font().families() == worn.font("mono").families()


def test_an_icon_takes_the_colour_of_the_theme(worn: Theme, qtbot: QtBot) -> None:
    made = QPushButton()
    qtbot.addWidget(made)
    worn.set_icon(made, "run", "accent")
    light = made.icon().pixmap(16).toImage()
    worn.apply("dark")
    assert made.icon().pixmap(16).toImage() != light


def test_every_icon_is_a_drawing_in_the_current_colour(worn: Theme) -> None:
    files = sorted(resource("icons").glob("*.svg"))
    assert len(files) > 30
    for file in files:
        assert "currentColor" in file.read_text("utf-8"), file.name
        assert not worn.icon(file.stem).isNull(), file.name


def test_every_token_is_a_colour() -> None:
    for tokens in (LIGHT, DARK):
        assert all(getattr(tokens, f.name).isValid() for f in fields(tokens) if f.name != "dark")
