"""Health, and the description of the whole interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get

from backend_lite import __version__
from backend_lite.contract.system import ALIVE, HEALTH, OPENAPI, WHOLE, Alive, Health, Wholeness
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.description import description
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER
from backend_lite.core.settings import SettingValues


def system_routes(settings: SettingValues) -> Sequence[Route]:
    @get(HEALTH, permission=OPEN, audience=USER)
    async def health() -> Health:
        """That the service is there, what it is called, and which version it is."""
        return Health("healthy", settings.text("general.service_name"), __version__)

    @get(ALIVE, permission=OPEN, audience=USER)
    async def alive() -> Alive:
        return Alive("ok")

    @get(OPENAPI, permission=SIGNED_IN, audience=USER, whole=True, include_in_schema=False)
    async def openapi(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Every address of the service, for programs that want to know."""
        return description(request.app)

    return [health, alive, openapi]


def whole_route(database: Database) -> Route:
    @get(WHOLE, permission=OPEN, audience=USER)
    async def whole() -> Response[Wholeness]:
        """Whether the service can work, its database included."""
        if not await database.answers():
            return Response(Wholeness("unhealthy", "The database does not answer."), status_code=503)
        return Response(Wholeness("healthy", "The service and its database answer."))

    return whole
