"""Applying profiles, and what became of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.plans import PROFILES, ProfileApplied, ProfileApply, ProfileDevice
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.profile_apply import ProfileApplications
from backend_lite.features.runs.profile_devices import ProfileDevices
from backend_lite.features.runs.rollout_routes import RUN, AnyRequest, idempotency_key

_ONE = f"{PROFILES}/{{profile_id:int}}"
_PAGE = 100
VIEW_DEVICES = "devices:view"

PageSize = Annotated[int, QueryParameter(ge=1, le=1000)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]


def profile_routes(
    database: Database, applications: ProfileApplications, devices: ProfileDevices
) -> Sequence[Route]:
    @post(f"{_ONE}/apply", status_code=202, permission=RUN, audience=USER, scoped=True)
    async def profile_apply(
        request: AnyRequest, profile_id: FromPath[int], data: JSONBody[ProfileApply]
    ) -> ProfileApplied:
        """Carry out the profile's tasks, in their order, on devices."""
        key, principal = idempotency_key(request), request.user
        groups = principal.groups_for(RUN)
        seals = await database.read(
            lambda session: applications.seal_ahead(session, profile_id, data, groups)
        )

        def work(unit: Unit) -> ProfileApplied:
            return applications.apply(unit, profile_id, data, principal, key, seals)

        return await database.write(work)

    @get(f"{_ONE}/devices", permission=VIEW_DEVICES, audience=USER, scoped=True)
    async def profile_devices(
        request: AnyRequest,
        profile_id: FromPath[int],
        limit: PageSize = _PAGE,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
        compliance: FromQuery[str | None] = None,
    ) -> Response[list[ProfileDevice]]:
        """The devices that have the profile or had it applied; cut, sorted and searched as the list of
        devices is, and those with one word of `compliance`."""
        wanted, groups = ListRequest(limit, offset, sort, q), request.user.groups_for(VIEW_DEVICES)
        found, count = await database.read(
            lambda session: devices.page(session, profile_id, wanted, groups, compliance)
        )
        return Response(found, headers={"X-Total-Count": str(count)})

    return [profile_apply, profile_devices]
