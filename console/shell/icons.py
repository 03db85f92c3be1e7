"""The window's own icons: 16 px SVG files with `currentColor`, painted in a colour of the theme."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from console.core.resources import resource

_SCALES = (1.0, 1.5, 2.0, 3.0)


@cache
def _source(name: str) -> bytes:
    return resource(f"icons/{name}.svg").read_bytes()


def tinted(name: str, color: QColor, disabled: QColor, size: int) -> QIcon:
    """The icon in `color`, sharp at every usual scale of a screen. An unknown name is an OSError."""
    icon = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled)):
        for scale in _SCALES:
            icon.addPixmap(pixmap(name, tint, size, scale), mode)
    return icon


def pixmap(name: str, color: QColor, size: int, scale: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    svg = _source(name).replace(b"currentColor", color.name().encode())
    image = QPixmap(QSize(round(size * scale), round(size * scale)))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(svg)).render(painter)
    painter.end()
    image.setDevicePixelRatio(scale)
    return image
