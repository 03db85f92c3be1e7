"""What signed-in callers were refused stands in the audit: once a minute for each and each address."""

from __future__ import annotations

from typing import Any

from litestar.types import Scope

from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.errors import ForbiddenError

EVERY_MS = 60_000
MOST = 1_000
"""So many callers at addresses are remembered."""
_NO_REFUSAL = frozenset({"step_up_required", "second_factor_due"})
"""Codes that only ask for something else first."""


class Denials:
    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._told: dict[tuple[str, str], tuple[int, int]] = {}

    async def refused(self, error: Exception, scope: Scope) -> None:
        """Hook of the app for every error."""
        if not isinstance(error, ForbiddenError) or error.code in _NO_REFUSAL:
            return
        principal = scope.get("user")
        if principal is None:
            return
        address = f"{scope.get('method', '')} {_address(scope)}"
        untold = self._turn((principal.name, address))
        if untold is None:
            return
        said = f"{principal.name} was refused {address}: {error.detail}"[:1000]
        details = {"path": scope["path"][:500], "more_before": untold}
        entity = Entity("address", "", address)

        await self._database.write(
            lambda unit: self._audit.record(
                unit, "access.denied", ActionType.DENIED, entity, said, details=details
            )
        )

    def _turn(self, key: tuple[str, str]) -> int | None:
        """How many were not told since the last time; None while it is too early for another."""
        now = self._clock.now_ms()
        at, untold = self._told.get(key, (now - EVERY_MS, 0))
        if now - at < EVERY_MS:
            self._told[key] = (at, untold + 1)
            return None
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[key] = (now, 0)
        return untold


def _address(scope: Scope) -> str:
    """The pattern of the address, so that its numbers make no difference."""
    handler: Any = scope.get("route_handler")
    return str(min(getattr(handler, "paths", None) or {scope["path"][:200]}))
