"""The admin listener's app in parts: each area's addresses become a Litestar app at their first request.

To build all of them takes longer than all else at the start of the service, and hardly anybody asks for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.spec import OpenAPI
from litestar.routes import BaseRoute
from litestar.types import Receive, Scope, Send

from backend_lite.core.feature import Route

WHOLE_KEY = "whole"
"""What a route says whose handler looks at the whole app."""

Area = tuple[str, ...]


class AppInParts:
    """Answers as `build(make_routes())` would, which it is (`whole`) only where somebody must see all of it.

    `build` makes an app of routes that share `state`; `make_routes` makes fresh ones on every call.
    """

    def __init__(
        self,
        make_routes: Callable[[], Sequence[Route]],
        build: Callable[[Sequence[Route]], Litestar],
        state: State,
    ) -> None:
        self.state = state
        self._make_routes = make_routes
        self._build = build
        self._unbuilt = _by_area(make_routes())
        self._built: dict[Area, Litestar] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._part(_area_of(scope["path"]))(scope, receive, send)

    @cached_property
    def whole(self) -> Litestar:
        return self._build(self._make_routes())

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self.whole.routes

    @property
    def openapi_schema(self) -> OpenAPI:
        return self.whole.openapi_schema

    def _part(self, area: Area) -> Litestar:
        """Of an address that no area has: an app without routes, which says so."""
        known = area if area in self._unbuilt else ()
        if known not in self._built:
            routes = self._unbuilt.get(known, [])
            wants_all = any(route.opt.get(WHOLE_KEY) for route in routes)
            self._built[known] = self.whole if wants_all else self._build(routes)
        return self._built[known]


def _area_of(path: str) -> Area:
    """The beginning of an address that it shares with others of its area, and with no other area."""
    names = [name for name in path.split("/") if name]
    if names[:1] != ["api"]:
        return tuple(names[:1])
    return tuple(names[: 3 if names[:2] == ["api", "v1"] else 2])


def _by_area(routes: Sequence[Route]) -> Mapping[Area, list[Route]]:
    """Raises ValueError for an address whose area depends on who asks."""
    areas: dict[Area, list[Route]] = {}
    for route in routes:
        for area in {_area_of(path) for path in route.paths}:
            if any("{" in name for name in area):
                raise ValueError(f"{'/'.join(area)}: an area's address must be the same for everybody")
            areas.setdefault(area, []).append(route)
    return areas
