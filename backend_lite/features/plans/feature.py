"""The manifest of plans."""

from __future__ import annotations

import backend_lite.features.plans.tables  # noqa: F401
from backend_lite.core.feature import Feature


def build() -> Feature:
    return Feature(name="plans")
