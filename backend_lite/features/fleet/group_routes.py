"""Groups of devices over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.fleet import (
    DEVICES,
    GROUPS,
    Device,
    Group,
    GroupCreate,
    GroupUpdate,
    MembersChange,
)
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.groups import Groups

VIEW, CREATE, EDIT, DELETE = "groups:view", "groups:create", "groups:edit", "groups:delete"
VIEW_DEVICES = "devices:view"

GROUP_ID = "group_id"
_ONE = f"{GROUPS}/{{{GROUP_ID}:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=2**53)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


def group_routes(database: Database, groups: Groups, devices: Devices) -> Sequence[Route]:
    return [*_reading(database, groups, devices), *_writing(database, groups)]


def _reading(database: Database, groups: Groups, devices: Devices) -> Sequence[Route]:
    @get(GROUPS, permission=VIEW, audience=USER, scoped=True)
    async def groups_list(request: AnyRequest) -> list[Group]:
        """All groups, by name, with the number of their devices now."""
        only = request.user.groups_for(VIEW)
        return await database.read(lambda session: groups.all(session, only))

    @get(_ONE, permission=VIEW, audience=USER, within=GROUP_ID)
    async def group_get(group_id: FromPath[int]) -> Response[Group]:
        return _answer(await database.read(lambda session: groups.get(session, group_id)))

    @get(f"{_ONE}/devices", permission=VIEW_DEVICES, audience=USER, within=GROUP_ID)
    async def group_devices(
        group_id: FromPath[int],
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[Device]]:
        """The devices of the group now; cut, sorted and searched as the list of devices is."""
        request = ListRequest(limit, offset, sort, q)
        found, count = await database.read(
            lambda session: devices.page(session, request, groups.devices_of(session, group_id))
        )
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(f"{_ONE}/members", permission=VIEW_DEVICES, audience=USER, within=GROUP_ID)
    async def group_member_ids(group_id: FromPath[int]) -> list[int]:
        """The ids of its devices now, named or found: for who knows the devices already."""
        return await database.read(lambda session: groups.members(session, group_id))

    @get(f"{DEVICES}/{{device_id:int}}/groups", permission=VIEW, audience=USER, within="device_id")
    async def device_groups(request: AnyRequest, device_id: FromPath[int]) -> list[Group]:
        """The groups that the device is in now, by name."""
        only = request.user.groups_for(VIEW)
        return await database.read(lambda session: groups.with_device(session, device_id, only))

    return [groups_list, group_get, group_devices, group_member_ids, device_groups]


def _writing(database: Database, groups: Groups) -> Sequence[Route]:
    @post(GROUPS, permission=CREATE, audience=USER)
    async def group_create(data: JSONBody[GroupCreate]) -> Response[Group]:
        """Give `devices` or a `query`."""
        return _answer(await database.write(lambda unit: groups.create(unit, data)), 201)

    @put(_ONE, permission=EDIT, audience=USER)
    async def group_update(
        request: AnyRequest, group_id: FromPath[int], data: JSONBody[GroupUpdate]
    ) -> Response[Group]:
        """Change what the body names."""
        version = version_wanted(request.headers.get("if-match"))
        return _answer(await database.write(lambda unit: groups.update(unit, group_id, data, version)))

    @post(f"{_ONE}/members", status_code=200, permission=EDIT, audience=USER)
    async def group_members(
        request: AnyRequest, group_id: FromPath[int], data: JSONBody[MembersChange]
    ) -> Response[Group]:
        """Name devices as members, or no longer."""
        version = version_wanted(request.headers.get("if-match"))
        return _answer(
            await database.write(
                lambda unit: groups.change_members(unit, group_id, data, version, request.user)
            )
        )

    @delete(_ONE, permission=DELETE, audience=USER)
    async def group_delete(request: AnyRequest, group_id: FromPath[int]) -> None:
        """Take the group away, not its devices. Refused while something needs it."""
        version = version_wanted(request.headers.get("if-match"))
        await database.write(lambda unit: groups.delete(unit, group_id, version))

    return [group_create, group_update, group_members, group_delete]


def _answer(group: Group, status_code: int = 200) -> Response[Group]:
    return Response(group, status_code=status_code, headers=etag(group.version))
