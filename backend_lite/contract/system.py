"""The service about itself."""

from __future__ import annotations

from msgspec import Struct

HEALTH = "/api/v1/system/health"


class Health(Struct):
    status: str
    service: str
    version: str
