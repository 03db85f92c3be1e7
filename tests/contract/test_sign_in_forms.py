"""The documented log-ins by form: what their clients send, get, and hear when it is wrong."""

from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from backend_lite.core.db.database import Database
from backend_lite.core.http.browser_shield import BrowserShield
from backend_lite.features.access.form_routes import form_types
from tests.helpers.service import OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio
RIGHT = {"username": OWNER, "password": OWNER_PASSWORD}
WRONG = {"username": OWNER, "password": "not the password"}
BOTH = pytest.mark.parametrize("path", ["/token", "/token/", "/api/auth/login", "/api/auth/login/"])


@pytest.fixture(autouse=True)
async def owner(service: InProcess) -> None:
    await service.access.users.create_owner(OWNER, OWNER_PASSWORD)


@pytest.fixture
async def client(service: InProcess) -> httpx.AsyncClient:
    shield: Any = BrowserShield(service.app, lambda: frozenset({"127.0.0.1:1"}), form_types)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=shield), base_url="http://127.0.0.1:1")


@BOTH
async def test_a_form_signs_in(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, data=RIGHT)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"access_token", "token_type"}
    assert answer.json()["token_type"] == "bearer"
    signed_in = headers(answer.json()["access_token"])
    assert (await client.get("/users/me", headers=signed_in)).json() == {"id": 1, "name": OWNER}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/token", "Incorrect username or password"), ("/api/auth/login", "Invalid credentials")],
)
async def test_what_is_wrong_is_said_in_the_documented_words(
    client: httpx.AsyncClient, path: str, sentence: str
) -> None:
    refused = await client.post(path, data=WRONG)
    assert (refused.status_code, refused.json()["detail"]) == (401, sentence)
    assert refused.headers["WWW-Authenticate"] == "Bearer"


@BOTH
async def test_json_and_half_a_form_are_not_understood(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path, json=RIGHT)).status_code == 422
    assert (await client.post(path, data={"username": OWNER})).status_code == 422


async def test_forms_go_nowhere_else(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/auth/login", "/api/v1/setup", "/token/x", "/api/auth/me"):
        assert (await client.post(path, data=RIGHT)).status_code == 415


async def test_failures_count_whatever_log_in_they_come_by(client: httpx.AsyncClient) -> None:
    for path in ("/token", "/api/auth/login"):
        await client.post(path, data=WRONG)
    await client.post("/api/v1/auth/login", json=WRONG)
    for path in ("/token", "/api/auth/login"):
        assert (await client.post(path, data=RIGHT)).headers["Retry-After"] == "1"


async def test_who_the_caller_is_comes_with_every_right_there_is(
    client: httpx.AsyncClient, service: InProcess
) -> None:
    owner = await service.sign_in()
    me = (await client.get("/api/auth/me", headers=owner)).json()
    assert me["user"] == {"id": 1, "username": OWNER, "email": None, "is_admin": True}
    assert me["roles"] == ["Owner"]
    assert me["permissions"]["flat"]["users:edit"] is True
    assert "edit" in me["permissions"]["by_artifact"]["users"]
    body = {"name": "robot", "scope": ["devices:view"]}
    token = (await client.post("/api/v1/api-tokens", json=body, headers=owner)).json()["token"]
    rights = (await client.get("/api/auth/me", headers=headers(token))).json()["permissions"]
    assert rights["by_artifact"] == {"devices": ["view"]}
    assert [one for one, may in rights["flat"].items() if may] == ["devices:view"]


async def test_health_says_whether_the_database_answers(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = await client.get("/api/health")
    assert (healthy.status_code, healthy.json()["status"]) == (200, "healthy")

    async def broken(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, OSError("disk I/O error"))

    monkeypatch.setattr(Database, "read", broken)
    unhealthy = await client.get("/api/health")
    assert (unhealthy.status_code, unhealthy.json()["status"]) == (503, "unhealthy")
