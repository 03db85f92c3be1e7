"""Users, roles and tokens are told to consoles as they change."""

from __future__ import annotations

from typing import Any

import pytest

from backend_lite.contract.accounts import API_TOKENS, RIGHTS, ROLES, USERS
from backend_lite.core.events.bus import Changed
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
def told(service: InProcess) -> list[tuple[str, int, dict[str, Any] | None]]:
    heard: list[tuple[str, int, dict[str, Any] | None]] = []
    service.kernel.bus.subscribe(Changed, lambda event: heard.append((event.kind, event.id, event.change)))
    return heard


async def test_every_change_is_told(
    service: InProcess, told: list[tuple[str, int, dict[str, Any] | None]]
) -> None:
    owner = await service.sign_in()

    async def send(method: str, path: str, body: Any = None) -> Any:
        answer = await service.client.request(method, path, json=body, headers=owner)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    role = await send("POST", ROLES, {"name": "Desk", "grants": [{"artifact": "devices", "verbs": ["view"]}]})
    user = await send("POST", USERS, {"username": "bea", "roles": [role["id"]]})
    assert [(kind, one) for kind, one, _ in told] == [
        ("role", role["id"]),
        ("role", role["id"]),
        ("user", user["id"]),
    ]
    assert told[1][2] is not None
    assert told[1][2]["user_count"] == 1
    told.clear()
    await send("DELETE", f"{USERS}/{user['id']}")
    await send("DELETE", f"{ROLES}/{role['id']}")
    assert ("user", user["id"], None) in told
    assert told[-1] == ("role", role["id"], None)


async def test_a_token_that_ends_with_its_user_is_told(
    service: InProcess, told: list[tuple[str, int, dict[str, Any] | None]]
) -> None:
    owner = await service.sign_in()
    answer = await service.client.post(API_TOKENS, json={"name": "robot"}, headers=owner)
    token_id = answer.json()["api_token"]["id"]
    await service.access.users.disable(1)
    ended = [change for kind, one, change in told if (kind, one) == ("api_token", token_id)]
    assert ended[0] is not None
    assert ended[0]["revoked_at"] is None
    assert ended[-1] is not None
    assert ended[-1]["revoked_at"] is not None


async def test_everybody_may_ask_for_their_own_rights(service: InProcess) -> None:
    told = await service.client.get(RIGHTS, headers=await service.sign_in())
    assert "users:edit" in told.json()["permissions"]
