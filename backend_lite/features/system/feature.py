"""The manifest of system."""

from __future__ import annotations

from backend_lite.core.feature import Feature
from backend_lite.features.system.routes import system_routes


def build() -> Feature:
    return Feature(name="system", routes=system_routes)
