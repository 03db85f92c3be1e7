"""Devices at their documented addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.fleet import DEVICES, Device, DeviceUpdate
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag, version_wanted
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.group_members import only_within

VIEW, EDIT, DELETE, APPROVE = "devices:view", "devices:edit", "devices:delete", "devices:approve"

DEVICE_ID = "device_id"
_ONE = f"{DEVICES}/{{{DEVICE_ID}:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=2**53)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


def device_routes(database: Database, devices: Devices) -> Sequence[Route]:
    return [*_reading(database, devices), *_writing(database, devices)]


def _reading(database: Database, devices: Devices) -> Sequence[Route]:
    @get(DEVICES, permission=VIEW, audience=USER, scoped=True)
    async def devices_list(
        request: AnyRequest,
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[Device]]:
        """All devices that are not removed. The header X-Total-Count has their number without the cut."""
        wanted, which = ListRequest(limit, offset, sort, q), only_within(request.user.groups_for(VIEW))
        found, count = await database.read(lambda session: devices.page(session, wanted, which))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(_ONE, permission=VIEW, audience=USER, within=DEVICE_ID)
    async def device_get(device_id: FromPath[int]) -> Response[Device]:
        return _answer(await database.read(lambda session: devices.get(session, device_id)))

    return [devices_list, device_get]


def _writing(database: Database, devices: Devices) -> Sequence[Route]:
    @put(_ONE, permission=EDIT, audience=USER, within=DEVICE_ID)
    async def device_update(
        request: AnyRequest, device_id: FromPath[int], data: JSONBody[DeviceUpdate]
    ) -> Response[Device]:
        """Change what the body names. `status` follows from the contact and cannot be set."""
        version = version_wanted(request.headers.get("if-match"))
        return _answer(await database.write(lambda unit: devices.update(unit, device_id, data, version)))

    @delete(_ONE, permission=DELETE, audience=USER, within=DEVICE_ID)
    async def device_retire(
        request: AnyRequest, device_id: FromPath[int], uninstall: FromQuery[bool] = False
    ) -> None:
        """Remove the device: its agent is shut out, its history stays, its key does not come back. With
        `uninstall` the agent removes itself first, as soon as it can be told."""
        version = version_wanted(request.headers.get("if-match"))
        wanted_by = request.user if uninstall else None
        await database.write(lambda unit: devices.retire(unit, device_id, version, wanted_by))

    @post(f"{_ONE}/approve", status_code=200, permission=APPROVE, audience=USER, within=DEVICE_ID)
    async def device_approve(device_id: FromPath[int]) -> Response[Device]:
        """Let the device work: ends waiting for approval, and releases a quarantine."""
        return _answer(await database.write(lambda unit: devices.approve(unit, device_id)))

    return [device_update, device_retire, device_approve]


def _answer(device: Device) -> Response[Device]:
    return Response(device, headers=etag(device.version))
