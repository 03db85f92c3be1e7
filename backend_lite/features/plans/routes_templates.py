"""Templates at their documented addresses; whoever may change profiles changes them there."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend_lite.contract.plans import TEMPLATES, Profile, ProfileCopy, ProfileWithTasks
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import ForbiddenError
from backend_lite.features.plans.copies import Copies
from backend_lite.features.plans.reading import Reading
from backend_lite.features.plans.routes import (
    CREATE,
    VIEW_TEMPLATES,
    AnyRequest,
    Limit,
    Offset,
    answer,
    sees_templates,
)

_ONE = f"{TEMPLATES}/{{template_id:int}}"


def template_routes(database: Database, reading: Reading, copies: Copies) -> Sequence[Route]:
    @get(TEMPLATES, permission=VIEW_TEMPLATES, audience=USER)
    async def templates_list(
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[Profile]]:
        """All templates, by name."""
        wanted = ListRequest(limit, offset, sort, q)
        found, count = await database.read(lambda session: reading.page(session, wanted, profiles=False))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(_ONE, permission=VIEW_TEMPLATES, audience=USER)
    async def template_get(template_id: FromPath[int]) -> Response[ProfileWithTasks]:
        return answer(await database.read(lambda session: reading.template(session, template_id)))

    @post(f"{_ONE}/instantiate", permission=CREATE, audience=USER)
    async def template_instantiate(
        request: AnyRequest, template_id: FromPath[int], data: JSONBody[ProfileCopy]
    ) -> Response[ProfileWithTasks]:
        """A profile of the template, with other values where the body says so."""
        if not sees_templates(request):
            raise ForbiddenError(f"You do not have the right {VIEW_TEMPLATES}.")
        principal = request.user
        return answer(
            await database.write(lambda unit: copies.instantiate(unit, template_id, data, principal)), 201
        )

    return [templates_list, template_get, template_instantiate]
