"""Roles, users and tokens in the documented forms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio


class Caller:
    def __init__(self, service: InProcess, signed_in: dict[str, str]) -> None:
        self._service, self._headers = service, signed_in

    async def __call__(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        chosen = headers(token) if token else self._headers
        answer = await self._service.client.request(method, path, json=body, headers=chosen)
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
async def ask(service: InProcess) -> Caller:
    return Caller(service, await service.sign_in())


def permission(artifact: str, *verbs: str) -> dict[str, Any]:
    flags = {f"can_{verb}": verb in verbs for verb in ("view", "create", "edit", "delete")}
    return {"artifact": artifact, **flags}


async def test_roles_are_made_read_changed_and_deleted(ask: Caller) -> None:
    body = {"name": "Desk", "permissions": [permission("users", "view"), permission("jobs", "view")]}
    status, made = await ask("POST", "/api/access/roles", body)
    assert status == 201
    assert made == {
        "id": made["id"],
        "name": "Desk",
        "description": "",
        "permissions": [permission("users", "view")],
    }
    one = f"/api/access/roles/{made['id']}"
    assert await ask("GET", one) == (200, made)
    _, changed = await ask("PUT", one, {"permissions": [permission("roles", "view", "edit")]})
    assert changed["permissions"] == [permission("roles", "view", "edit")]
    _, renamed = await ask("PUT", one, {"name": "Front desk"})
    assert (renamed["name"], renamed["permissions"]) == ("Front desk", changed["permissions"])
    assert renamed in (await ask("GET", "/api/access/roles"))[1]
    status, refused = await ask("POST", "/api/access/roles", {"name": "front DESK"})
    assert (status, refused["detail"]) == (400, "Role with this name already exists")
    assert (await ask("DELETE", one))[0] == 204
    assert await ask("GET", one) == (404, {"detail": "Role not found", "code": "not_found"})


async def test_running_and_approving_stay_where_the_form_cannot_say_them(ask: Caller) -> None:
    grants = [{"artifact": "rollouts", "verbs": ["view", "run", "approve"]}]
    _, role = await ask("POST", "/api/v1/roles", {"name": "Night", "grants": grants})
    change = {"permissions": [permission("rollouts", "view", "create")]}
    assert (await ask("PUT", f"/api/access/roles/{role['id']}", change))[0] == 200
    _, now = await ask("GET", f"/api/v1/roles/{role['id']}")
    assert now["grants"][0]["verbs"] == ["view", "create", "run", "approve"]


async def test_roles_of_users_are_replaced(ask: Caller) -> None:
    _, bea = await ask("POST", "/api/v1/users", {"username": "bea", "email": "bea@example.org"})
    brief = {"id": bea["id"], "username": "bea", "email": "bea@example.org", "is_active": True}
    assert brief in (await ask("GET", "/api/access/users"))[1]
    _, roles = await ask("GET", "/api/access/roles")
    chosen = [role for role in roles if role["name"] in ("Helpdesk", "Auditor")]
    path = f"/api/access/users/{bea['id']}/roles"
    status, told = await ask("POST", path, {"role_ids": [role["id"] for role in chosen]})
    assert status == 200
    assert told["user"] == brief
    assert sorted(role["id"] for role in told["roles"]) == sorted(role["id"] for role in chosen)
    assert await ask("GET", path) == (200, told)
    status, refused = await ask("POST", path, {"role_ids": [12345]})
    assert (status, refused["detail"]) == (400, "One or more roles do not exist")
    assert (await ask("GET", "/api/access/users/999/roles"))[0] == 404


async def test_users_of_the_desktop_manager(ask: Caller) -> None:
    status, made = await ask(
        "POST", "/api/users/createuser", {"username": "bea", "sub": "auth0|7", "is_admin": True}
    )
    assert (status, made["username"], made["is_admin"]) == (201, "bea", True)
    assert made["message"]
    assert await ask("GET", "/api/users/verify?sub=auth0|7") == (
        200,
        {"exists": True, "user_id": made["id"], "username": "bea"},
    )
    assert (await ask("GET", "/api/users/verify?sub=nobody"))[1]["exists"] is False
    _, one = await ask("GET", "/api/users/bea")
    assert (one["user"]["is_admin"], len(one["user"]["auth_providers"])) == (True, 1)
    _, listed = await ask("GET", "/api/users/list")
    assert [user["username"] for user in listed["users"]] == ["ada", "bea"]
    assert (await ask("POST", "/api/users/removeuser", {"username": "bea"}))[0] == 200
    assert (await ask("GET", "/api/users/bea"))[0] == 404
    status, own = await ask("POST", "/api/users/removeuser", {"username": "ada"})
    assert (status, own["error"]) == (400, own["detail"])


@pytest.mark.parametrize("body", [{}, {"username": "be", "sub": "x"}, {"username": "bea"}])
async def test_a_user_without_name_or_subject_is_refused(ask: Caller, body: dict[str, Any]) -> None:
    status, refused = await ask("POST", "/api/users/createuser", body)
    assert status == 400
    assert refused["error"]


async def test_two_users_cannot_have_one_subject(ask: Caller) -> None:
    assert (await ask("POST", "/api/users/createuser", {"username": "bea", "sub": "x"}))[0] == 201
    assert (await ask("POST", "/api/users/createuser", {"username": "cid", "sub": "x"}))[0] == 400
    assert (await ask("GET", "/api/users/cid"))[0] == 404


async def test_tokens_of_the_desktop_manager(ask: Caller) -> None:
    status, made = await ask("POST", "/api/tokens", {"name": "robot"})
    assert (status, made["created_by"]) == (201, "ada")
    assert await ask("POST", "/api/tokens/api-login", {"token": made["token"]}) == (
        200,
        {"username": "ada", "is_admin": True, "email": None},
    )
    _, listed = await ask("GET", "/api/tokens")
    assert [(one["token_id"], one["revoked"]) for one in listed["tokens"]] == [(made["token_id"], False)]
    assert await ask("DELETE", f"/api/tokens/{made['token_id']}") == (
        200,
        {"message": "Token successfully revoked"},
    )
    assert (await ask("POST", "/api/tokens/api-login", {"token": made["token"]}))[0] == 404
    assert (await ask("POST", "/api/tokens/api-login", {}))[0] == 400
    assert (await ask("DELETE", "/api/tokens/nothing"))[0] == 404
    for wrong in ({}, {"name": "x", "expires_in_days": 366}):
        assert (await ask("POST", "/api/tokens", wrong))[0] == 400


async def test_a_service_that_does_not_exist_gets_no_token(ask: Caller) -> None:
    status, refused = await ask("POST", "/service-token", {"service": "podcast", "origin": "CI"})
    assert (status, refused["detail"]) == (404, 'There is no service "podcast".')
    for days in (0, 181):
        body = {"service": "podcast", "origin": "CI", "expiration_in_days": days}
        assert (await ask("POST", "/service-token", body))[0] == 422


async def test_an_sdk_signs_in_once_a_person_confirmed(ask: Caller, service: InProcess) -> None:
    _, session = await ask("POST", "/api/sdk/auth/start", {"machine_name": "laptop"})
    status_at = f"/api/sdk/auth/status?session_id={session['session_id']}"
    assert (await ask("POST", "/api/sdk/auth/start", {"machine_name": "laptop"}))[1] == session
    assert await ask("GET", status_at) == (200, {"status": "pending"})
    for _ in range(2):
        assert await ask("POST", "/api/sdk/auth/confirm", {"session_id": session["session_id"]}) == (
            200,
            {"status": "ok"},
        )
    _, told = await ask("GET", status_at)
    assert (told["status"], told["user"]) == ("confirmed", {"id": 1, "username": "ada"})
    assert await ask("GET", status_at) == (200, {"status": "expired"})
    for path in ("/api/v1/devices", "/api/v1/auth/me"):
        status, refused = await ask("GET", path, token=told["access_token"])
        assert (status, refused["detail"]) == (403, "SDK token not permitted for this endpoint")
    service.clock.advance(3600)
    assert (await ask("GET", "/api/v1/devices", token=told["access_token"]))[0] == 401


async def test_an_sdk_session_expires(ask: Caller, service: InProcess) -> None:
    _, session = await ask("POST", "/api/sdk/auth/start", {"machine_name": "laptop"})
    service.clock.advance(300)
    body = {"session_id": session["session_id"]}
    assert await ask("POST", "/api/sdk/auth/confirm", body) == (200, {"status": "expired"})
    _, another = await ask("POST", "/api/sdk/auth/start", {"machine_name": "laptop"})
    assert another["session_id"] != session["session_id"]


async def test_what_no_sdk_session_is_is_refused(ask: Caller) -> None:
    status, refused = await ask("POST", "/api/sdk/auth/start", {})
    assert (status, refused["detail"]) == (400, "machine_name is required")
    status, refused = await ask("POST", "/api/sdk/auth/confirm", {"session_id": "nothing"})
    assert (status, refused["detail"]) == (404, "Session not found")
    assert (await ask("GET", "/api/sdk/auth/status?session_id=nothing"))[0] == 404


async def test_a_disabled_person_confirms_for_nobody(ask: Caller, service: InProcess) -> None:
    _, session = await ask("POST", "/api/sdk/auth/start", {"machine_name": "laptop"})
    await ask("POST", "/api/sdk/auth/confirm", {"session_id": session["session_id"]})
    await service.access.users.disable(1)
    path = f"/api/sdk/auth/status?session_id={session['session_id']}"
    assert (await service.client.get(path)).json() == {"status": "expired"}
