"""The service about itself."""

from __future__ import annotations

from msgspec import Struct

HEALTH = "/api/v1/system/health"
ALIVE = "/api/v1/health"
WHOLE = "/api/health"
OPENAPI = "/openapi.json"


class Health(Struct):
    """`service` is what the settings call it."""

    status: str
    service: str
    version: str


class Alive(Struct):
    status: str


class Wholeness(Struct):
    """GET WHOLE: 503 with `unhealthy` while the database does not answer."""

    status: str
    message: str
