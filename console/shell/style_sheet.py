"""The style sheet, made from tokens and sizes. Widgets say what they are by the properties `role` and
`tone`; only this file says how that looks.

Buttons: none, `primary`, `danger`, `quiet`, `chip` (checkable), `link`. Labels: `page-title`, `title`,
`strong`, `header`, `muted`, `secondary`, `error` (a sentence in place), `key`, `mark` (tone: a pill), `tone`
(tone: the word's colour). Frames: `card`, `page-header`, `popup`, `rule` (a line), `banner` (tone).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from console.core.resources import resource
from console.shell.tokens import Tokens

if TYPE_CHECKING:
    from console.shell.theme import Theme


def style_sheet(tokens: Tokens, theme: Theme) -> str:
    return "\n".join(
        part(tokens, theme)
        for part in (_buttons, _inputs, _labels, _frames, _views, _tools, _small_parts, _tones)
    )


def _hex(color: QColor) -> str:
    return color.name()


def _buttons(t: Tokens, m: Theme) -> str:
    return f"""
QPushButton, QToolButton {{
    background: {_hex(t.raised)}; color: {_hex(t.text)}; border: 1px solid {_hex(t.border)};
    border-radius: {m.radius}px; padding: 0 12px; min-height: {m.control - 2}px; font-weight: 500;
}}
QPushButton:hover, QToolButton:hover {{ background: {_hex(t.hover)}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {_hex(t.pressed)}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {_hex(t.faint)}; background: {_hex(t.background)}; }}
QPushButton:focus, QToolButton:focus {{ border-color: {_hex(t.accent)}; }}
QPushButton[role="primary"] {{
    background: {_hex(t.accent)}; color: {_hex(t.on_accent)}; border-color: {_hex(t.accent)};
}}
QPushButton[role="primary"]:hover {{ background: {_hex(t.accent_hover)}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {_hex(t.text)}; }}
QPushButton[role="primary"]:disabled {{
    background: {_hex(t.idle_tint)}; color: {_hex(t.faint)}; border-color: {_hex(t.line)};
}}
QPushButton[role="danger"] {{ color: {_hex(t.bad)}; }}
QPushButton[role="danger"]:disabled {{ color: {_hex(t.faint)}; }}
QPushButton[role="quiet"], QToolButton[role="quiet"] {{
    background: transparent; border-color: transparent; padding: 0 8px; color: {_hex(t.muted)};
}}
QPushButton[role="quiet"]:hover, QToolButton[role="quiet"]:hover {{
    background: {_hex(t.hover)}; color: {_hex(t.text)};
}}
QPushButton[role="quiet"]:focus, QToolButton[role="quiet"]:focus {{ border-color: {_hex(t.accent)}; }}
QPushButton[role="link"] {{
    background: transparent; border: 1px solid transparent; padding: 0 2px; min-height: 20px;
    color: {_hex(t.accent)};
}}
QPushButton[role="link"]:hover {{ text-decoration: underline; }}
QPushButton[role="link"]:disabled {{ color: {_hex(t.faint)}; }}
QPushButton[role="link"]:focus {{ border-color: {_hex(t.accent)}; }}
QPushButton[role="section"] {{
    background: transparent; border: 1px solid transparent; padding: 0 4px 0 0; min-height: 22px;
    font-size: 12px; font-weight: 600; color: {_hex(t.muted)};
}}
QPushButton[role="section"]:hover {{ color: {_hex(t.text)}; }}
QPushButton[role="section"]:focus {{ border-color: {_hex(t.accent)}; }}
QPushButton[role="chip"] {{
    border-radius: 13px; min-height: 24px; padding: 0 10px; color: {_hex(t.muted)};
}}
QPushButton[role="chip"]:checked {{
    background: {_hex(t.accent_tint)}; color: {_hex(t.accent)}; border-color: {_hex(t.accent)};
}}
QPushButton[role="wave"] {{
    background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 0;
    min-height: 18px; text-align: left; font-size: 12px; font-weight: 400; color: {_hex(t.muted)};
}}
QPushButton[role="wave"]:hover {{ background: {_hex(t.hover)}; color: {_hex(t.text)}; }}
QPushButton[role="wave"]:checked {{ background: {_hex(t.accent_tint)}; color: {_hex(t.accent)}; }}
QPushButton[role="wave"]:focus {{ border-color: {_hex(t.accent)}; }}
QPushButton[role="status"] {{
    background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 0 4px;
    min-height: 18px; max-height: 20px; font-size: 12px; font-weight: 400; color: {_hex(t.muted)};
}}
QPushButton[role="status"]:hover {{ background: {_hex(t.hover)}; color: {_hex(t.text)}; }}
QPushButton[role="status"]:focus {{ border-color: {_hex(t.accent)}; }}
QLineEdit QToolButton {{ background: transparent; border: none; padding: 0; min-height: 0; }}
QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
"""


def _inputs(t: Tokens, m: Theme) -> str:
    name = "dark" if t.dark else "light"
    down = resource(f"themes/chevron-{name}.svg").as_posix()
    up = resource(f"themes/chevron-up-{name}.svg").as_posix()
    check = resource(f"themes/check-{name}.svg").as_posix()
    return f"""
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox {{
    background: {_hex(t.surface)}; border: 1px solid {_hex(t.border)}; border-radius: {m.radius}px;
    min-height: {m.control - 2}px; max-height: {m.control - 2}px;
    selection-background-color: {_hex(t.accent)}; selection-color: {_hex(t.on_accent)};
}}
QLineEdit, QComboBox {{ padding: 0 8px; }}
QComboBox:editable {{ padding: 0; }}
QComboBox[role="pictured"]:editable {{ padding: 0 0 0 8px; }}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus,
QTextEdit:focus {{ border-color: {_hex(t.accent)}; }}
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled {{
    background: {_hex(t.background)}; color: {_hex(t.faint)};
}}
QLineEdit[role="search"] {{ background: {_hex(t.background)}; border-color: {_hex(t.line)}; }}
QLineEdit[role="search"]:focus {{ background: {_hex(t.surface)}; border-color: {_hex(t.accent)}; }}
QLineEdit[tone="bad"] {{ border-color: {_hex(t.bad)}; }}
QPlainTextEdit, QTextEdit {{
    background: {_hex(t.surface)}; border: 1px solid {_hex(t.line)}; border-radius: {m.radius}px;
    padding: 6px;
    selection-background-color: {_hex(t.accent)}; selection-color: {_hex(t.on_accent)};
}}
QPlainTextEdit[role="code"] {{ background: {_hex(t.background)}; padding: 4px; }}
QPlainTextEdit[role="plain"], QTextEdit[role="plain"] {{ border: none; border-radius: 0; padding: 0; }}
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit, QComboBox QLineEdit {{
    border: none; padding: 0 6px; min-height: 0; background: transparent;
}}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url("{down}"); width: 16px; height: 16px; }}
QComboBox QAbstractItemView {{
    background: {_hex(t.raised)}; border: 1px solid {_hex(t.border)}; outline: none; padding: 4px;
    selection-background-color: {_hex(t.accent_tint)}; selection-color: {_hex(t.accent)};
}}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
    border: none; width: 20px; background: transparent;
}}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url("{up}"); width: 12px; height: 12px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url("{down}"); width: 12px; height: 12px; }}
QCheckBox, QRadioButton {{ spacing: 8px; min-height: 24px; }}
QCheckBox::indicator, QRadioButton::indicator, QListWidget::indicator {{
    width: 16px; height: 16px; border: 1px solid {_hex(t.faint)}; background: {_hex(t.surface)};
}}
QCheckBox::indicator, QListWidget::indicator {{ border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 9px; }}
QCheckBox::indicator:focus, QRadioButton::indicator:focus {{ border-color: {_hex(t.accent)}; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {_hex(t.accent)}; }}
QCheckBox::indicator:checked, QListWidget::indicator:checked {{
    background: {_hex(t.accent)}; border-color: {_hex(t.accent)}; image: url("{check}");
}}
QListWidget::indicator:indeterminate {{
    background: {_hex(t.accent_tint)}; border-color: {_hex(t.accent)};
}}
QRadioButton::indicator:checked {{ border: 5px solid {_hex(t.accent)}; width: 8px; height: 8px; }}
QCheckBox:focus, QRadioButton:focus {{ color: {_hex(t.accent)}; }}
"""


def _labels(t: Tokens, _m: Theme) -> str:
    return f"""
