"""Litestar apps made from the areas' routes: one table, two listeners."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.routes import BaseRoute
from litestar.types import AfterExceptionHookHandler, ControllerRouterHandler

from backend_lite import __version__
from backend_lite.core.feature import Feature, Route
from backend_lite.core.http.errors import EXCEPTION_HANDLERS
from backend_lite.core.http.guard import AUDIENCE_KEY, MACHINE, guard
from backend_lite.core.security.principal import Authenticator

MAX_BODY = 2 << 20


class _NoPages(Router):
    """In place of the framework's documentation pages: a browser could not send the Bearer they need."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        return []


def make_app(
    features: Iterable[Feature],
    authenticator: Authenticator,
    *,
    machines_only: bool,
    after_error: AfterExceptionHookHandler[Any] | None = None,
) -> Litestar:
    """The admin listener's app, or (`machines_only`) that of the agent listener. `after_error` gets every
    error with its request."""
    routes: list[Route] = [route for feature in features for route in feature.routes()]
    if machines_only:
        routes = [route for route in routes if route.opt.get(AUDIENCE_KEY) == MACHINE]
    return Litestar(
        route_handlers=routes,
        guards=[guard],
        after_exception=[after_error] if after_error is not None else [],
        exception_handlers=EXCEPTION_HANDLERS,
        state=State({"authenticator": authenticator}),
        request_max_body_size=MAX_BODY,
        openapi_config=OpenAPIConfig(
            title="DeployFlow", version=__version__, openapi_router=_NoPages("/", route_handlers=[])
        ),
        logging_config=None,
        debug=False,
    )
