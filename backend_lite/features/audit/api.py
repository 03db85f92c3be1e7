"""What the app and the command line may ask of the audit."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lite.features.audit.denials import Denials
from backend_lite.features.audit.sealing import Sealing

__all__ = ["AuditApi"]


@dataclass(frozen=True)
class AuditApi:
    """`denials.refused` is the app's hook for errors."""

    sealing: Sealing
    denials: Denials