QLabel[role="page-title"] {{ font-size: 18px; font-weight: 600; }}
QLabel[role="brand"] {{ font-size: 14px; font-weight: 600; }}
QLabel[role="title"] {{ font-size: 15px; font-weight: 600; }}
QLabel[role="strong"] {{ font-weight: 500; }}
QLabel[role="header"] {{ font-size: 12px; font-weight: 600; color: {_hex(t.muted)}; }}
QLabel[role="secondary"] {{ font-size: 12px; color: {_hex(t.muted)}; }}
QLabel[role="muted"] {{ color: {_hex(t.muted)}; }}
QLabel[role="error"] {{ color: {_hex(t.bad)}; }}
QLabel[role="words"] {{ font-size: 14px; font-weight: 600; }}
QLabel[role="words-large"] {{ font-size: 20px; font-weight: 600; }}
QLabel[role="key"] {{
    font-size: 11px; color: {_hex(t.faint)}; border: 1px solid {_hex(t.line)}; border-radius: 4px;
    padding: 0 5px;
}}
"""


def _frames(t: Tokens, m: Theme) -> str:
    return f"""
QWidget[role="page-header"], QWidget[role="page"] {{ background: {_hex(t.background)}; }}
QFrame[role="page-header"] {{ border: none; border-bottom: 1px solid {_hex(t.line)}; }}
QFrame[role="top-bar"] {{
    background: {_hex(t.surface)}; border: none; border-bottom: 1px solid {_hex(t.line)};
}}
QFrame[role="side"], QFrame[role="details"], QFrame[role="bottom"] {{
    background: {_hex(t.surface)}; border: none;
}}
QFrame[role="status-bar"] {{
    background: {_hex(t.surface)}; border: none; border-top: 1px solid {_hex(t.line)};
}}
QFrame[role="card"] {{
    background: {_hex(t.raised)}; border: 1px solid {_hex(t.line)}; border-radius: {m.radius}px;
}}
QFrame[role="drop"] {{
    background: {_hex(t.background)}; border: 1px dashed {_hex(t.border)}; border-radius: {m.radius}px;
}}
QFrame[role="drop"][tone="accent"] {{
    background: {_hex(t.accent_tint)}; border: 1px dashed {_hex(t.accent)};
}}
QFrame[role="drop"][tone="bad"], QFrame[role="code-frame"][tone="bad"] {{ border-color: {_hex(t.bad)}; }}
QFrame[role="code-frame"] {{
    background: {_hex(t.surface)}; border: 1px solid {_hex(t.border)}; border-radius: {m.radius}px;
}}
QFrame[role="popup"] {{
    background: {_hex(t.raised)}; border: 1px solid {_hex(t.border)}; border-radius: {m.radius}px;
}}
QFrame[role="rule"] {{ background: {_hex(t.line)}; border: none; max-height: 1px; min-height: 1px; }}
QScrollArea, QScrollArea > QWidget > QWidget[role="scrolled"] {{ background: transparent; border: none; }}
QDialog {{ background: {_hex(t.surface)}; }}
"""


def _views(t: Tokens, m: Theme) -> str:
    return f"""
