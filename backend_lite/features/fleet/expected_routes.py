"""Expected devices over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend_lite.contract.fleet import (
    EXPECTED_DEVICES,
    CsvImported,
    CsvText,
    ExpectedDevice,
    ExpectedDeviceCreate,
    ExpectedDeviceUpdate,
)
from backend_lite.core.db.database import Database
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.security.principal import Principal
from backend_lite.features.fleet.csv_answer import CSV, csv_answer
from backend_lite.features.fleet.expected import ExpectedDevices
from backend_lite.features.fleet.expected_csv import read_expected

VIEW, CREATE, EDIT, DELETE = "devices:view", "devices:create", "devices:edit", "devices:delete"
LARGEST_TABLE = 32 << 20
"""Bytes of a request."""

_ONE = f"{EXPECTED_DEVICES}/{{expected_id:int}}"

AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int | None, QueryParameter(ge=0, le=2**53)]
Offset = Annotated[int, QueryParameter(ge=0, le=2**53)]


def expected_routes(database: Database, expected: ExpectedDevices) -> Sequence[Route]:
    return [*_reading(database, expected), *_writing(database, expected), _importing(database, expected)]


def _reading(database: Database, expected: ExpectedDevices) -> Sequence[Route]:
    @get(EXPECTED_DEVICES, permission=VIEW, audience=USER)
    async def expected_list(
        limit: Limit = None,
        offset: Offset = 0,
        sort: FromQuery[str | None] = None,
        q: FromQuery[str | None] = None,
    ) -> Response[list[ExpectedDevice]]:
        """Devices that are to come, and those that have. X-Total-Count is their number without the cut."""
        request = ListRequest(limit, offset, sort, q)
        found, count = await database.read(lambda session: expected.page(session, request))
        return Response(found, headers={"X-Total-Count": str(count)})

    @get(f"{EXPECTED_DEVICES}/export", media_type=CSV, permission=VIEW, audience=USER)
    async def expected_export(
        sort: FromQuery[str | None] = None, q: FromQuery[str | None] = None
    ) -> Response[bytes]:
        """A table (CSV) that can be imported."""
        request = ListRequest(sort=sort, q=q)
        table = await database.read(lambda session: expected.table(session, request))
        return csv_answer(table, "expected-devices.csv")

    @get(_ONE, permission=VIEW, audience=USER)
    async def expected_get(expected_id: FromPath[int]) -> ExpectedDevice:
        return await database.read(lambda session: expected.get(session, expected_id))

    return [expected_list, expected_export, expected_get]


def _writing(database: Database, expected: ExpectedDevices) -> Sequence[Route]:
    @post(EXPECTED_DEVICES, permission=CREATE, audience=USER)
    async def expected_create(request: AnyRequest, data: JSONBody[ExpectedDeviceCreate]) -> ExpectedDevice:
        """Expect a device: when its agent enrolls, it gets these tags and groups. That approves nobody."""
        maker: Principal = request.user
        return await database.write(lambda unit: expected.create(unit, data, maker))

    @put(_ONE, permission=EDIT, audience=USER)
    async def expected_update(
        request: AnyRequest, expected_id: FromPath[int], data: JSONBody[ExpectedDeviceUpdate]
    ) -> ExpectedDevice:
        """Change what the body names. What a device that has come got, it keeps."""
        editor: Principal = request.user
        return await database.write(lambda unit: expected.update(unit, expected_id, data, editor))

    @delete(_ONE, permission=DELETE, audience=USER)
    async def expected_delete(expected_id: FromPath[int]) -> None:
        """Expect it no longer; a device that has come stays."""
        await database.write(lambda unit: expected.delete(unit, expected_id))

    return [expected_create, expected_update, expected_delete]


def _importing(database: Database, expected: ExpectedDevices) -> Route:
    @post(
        f"{EXPECTED_DEVICES}/import",
        status_code=200,
        permission=CREATE,
        audience=USER,
        request_max_body_size=LARGEST_TABLE,
    )
    async def expected_import(request: AnyRequest, data: JSONBody[CsvText]) -> CsvImported:
        """Expect every device of a table (CSV), or, where a line has a problem, none of them."""
        maker: Principal = request.user
        groups = await database.read(expected.known_groups)
        reading = await asyncio.to_thread(read_expected, data.text, groups)
        if data.dry_run or reading.problems:
            return await database.read(lambda session: expected.check(session, reading))
        return await database.write(lambda unit: expected.take(unit, reading, maker))

    return expected_import
