"""The window comes back as it was left: a settings file that holds arrangement only, never data."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QSplitter, QWidget


def open_settings(path: Path) -> QSettings:
    """The settings in `path`; a damaged file counts as empty. Where nothing can be written, nothing is
    kept: that the folder cannot be used is the service's to say."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    return QSettings(str(path), QSettings.Format.IniFormat)


def save_splitter(settings: QSettings, key: str, splitter: QSplitter) -> None:
    settings.setValue(key, splitter.saveState())


def restore_splitter(settings: QSettings, key: str, splitter: QSplitter) -> bool:
    """False when there is nothing to restore."""
    state = settings.value(key)
    return isinstance(state, QByteArray) and splitter.restoreState(state)


def save_geometry(settings: QSettings, window: QWidget) -> None:
    settings.setValue("window/geometry", window.saveGeometry())


def restore_geometry(settings: QSettings, window: QWidget) -> bool:
    state = settings.value("window/geometry")
    return isinstance(state, QByteArray) and window.restoreGeometry(state)


def flag(settings: QSettings, key: str, default: bool) -> bool:
    """A yes or no; files in INI form give it back as a word."""
    return str(settings.value(key, default)).lower() in ("true", "1")
