"""The service about itself."""

from __future__ import annotations

from msgspec import Struct

HEALTH = "/api/v1/system/health"
ALIVE = "/api/v1/health"
OPENAPI = "/openapi.json"


class Health(Struct):
    status: str
    service: str
    version: str


class Alive(Struct):
    status: str
