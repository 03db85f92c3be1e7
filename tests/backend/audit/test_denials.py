"""What signed-in callers are refused stands in the audit, and cannot flood it."""

from __future__ import annotations

from typing import Any

import pytest

from backend_lite.contract.accounts import API_TOKENS
from backend_lite.contract.audit import AUDIT
from backend_lite.contract.library import SCRIPTS
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio


async def _denied(service: InProcess, owner: dict[str, str]) -> list[dict[str, Any]]:
    answer = await service.client.get(AUDIT, params={"action_type": "denied"}, headers=owner)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _robot(service: InProcess, owner: dict[str, str]) -> dict[str, str]:
    wanted = {"name": "robot", "scope": ["devices:view"]}
    made = await service.client.post(API_TOKENS, json=wanted, headers=owner)
    assert made.status_code == 201, made.text
    return headers(made.json()["token"])


async def test_a_refused_request_is_told_once_a_minute(service: InProcess) -> None:
    owner = await service.sign_in()
    robot = await _robot(service, owner)
    for number in range(5):
        answer = await service.client.delete(f"{SCRIPTS}/{number}", headers=robot)
        assert answer.status_code == 403
    assert (await service.client.get(SCRIPTS, headers=robot)).status_code == 403
    found = await _denied(service, owner)
    assert [event["entity_name"] for event in found] == [
        f"GET {SCRIPTS}",
        f"DELETE {SCRIPTS}/{{script_id:int}}",
    ]
    assert {event["actor_username"] for event in found} == {"ada (robot)"}
    service.clock.advance(61)
    await service.client.delete(f"{SCRIPTS}/9", headers=robot)
    newest = (await _denied(service, owner))[0]
    details = (await service.client.get(f"{AUDIT}/{newest['id']}", headers=owner)).json()["metadata"]
    assert '"more_before": 4' in details


async def test_strangers_leave_no_trace(service: InProcess) -> None:
    owner = await service.sign_in()
    assert (await service.client.get(SCRIPTS)).status_code == 401
    assert (await service.client.get(SCRIPTS, headers=headers("dfa_wrong"))).status_code == 401
    assert await _denied(service, owner) == []
