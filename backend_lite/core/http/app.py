"""Litestar apps made from the areas' routes: one table, two listeners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.routes import BaseRoute
from litestar.types import AfterExceptionHookHandler, ControllerRouterHandler

from backend_lite import __version__
from backend_lite.core.db.within import Within
from backend_lite.core.feature import Feature, Route
from backend_lite.core.http.description import PositionalStructs
from backend_lite.core.http.errors import EXCEPTION_HANDLERS
from backend_lite.core.http.guard import AUDIENCE_KEY, MACHINE, guard
from backend_lite.core.http.parts import AppInParts
from backend_lite.core.security.principal import Authenticator

MAX_BODY = 2 << 20


class _NoPages(Router):
    """In place of the framework's documentation pages: a browser could not send the Bearer they need."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        return []


class _Framework(Litestar):
    """Left to itself it imports whatever it can serve and finds installed, for up to a second."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def make_app(
    features: Iterable[Feature],
    authenticator: Authenticator,
    within: Within,
    *,
    machines_only: bool,
    after_error: AfterExceptionHookHandler[Any] | None = None,
) -> Litestar:
    """The admin listener's app, or (`machines_only`) that of the agent listener. `after_error` gets every
    error with its request."""
    routes = _routes(features)
    if machines_only:
        routes = [route for route in routes if route.opt.get(AUDIENCE_KEY) == MACHINE]
    return _app(routes, _state(authenticator, within), after_error)


def make_app_in_parts(
    features: Sequence[Feature],
    authenticator: Authenticator,
    within: Within,
    after_error: AfterExceptionHookHandler[Any],
) -> AppInParts:
    """The admin listener's app, which is there at once."""
    state = _state(authenticator, within)
    return AppInParts(lambda: _routes(features), lambda routes: _app(routes, state, after_error), state)


def _routes(features: Iterable[Feature]) -> list[Route]:
    return [route for feature in features for route in feature.routes()]


def _state(authenticator: Authenticator, within: Within) -> State:
    return State({"authenticator": authenticator, "within": within})


def _app(
    routes: Sequence[Route], state: State, after_error: AfterExceptionHookHandler[Any] | None
) -> Litestar:
    return _Framework(
        route_handlers=routes,
        guards=[guard],
        after_exception=[after_error] if after_error is not None else [],
        exception_handlers=EXCEPTION_HANDLERS,
        state=state,
        request_max_body_size=MAX_BODY,
        openapi_config=OpenAPIConfig(
            title="DeployFlow", version=__version__, openapi_router=_NoPages("/", route_handlers=[])
        ),
        plugins=[PositionalStructs()],
        logging_config=None,
        debug=False,
    )