QTableView, QTreeView, QListView {{
    background: {_hex(t.surface)}; border: none; outline: none; gridline-color: {_hex(t.line)};
    selection-background-color: {_hex(t.accent_tint)}; selection-color: {_hex(t.text)};
}}
QTableView::item {{ border: none; border-bottom: 1px solid {_hex(t.line)}; padding: 0 10px; }}
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {{
    background: {_hex(t.accent_tint)}; color: {_hex(t.text)};
}}
QHeaderView {{ background: {_hex(t.surface)}; border: none; }}
QTableCornerButton::section {{
    background: {_hex(t.surface)}; border: none; border-bottom: 1px solid {_hex(t.line)};
}}
QHeaderView::section {{
    background: {_hex(t.surface)}; color: {_hex(t.muted)}; border: none; font-size: 12px; font-weight: 600;
    border-bottom: 1px solid {_hex(t.line)}; padding: 0 10px; min-height: {m.row_height - 1}px;
}}
QListView[role="completion"] {{
    background: {_hex(t.raised)}; border: 1px solid {_hex(t.border)}; padding: 4px;
}}
QListView[role="completion"]::item {{ min-height: 24px; padding: 0 6px; border-radius: 5px; }}
QListView[role="completion"]::item:selected {{ color: {_hex(t.accent)}; }}
QListView[role="palette"] {{ background: transparent; padding: 4px; }}
QTreeView[role="navigation"] {{ background: transparent; }}
QTreeView[role="folders"] {{ background: {_hex(t.surface)}; padding: 6px; }}
QTreeView[role="folders"]::item {{ min-height: {m.row_height_compact}px; padding: 0 2px; }}
QTreeView[role="plain-list"] {{ background: transparent; }}
QTreeView[role="plain-list"]::item {{ border-bottom: 1px solid {_hex(t.line)}; padding: 0 4px; }}
"""


def _tools(t: Tokens, m: Theme) -> str:
    return f"""
