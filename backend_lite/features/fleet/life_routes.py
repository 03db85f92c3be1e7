"""What becomes of devices: merged, removed, forgotten; what they were doing; all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.fleet import (
    DEVICES,
    Device,
    DeviceMerge,
    MetricHistory,
    RetiredDevice,
    TagsChange,
    TagsChanged,
)
from backend_lite.core.audit.record import Audit
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import etag
from backend_lite.features.fleet.csv_answer import CSV, csv_answer
from backend_lite.features.fleet.device_table import device_table
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.forgetting import Forgetting
from backend_lite.features.fleet.merging import Merging
from backend_lite.features.fleet.metric_history import MetricHistories
from backend_lite.features.fleet.tagging import change_tags

VIEW, EDIT, DELETE, APPROVE = "devices:view", "devices:edit", "devices:delete", "devices:approve"

DEVICE_ID = "device_id"
_ONE = f"{DEVICES}/{{{DEVICE_ID}:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=2**53)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


def merge_routes(database: Database, merging: Merging) -> Sequence[Route]:
    @post(f"{_ONE}/merge", status_code=200, permission=APPROVE, audience=USER, within=DEVICE_ID)
    async def device_merge(
        request: AnyRequest, device_id: FromPath[int], data: JSONBody[DeviceMerge]
    ) -> Response[Device]:
        """The same machine under a new key: it takes over from its former self, which is retired."""
        groups = request.user.groups_for(APPROVE)
        merged = await database.write(lambda unit: merging.merge(unit, device_id, data.replaces_id, groups))
        return Response(merged, headers=etag(merged.version))

    @post(f"{_ONE}/keep-apart", status_code=200, permission=APPROVE, audience=USER, within=DEVICE_ID)
    async def device_keep_apart(request: AnyRequest, device_id: FromPath[int]) -> Response[Device]:
        """It only resembles the other device."""
        groups = request.user.groups_for(APPROVE)
        device = await database.write(lambda unit: merging.keep_apart(unit, device_id, groups))
        return Response(device, headers=etag(device.version))

    return [device_merge, device_keep_apart]


def tag_routes(database: Database, audit: Audit) -> Sequence[Route]:
    @post(f"{DEVICES}/tags", status_code=200, permission=EDIT, audience=USER, scoped=True)
    async def devices_tags(request: AnyRequest, data: JSONBody[TagsChange]) -> TagsChanged:
        """Give many devices tags, and take others from them."""
        groups = request.user.groups_for(EDIT)
        return await database.write(lambda unit: change_tags(unit, data, audit, groups))

    return [devices_tags]


def retired_routes(database: Database, forgetting: Forgetting) -> Sequence[Route]:
    @get(f"{DEVICES}/retired", permission=VIEW, audience=USER)
    async def retired_list(
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[RetiredDevice]]:
        """Devices that were removed, the last first. X-Total-Count is their number without the cut."""
        request = ListRequest(limit, offset, sort, q)
        found, count = await database.read(lambda session: forgetting.page(session, request))
        return Response(found, headers={"X-Total-Count": str(count)})

    @post(f"{_ONE}/forget", status_code=202, permission=DELETE, audience=USER)
    async def device_forget(device_id: FromPath[int]) -> None:
        """Remove all that is kept of a device that was removed: runs, output, metrics, the device itself."""
        await database.write(lambda unit: forgetting.forget(unit, device_id))

    return [retired_list, device_forget]


def metric_routes(database: Database, histories: MetricHistories) -> Sequence[Route]:
    @get(f"{_ONE}/metrics", permission=VIEW, audience=USER, within=DEVICE_ID)
    async def device_metrics(device_id: FromPath[int], hours: FromQuery[int] = 24) -> MetricHistory:
        """Processor, memory and disk over the last hours, 720 at most."""
        return await database.read(lambda session: histories.read(session, device_id, hours))

    return [device_metrics]


def table_routes(database: Database, devices: Devices) -> Sequence[Route]:
    @get(f"{DEVICES}/export", media_type=CSV, permission=VIEW, audience=USER, scoped=True)
    async def devices_export(
        request: AnyRequest, sort: FromQuery[str | None] = None, q: FromQuery[str | None] = None
    ) -> Response[bytes]:
        """The devices that a query finds, as a table (CSV)."""
        wanted, groups = ListRequest(sort=sort, q=q), request.user.groups_for(VIEW)
        table = await database.read(lambda session: device_table(session, devices, wanted, groups))
        return csv_answer(table, "devices.csv")

    return [devices_export]
