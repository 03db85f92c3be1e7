"""The manifest of settings."""

from __future__ import annotations

import backend_lite.features.settings.tables  # noqa: F401
from backend_lite.core.feature import Feature


def build() -> Feature:
    return Feature(name="settings")
