"""Whoever keeps the end of a request back has the rights of when it comes, not those of before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from backend_lite.contract.access import LOGOUT
from backend_lite.contract.accounts import API_TOKENS, STEP_UP_S, USERS
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.software import SOFTWARE_UPLOADS
from backend_lite.core.http import guard
from tests.helpers.limited import make_user, signed_in
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio
SCRIPT = {"name": "late", "content": "true\n", "language": "sh"}
OWNER_ROLE = 1
Meanwhile = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LATE_S", 0.0)


async def send_late(
    service: InProcess, who: dict[str, str], path: str, body: bytes, meanwhile: Meanwhile
) -> httpx.Response:
    """All but the last byte of the body; then `meanwhile`; then that byte."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:-1]
        assert (await meanwhile()).is_success
        yield body[-1:]

    kind = "application/octet-stream" if path.startswith(SOFTWARE_UPLOADS) else "application/json"
    method = "PUT" if path.startswith(SOFTWARE_UPLOADS) else "POST"
    return await service.client.request(method, path, headers=who | {"content-type": kind}, content=pieces())


def json(body: Any) -> bytes:
    return msgspec.json.encode(body)


async def test_a_token_that_is_revoked_meanwhile_does_nothing(service: InProcess) -> None:
    owner = await service.sign_in()
    made = (await service.client.post(API_TOKENS, json={"name": "robot"}, headers=owner)).json()

    async def revoke() -> httpx.Response:
        return await service.client.delete(f"{API_TOKENS}/{made['api_token']['id']}", headers=owner)

    refused = await send_late(service, headers(made["token"]), SCRIPTS, json(SCRIPT), revoke)
    assert refused.status_code == 401
    assert (await service.client.get(SCRIPTS, headers=owner)).json() == []


async def test_who_is_disabled_meanwhile_makes_no_owner(service: InProcess) -> None:
    owner = await service.sign_in()
    user_id = await make_user(service, "bob", OWNER_ROLE)

    async def disable() -> httpx.Response:
        return await service.client.put(f"{USERS}/{user_id}", json={"is_active": False}, headers=owner)

    wanted = json({"username": "mallory", "roles": [OWNER_ROLE]})
    refused = await send_late(service, await signed_in(service, user_id), USERS, wanted, disable)
    assert refused.status_code == 401
    known = (await service.client.get(USERS, headers=owner)).json()["items"]
    assert [one["username"] for one in known] == ["ada", "bob"]


async def test_a_fresh_sign_in_is_not_kept_by_a_request_that_is_not_ended(service: InProcess) -> None:
    owner = await service.sign_in()

    async def wait() -> httpx.Response:
        service.clock.advance(STEP_UP_S)
        return httpx.Response(200)

    refused = await send_late(service, owner, API_TOKENS, json({"name": "robot"}), wait)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")


async def test_a_file_does_not_go_on_after_the_sign_out(service: InProcess) -> None:
    owner = await service.sign_in()
    begun = await service.client.post(SOFTWARE_UPLOADS, json={"file_name": "a", "size": 2}, headers=owner)
    piece = f"{SOFTWARE_UPLOADS}/{begun.json()['id']}?offset=0"

    async def leave() -> httpx.Response:
        return await service.client.post(LOGOUT, headers=owner)

    assert (await send_late(service, owner, piece, b"ab", leave)).status_code == 401


async def test_who_still_may_is_let_in(service: InProcess) -> None:
    async def nothing() -> httpx.Response:
        return httpx.Response(200)

    made = await send_late(service, await service.sign_in(), SCRIPTS, json(SCRIPT), nothing)
    assert made.status_code == 201


async def test_what_comes_in_time_is_looked_at_once(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LATE_S", 60.0)
    owner = await service.sign_in()

    async def leave() -> httpx.Response:
        return await service.client.post(LOGOUT, headers=owner)

    assert (await send_late(service, owner, SCRIPTS, json(SCRIPT), leave)).status_code == 201