QFrame[role="find-bar"], QFrame[role="tool-bar"] {{
    background: {_hex(t.background)}; border: none; border-bottom: 1px solid {_hex(t.line)};
}}
QFrame[role="tool-bar-bottom"] {{
    background: {_hex(t.background)}; border: none; border-top: 1px solid {_hex(t.line)};
}}
QListView[role="offers"] {{
    background: {_hex(t.raised)}; border: 1px solid {_hex(t.border)}; border-radius: {m.radius}px;
    padding: 4px;
}}
QListView[role="offers"]::item {{ padding: 4px 6px; border-radius: 5px; }}
QListView[role="offers"]::item:selected {{ background: {_hex(t.accent_tint)}; color: {_hex(t.accent)}; }}
QListView[role="lines"] {{ background: transparent; }}
QListView[role="findings"] {{ background: transparent; border: none; }}
QListView[role="findings"]::item {{ min-height: {m.row_height_compact}px; border-radius: 5px; }}
QListView[role="findings"]::item:hover {{ background: {_hex(t.hover)}; }}
QListView[role="findings"]::item:selected {{ background: {_hex(t.accent_tint)}; }}
QListView[role="steps"] {{ border: none; border-right: 1px solid {_hex(t.line)}; border-radius: 0; }}
QListView[role="lines"]::item {{ padding: 6px 8px; border-bottom: 1px solid {_hex(t.line)}; }}
QWidget[role="surface"] {{ background: {_hex(t.surface)}; }}
QPushButton[role="toggle"] {{
    background: transparent; border-color: transparent; padding: 0; color: {_hex(t.muted)}; font-size: 12px;
}}
QPushButton[role="toggle"]:hover {{ background: {_hex(t.hover)}; color: {_hex(t.text)}; }}
QPushButton[role="toggle"]:focus {{ border-color: {_hex(t.accent)}; }}
QPushButton[role="toggle"]:checked {{
    background: {_hex(t.accent_tint)}; color: {_hex(t.accent)}; border-color: {_hex(t.accent)};
}}
"""


def _small_parts(t: Tokens, m: Theme) -> str:
    return f"""
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QScrollBar::handle {{ background: {_hex(t.border)}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {_hex(t.faint)}; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: {_hex(t.line)}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QMenu {{
    background: {_hex(t.raised)}; border: 1px solid {_hex(t.border)}; border-radius: {m.radius}px;
    padding: 4px;
}}
QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 5px; }}
QMenu::item:selected {{ background: {_hex(t.accent_tint)}; color: {_hex(t.accent)}; }}
QMenu::item:disabled {{ color: {_hex(t.faint)}; }}
QMenu::separator {{ height: 1px; background: {_hex(t.line)}; margin: 4px 8px; }}
QToolTip {{
    background: {_hex(t.raised)}; color: {_hex(t.text)}; border: 1px solid {_hex(t.border)}; padding: 4px 6px;
}}
QProgressBar {{
    background: {_hex(t.idle_tint)}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px;
}}
QProgressBar::chunk {{ background: {_hex(t.accent)}; border-radius: 3px; }}
QTabBar {{ background: transparent; }}
QTabBar::tab {{
    background: transparent; color: {_hex(t.muted)}; border: none; padding: 6px 2px; margin-right: 16px;
    font-weight: 500;
}}
QTabBar::tab:selected {{ color: {_hex(t.text)}; border-bottom: 2px solid {_hex(t.accent)}; }}
QTabBar::tab:focus {{ color: {_hex(t.accent)}; }}
QTabWidget::pane {{ border: none; }}
"""


def _tones(t: Tokens, _m: Theme) -> str:
    parts = []
    for name in ("good", "warning", "bad", "accent", "idle"):
        word, tint = (_hex(color) for color in t.tone(name))
        parts.append(f"""
QLabel[role="mark"][tone="{name}"] {{
    background: {tint}; color: {word}; border-radius: 9px; padding: 0 8px; min-height: 18px; max-height: 18px;
    font-size: 12px; font-weight: 500;
}}
QFrame[role="banner"][tone="{name}"] {{
    background: {tint}; border: none; border-bottom: 1px solid {_hex(t.line)};
}}
QFrame[role="banner"][tone="{name}"] QLabel {{ color: {word}; }}
QFrame[role="notice"][tone="{name}"] {{
    background: {_hex(t.raised)}; border: 1px solid {word}; border-radius: 7px;
}}
QPushButton[role="chip"][tone="{name}"] {{ color: {word}; }}
QPushButton[role="chip"][tone="{name}"]:checked {{
    background: {tint}; color: {word}; border-color: {word};
}}
QProgressBar[role="strength"][tone="{name}"]::chunk {{ background: {word}; }}
QLabel[role="tone"][tone="{name}"] {{ color: {word}; }}
""")
    return "".join(parts)
