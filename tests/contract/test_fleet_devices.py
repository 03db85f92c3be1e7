"""DeployFlow Fleet's devices, as its documents have them."""

import re
from typing import Any

import httpx
import pytest

from tests.backend.fleet.conftest import Fleet
from tests.helpers.agents import Device

pytestmark = pytest.mark.anyio

DOCUMENTED = {
    "id": int,
    "hostname": str,
    "profile_id": (int, type(None)),
    "status": str,
    "os_type": (str, type(None)),
    "os_version": (str, type(None)),
    "hardware_summary": (str, type(None)),
    "last_check_in": (str, type(None)),
    "created_at": str,
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
async def device_id(fleet_service: Fleet) -> int:
    device = Device()
    device_id = await fleet_service.enrolled(device)
    await fleet_service.welcomed(device)
    return device_id


async def call(fleet: Fleet, method: str, path: str, body: Any = None) -> httpx.Response:
    options = {} if body is None else {"json": body}
    return await fleet.service.client.request(method, f"/api/v1{path}", headers=fleet.owner, **options)


@pytest.mark.parametrize("path", ["/devices", "/devices/"])
async def test_the_list_is_a_bare_array_without_redirect(
    fleet_service: Fleet, device_id: int, path: str
) -> None:
    answer = await call(fleet_service, "GET", path)
    assert answer.status_code == 200
    (found,) = answer.json()
    assert found["id"] == device_id


async def test_a_device_has_the_documented_fields(fleet_service: Fleet, device_id: int) -> None:
    found = (await call(fleet_service, "GET", f"/devices/{device_id}")).json()
    for name, kind in DOCUMENTED.items():
        assert isinstance(found[name], kind), name  # type: ignore[arg-type]
    assert INSTANT.fullmatch(found["created_at"])
    assert INSTANT.fullmatch(found["last_check_in"])
    assert found["status"] == "online"


async def test_a_whole_device_can_be_put_back_with_one_field_changed(
    fleet_service: Fleet, device_id: int
) -> None:
    before = (await call(fleet_service, "GET", f"/devices/{device_id}")).json()
    body = {name: before[name] for name in DOCUMENTED} | {"os_version": "11"}
    answer = await call(fleet_service, "PUT", f"/devices/{device_id}", body)
    assert answer.status_code == 200
    assert answer.json() == before | {"os_version": "11", "version": 2}


async def test_a_put_of_nothing_changes_nothing(fleet_service: Fleet, device_id: int) -> None:
    before = (await call(fleet_service, "GET", f"/devices/{device_id}")).json()
    assert (await call(fleet_service, "PUT", f"/devices/{device_id}", {})).json() == before


async def test_deleting_answers_204_and_then_404(fleet_service: Fleet, device_id: int) -> None:
    answer = await call(fleet_service, "DELETE", f"/devices/{device_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "PUT", "DELETE"):
        answer = await call(fleet_service, method, f"/devices/{device_id}", {} if method == "PUT" else None)
        assert (answer.status_code, answer.json()["detail"]) == (404, "Device not found")


async def test_a_wrong_type_is_answered_with_the_documented_list(
    fleet_service: Fleet, device_id: int
) -> None:
    answer = await call(fleet_service, "PUT", f"/devices/{device_id}", {"hostname": 5})
    assert answer.status_code == 422
    (entry,) = answer.json()["detail"]
    assert set(entry) == {"type", "loc", "msg", "input"}
    assert entry["loc"][-1] == "hostname"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/devices"), ("GET", "/devices/1"), ("PUT", "/devices/1"), ("DELETE", "/devices/1")],
)
async def test_nobody_without_a_credential(fleet_service: Fleet, method: str, path: str) -> None:
    answer = await fleet_service.service.client.request(method, f"/api/v1{path}")
    assert answer.status_code == 401
