"""Profiles at their documented addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.common import Page
from backend_lite.contract.plans import (
    PROFILES,
    Profile,
    ProfileCopy,
    ProfileCreate,
    ProfileRevision,
    ProfileUpdate,
    ProfileWithTasks,
)
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.plans.copies import Copies
from backend_lite.features.plans.profiles import Profiles
from backend_lite.features.plans.reading import REVISION_PAGE, Reading

VIEW, CREATE, EDIT, DELETE = "profiles:view", "profiles:create", "profiles:edit", "profiles:delete"
VIEW_TEMPLATES, CREATE_TEMPLATES = "templates:view", "templates:create"

BODY = 16 << 20
"""As many tasks as a profile may have, with long values, and every character escaped."""

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=MAX_ID)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
ONE = f"{PROFILES}/{{profile_id:int}}"


def profile_routes(
    database: Database, reading: Reading, profiles: Profiles, copies: Copies
) -> Sequence[Route]:
    return [*_reading(database, reading), *_writing(database, profiles), *_copying(database, copies)]


def sees_templates(request: AnyRequest) -> bool:
    return bool(request.user.may(VIEW_TEMPLATES))


def answer(profile: ProfileWithTasks, status_code: int = 200) -> Response[ProfileWithTasks]:
    return Response(profile, status_code=status_code, headers=etag(profile.version))


def _reading(database: Database, reading: Reading) -> Sequence[Route]:
    @get(PROFILES, permission=VIEW, audience=USER)
    async def profiles_list(
        request: AnyRequest,
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[Profile]]:
        """All profiles by name, templates too for those who may see them."""
        wanted, templates = ListRequest(limit, offset, sort, q), sees_templates(request)
        found, count = await database.read(lambda session: reading.page(session, wanted, templates=templates))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(ONE, permission=VIEW, audience=USER)
    async def profile_get(request: AnyRequest, profile_id: FromPath[int]) -> Response[ProfileWithTasks]:
        templates = sees_templates(request)
        return answer(
            await database.read(lambda session: reading.profile(session, profile_id, templates=templates))
        )

    @get(f"{ONE}/revisions", permission=VIEW, audience=USER)
    async def profile_revisions(
        request: AnyRequest,
        profile_id: FromPath[int],
        limit: PageSize = REVISION_PAGE,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ProfileRevision]:
        """What its tasks were, newest first."""
        templates = sees_templates(request)
        return await database.read(
            lambda session: reading.revisions(session, profile_id, limit, cursor, templates=templates)
        )

    @get(f"{ONE}/revisions/{{number:int}}", permission=VIEW, audience=USER)
    async def profile_revision(
        request: AnyRequest, profile_id: FromPath[int], number: FromPath[int]
    ) -> ProfileRevision:
        templates = sees_templates(request)
        return await database.read(
            lambda session: reading.revision(session, profile_id, number, templates=templates)
        )

    return [profiles_list, profile_get, profile_revisions, profile_revision]


def _writing(database: Database, profiles: Profiles) -> Sequence[Route]:
    @post(PROFILES, permission=CREATE, audience=USER, request_max_body_size=BODY)
    async def profile_create(
        request: AnyRequest, data: JSONBody[ProfileCreate]
    ) -> Response[ProfileWithTasks]:
        principal = request.user
        return answer(await database.write(lambda unit: profiles.create(unit, data, principal)), 201)

    @put(ONE, permission=EDIT, audience=USER, request_max_body_size=BODY)
    async def profile_update(
        request: AnyRequest, profile_id: FromPath[int], data: JSONBody[ProfileUpdate]
    ) -> Response[ProfileWithTasks]:
        """Change what the body names; changed tasks make a revision."""
        version, principal = version_wanted(request.headers.get("if-match")), request.user
        return answer(
            await database.write(lambda unit: profiles.update(unit, profile_id, data, principal, version))
        )

    @delete(ONE, permission=DELETE, audience=USER)
    async def profile_delete(request: AnyRequest, profile_id: FromPath[int]) -> None:
        """Refused while devices have it. What it did on devices stays in their history."""
        version, principal = version_wanted(request.headers.get("if-match")), request.user
        await database.write(lambda unit: profiles.delete(unit, profile_id, principal, version))

    return [profile_create, profile_update, profile_delete]


def _copying(database: Database, copies: Copies) -> Sequence[Route]:
    @post(f"{ONE}/duplicate", permission=CREATE, audience=USER)
    async def profile_duplicate(
        request: AnyRequest, profile_id: FromPath[int], data: JSONBody[ProfileCopy]
    ) -> Response[ProfileWithTasks]:
        principal = request.user
        return answer(
            await database.write(lambda unit: copies.duplicate(unit, profile_id, data, principal)), 201
        )

    @post(f"{ONE}/save-as-template", permission=CREATE_TEMPLATES, audience=USER)
    async def profile_save_as_template(
        request: AnyRequest, profile_id: FromPath[int], data: JSONBody[ProfileCopy]
    ) -> Response[ProfileWithTasks]:
        """A template with the profile's tasks; the profile stays as it is."""
        principal = request.user
        return answer(
            await database.write(lambda unit: copies.save_as_template(unit, profile_id, data, principal)), 201
        )

    return [profile_duplicate, profile_save_as_template]
