"""Litestar apps made from the areas' routes: one table, two listeners."""

from __future__ import annotations

from collections.abc import Iterable

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig

from backend_lite import __version__
from backend_lite.core.feature import Feature, Route
from backend_lite.core.http.errors import EXCEPTION_HANDLERS
from backend_lite.core.http.guard import AUDIENCE_KEY, MACHINE, guard
from backend_lite.core.security.principal import Authenticator

MAX_BODY = 2 << 20


def make_app(features: Iterable[Feature], authenticator: Authenticator, *, machines_only: bool) -> Litestar:
    """The admin listener's app, or (`machines_only`) that of the agent listener."""
    routes: list[Route] = [route for feature in features for route in feature.routes()]
    if machines_only:
        routes = [route for route in routes if route.opt.get(AUDIENCE_KEY) == MACHINE]
    return Litestar(
        route_handlers=routes,
        guards=[guard],
        exception_handlers=EXCEPTION_HANDLERS,
        state=State({"authenticator": authenticator}),
        request_max_body_size=MAX_BODY,
        openapi_config=OpenAPIConfig(
            title="DeployFlow", version=__version__, path="/schema-not-served", render_plugins=[]
        ),
        logging_config=None,
        debug=False,
    )
