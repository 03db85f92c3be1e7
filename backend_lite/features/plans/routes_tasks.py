"""The tasks of profiles at their documented addresses. If-Match is the version of the profile."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from backend_lite.contract.plans import (
    ProfileTask,
    ProfileTaskCreate,
    ProfileTasksPut,
    ProfileTaskUpdate,
    ProfileUpdate,
    ProfileWithTasks,
)
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.plans.profiles import Profiles
from backend_lite.features.plans.reading import Reading
from backend_lite.features.plans.routes import BODY, EDIT, ONE, VIEW, AnyRequest, answer, sees_templates

_TASKS = f"{ONE}/tasks"
_TASK = f"{_TASKS}/{{task_id:int}}"


def task_routes(database: Database, reading: Reading, profiles: Profiles) -> Sequence[Route]:
    @get(_TASKS, permission=VIEW, audience=USER)
    async def tasks_list(request: AnyRequest, profile_id: FromPath[int]) -> list[ProfileTask]:
        """In their order."""
        templates = sees_templates(request)
        found = await database.read(lambda session: reading.profile(session, profile_id, templates=templates))
        return found.tasks

    @post(_TASKS, permission=EDIT, audience=USER)
    async def task_create(
        request: AnyRequest, profile_id: FromPath[int], data: JSONBody[ProfileTaskCreate]
    ) -> Response[ProfileTask]:
        version, principal = version_wanted(request.headers.get("if-match")), request.user
        task, now = await database.write(
            lambda unit: profiles.add_task(unit, profile_id, data, principal, version)
        )
        return Response(task, status_code=201, headers=etag(now))

    @put(f"{_TASKS}/bulk", permission=EDIT, audience=USER, request_max_body_size=BODY)
    async def tasks_put(
        request: AnyRequest, profile_id: FromPath[int], data: JSONBody[ProfileTasksPut]
    ) -> Response[ProfileWithTasks]:
        """All tasks at once, as one revision; the answer is the whole profile."""
        version, principal = version_wanted(request.headers.get("if-match")), request.user
        wanted = ProfileUpdate(tasks=data.tasks, message=data.message)
        return answer(
            await database.write(lambda unit: profiles.update(unit, profile_id, wanted, principal, version))
        )

    @put(_TASK, permission=EDIT, audience=USER)
    async def task_update(
        request: AnyRequest,
        profile_id: FromPath[int],
        task_id: FromPath[int],
        data: JSONBody[ProfileTaskUpdate],
    ) -> Response[ProfileTask]:
        """Change what the body names."""
        version, principal = version_wanted(request.headers.get("if-match")), request.user
        task, now = await database.write(
            lambda unit: profiles.change_task(unit, profile_id, task_id, data, principal, version)
        )
        return Response(task, headers=etag(now))

    @delete(_TASK, permission=EDIT, audience=USER)
    async def task_delete(request: AnyRequest, profile_id: FromPath[int], task_id: FromPath[int]) -> None:
        version, principal = version_wanted(request.headers.get("if-match")), request.user
        await database.write(lambda unit: profiles.remove_task(unit, profile_id, task_id, principal, version))

    return [tasks_list, task_create, tasks_put, task_update, task_delete]
