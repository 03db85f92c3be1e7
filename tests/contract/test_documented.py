"""What clients of the documented systems rely on: paths in both spellings, shapes, and the form of errors."""

import re
from typing import Any

import pytest

from backend_lite import __version__
from tests.helpers.service import OWNER, OWNER_PASSWORD, InProcess

pytestmark = pytest.mark.anyio

SERVED = [
    ("GET", "/api/v1/health", 200),
    ("GET", "/api/v1/system/health", 200),
    ("POST", "/api/v1/auth/login", 422),
    ("GET", "/api/v1/auth/me", 401),
    ("POST", "/api/v1/auth/logout", 401),
    ("GET", "/api/v1/devices", 401),
    ("GET", "/api/v1/devices/1", 401),
    ("PUT", "/api/v1/devices/1", 401),
    ("DELETE", "/api/v1/devices/1", 401),
    ("POST", "/api/v1/devices/1/actions", 401),
    ("GET", "/api/v1/devices/1/actions", 401),
    ("GET", "/api/v1/scripts", 401),
    ("POST", "/api/v1/scripts", 401),
    ("GET", "/api/v1/scripts/1", 401),
    ("PUT", "/api/v1/scripts/1", 401),
    ("DELETE", "/api/v1/scripts/1", 401),
    ("GET", "/api/v1/profiles", 401),
    ("POST", "/api/v1/profiles", 401),
    ("GET", "/api/v1/profiles/1", 401),
    ("PUT", "/api/v1/profiles/1", 401),
    ("DELETE", "/api/v1/profiles/1", 401),
    ("GET", "/api/v1/profiles/1/tasks", 401),
    ("POST", "/api/v1/profiles/1/tasks", 401),
    ("PUT", "/api/v1/profiles/1/tasks/bulk", 401),
    ("PUT", "/api/v1/profiles/1/tasks/1", 401),
    ("DELETE", "/api/v1/profiles/1/tasks/1", 401),
    ("POST", "/api/v1/profiles/1/apply", 401),
    ("GET", "/api/v1/templates", 401),
    ("GET", "/api/v1/templates/1", 401),
    ("POST", "/api/v1/templates/1/instantiate", 401),
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize(("method", "path", "status"), SERVED)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_it_is_served_in_both_spellings_without_a_redirect(
    service: InProcess, method: str, path: str, status: int, slash: str
) -> None:
    assert (await service.client.request(method, path + slash)).status_code == status


async def test_a_whole_session_of_a_documented_client(service: InProcess) -> None:
    await service.access.users.create_owner(OWNER, OWNER_PASSWORD)
    client = service.client
    login = {"username": OWNER, "password": OWNER_PASSWORD}
    answer = (await client.post("/api/v1/auth/login", json=login)).json()
    assert (answer["token_type"], isinstance(answer["user"]["id"], str)) == ("bearer", True)
    signed_in = {"Authorization": f"{answer['token_type']} {answer['access_token']}"}
    assert (await client.get("/api/v1/auth/me", headers=signed_in)).json() == answer["user"]
    assert (await client.get("/api/v1/scripts", headers=signed_in)).json() == []
    made = await client.post(
        "/api/v1/scripts/",
        json={"name": "Restart spooler", "content": "Restart-Service Spooler"},
        headers=signed_in,
    )
    assert made.status_code == 201
    script: dict[str, Any] = made.json()
    documented = {
        "id",
        "name",
        "description",
        "language",
        "target_os_type",
        "content",
        "created_at",
        "updated_at",
    }
    assert documented <= set(script)
    assert script["language"] == "powershell"
    assert TIME.fullmatch(script["created_at"])
    again = await client.post(
        "/api/v1/scripts", json={"name": "Restart spooler", "content": "x"}, headers=signed_in
    )
    assert (again.status_code, again.json()["detail"]) == (400, "Script with this name already exists")
    assert (await client.get("/api/v1/scripts/99", headers=signed_in)).json()["detail"] == "Script not found"
    assert (await client.get("/api/v1/devices/99", headers=signed_in)).json()["detail"] == "Device not found"
    assert (await client.get("/api/v1/devices/", headers=signed_in)).json() == []
    assert (await client.delete("/api/v1/scripts/1/", headers=signed_in)).status_code == 204
    logout = await client.post("/api/v1/auth/logout", headers=signed_in)
    assert logout.json() == {"message": "Successfully logged out"}
    assert (await client.get("/api/v1/auth/me", headers=signed_in)).status_code == 401


async def test_health_names_the_service(service: InProcess) -> None:
    health = (await service.client.get("/api/v1/system/health")).json()
    assert health == {"status": "healthy", "service": "DeployFlow", "version": __version__}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "A JSON body is needed."),
        (b"{", "The body cannot be read: Input data was truncated."),
        (b"nonsense", "The body cannot be read: JSON is malformed"),
        (b"\xff\xfe", "The body cannot be read: JSON is malformed"),
        (b'{"username": 7, "password": "x"}', "Expected `str`, got `int`"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
async def test_what_cannot_be_read_is_answered_in_the_documented_form(
    service: InProcess, content: bytes, message: str
) -> None:
    answer = await service.client.post(
        "/api/v1/auth/login", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    (entry,) = answer.json()["detail"]
    assert set(entry) == {"type", "loc", "msg", "input"}
    assert message in entry["msg"]


async def test_a_wrong_type_names_its_place(service: InProcess) -> None:
    answer = await service.client.post(
        "/api/v1/scripts", json={"name": "x", "content": ["echo"]}, headers=await service.sign_in()
    )
    assert answer.json()["detail"][0]["loc"] == ["body", "content"]
    answer = await service.client.get("/api/v1/scripts?limit=few", headers=await service.sign_in())
    assert answer.json()["detail"][0]["loc"] == ["query", "limit"]
    answer = await service.client.post("/api/v1/auth/login")
    assert answer.json()["detail"][0]["loc"] == ["body"]


async def test_unknown_fields_are_ignored(service: InProcess) -> None:
    body = {"name": "x", "content": "echo", "language": "sh", "color": "red"}
    answer = await service.client.post("/api/v1/scripts", json=body, headers=await service.sign_in())
    assert answer.status_code == 201


async def test_what_is_not_there_and_what_is_not_taken_have_sentences(service: InProcess) -> None:
    assert (await service.client.get("/api/v1/nothing")).json() == {
        "detail": "There is nothing at this address.",
        "code": "not_found",
    }
    refused = await service.client.patch("/api/v1/scripts")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in refused.headers["Allow"]


async def test_too_large_is_refused_with_the_limit(service: InProcess) -> None:
    answer = await service.client.post(
        "/api/v1/auth/login", content=b" " * (3 << 20), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "2,097,152 bytes" in answer.json()["detail"]
