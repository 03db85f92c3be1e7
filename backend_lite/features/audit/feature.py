"""The manifest of the audit."""

from __future__ import annotations

from backend_lite.core.feature import Feature, Kernel
from backend_lite.features.audit.routes import audit_routes


def build(kernel: Kernel) -> Feature:
    return Feature(name="audit", routes=lambda: audit_routes(kernel.database, kernel.audit))
