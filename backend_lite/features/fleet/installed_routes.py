"""What is installed, for people; and which devices a query finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from backend_lite.contract.fleet import DEVICES, DeviceIds
from backend_lite.contract.software import INSTALLED, DeviceSoftware, InstalledOn, SoftwareCount
from backend_lite.core.db.base import MAX_ID
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.group_members import only_within
from backend_lite.features.fleet.installed_reading import device_software, installed_on, software_counts

VIEW = "devices:view"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=MAX_ID)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]


def installed_routes(database: Database, devices: Devices) -> Sequence[Route]:
    return [*_installed(database), _matching(database, devices)]


def _installed(database: Database) -> Sequence[Route]:
    @get(f"{DEVICES}/{{device_id:int}}/software", permission=VIEW, audience=USER, within="device_id")
    async def software_of_device(device_id: FromPath[int]) -> DeviceSoftware:
        """What the device says is installed, by name."""
        return await database.read(lambda session: device_software(session, device_id))

    @get(INSTALLED, permission=VIEW, audience=USER, scoped=True)
    async def software_installed(
        request: AnyRequest,
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[SoftwareCount]]:
        """What is installed anywhere, the most frequent first."""
        wanted, groups = ListRequest(limit, offset, sort, q), request.user.groups_for(VIEW)
        found, count = await database.read(lambda session: software_counts(session, wanted, groups))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(f"{INSTALLED}/devices", permission=VIEW, audience=USER, scoped=True)
    async def software_devices(
        request: AnyRequest,
        name: FromQuery[str],
        version: FromQuery[str | None] = None,
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
    ) -> Response[list[InstalledOn]]:
        """Where something of this name is installed, in any version or in one."""
        wanted, groups = ListRequest(limit, offset, sort), request.user.groups_for(VIEW)
        found, count = await database.read(
            lambda session: installed_on(session, name, version, wanted, groups)
        )
        return Response(found, headers={"X-Total-Count": str(count)})

    return [software_of_device, software_installed, software_devices]


def _matching(database: Database, devices: Devices) -> Route:
    @get(f"{DEVICES}/matching", permission=VIEW, audience=USER, scoped=True)
    async def devices_matching(request: AnyRequest, q: FromQuery[str] = "") -> DeviceIds:
        """The devices that a query finds now, for whoever has their other data already."""
        which = only_within(request.user.groups_for(VIEW))
        return DeviceIds(await database.read(lambda session: devices.match(session, q, which)))

    return devices_matching
