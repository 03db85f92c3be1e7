"""The manifest of system."""

from __future__ import annotations

from backend_lite.core.feature import Feature, Kernel
from backend_lite.features.system.routes import system_routes, whole_route


def build(kernel: Kernel) -> Feature:
    return Feature(
        name="system", routes=lambda: [*system_routes(kernel.settings), whole_route(kernel.database)]
    )
