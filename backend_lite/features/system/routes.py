"""Health, and the description of the whole interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get

from backend_lite import __version__
from backend_lite.contract.system import ALIVE, HEALTH, OPENAPI, Alive, Health
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER


def system_routes() -> Sequence[Route]:
    @get(HEALTH, permission=OPEN, audience=USER)
    async def health() -> Health:
        """That the service is there, and which version it is."""
        return Health("healthy", "DeployFlow", __version__)

    @get(ALIVE, permission=OPEN, audience=USER)
    async def alive() -> Alive:
        return Alive("ok")

    @get(OPENAPI, permission=SIGNED_IN, audience=USER, include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Every address of the service, for programs that want to know."""
        return request.app.openapi_schema.to_schema()

    return [health, alive, openapi]
