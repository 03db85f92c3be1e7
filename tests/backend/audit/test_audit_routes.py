"""The audit as the documented client and the window read it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from backend_lite.contract.accounts import API_TOKENS, ROLES
from backend_lite.contract.audit import AUDIT, AUDIT_EVENTS
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
async def owner(service: InProcess) -> dict[str, str]:
    """Signed in before the audit begins."""
    headers = await service.sign_in()
    for table in ("audit_events", "audit_head"):
        forget = text(f"DELETE FROM {table}")  # noqa: S608
        await service.kernel.database.write(lambda unit, forget=forget: unit.session.execute(forget))  # type: ignore[misc]
    return headers


async def _do_something(service: InProcess, owner: dict[str, str]) -> None:
    for name in ("Robots", "Guests", "Trainees"):
        await service.client.post(ROLES, json={"name": name}, headers=owner)
    path = f"{ROLES}/6"
    await service.client.put(path, json={"description": "Bots"}, headers=owner)
    await service.client.post(API_TOKENS, json={"name": "robot"}, headers=owner)


async def _list(service: InProcess, owner: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = await service.client.get(f"{AUDIT}{query}", headers=owner)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_it_is_listed_as_documented(service: InProcess, owner: dict[str, str]) -> None:
    await _do_something(service, owner)
    found = await _list(service, owner)
    assert found.keys() == {"items", "total", "page", "page_size"}
    assert (found["total"], found["page"], found["page_size"]) == (5, 1, 50)
    newest = found["items"][0]
    documented = {
        "id", "timestamp", "actor_username", "action", "action_type", "entity_type", "entity_display",
        "entity_id", "entity_name", "message", "summary",
    }  # fmt: skip
    assert documented <= newest.keys()
    assert (newest["actor_username"], newest["action"], newest["entity_name"]) == (
        "ada",
        "tokens.create",
        "robot",
    )


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?action_type=create", 4),
        ("?entity_type=role", 4),
        ("?entity_type=role&entity_id=6", 2),
        ("?actor=ada", 5),
        ("?actor=grace", 0),
        ("?action=roles.update", 1),
        ("?q=trainees", 1),
        ("?q=100%25", 0),
        ("?from=2001-01-01T00:00:00Z&to=2999-01-01T00:00:00Z", 5),
        ("?to=2001-01-01", 0),
    ],
)
async def test_it_is_filtered(service: InProcess, owner: dict[str, str], query: str, count: int) -> None:
    await _do_something(service, owner)
    assert (await _list(service, owner, query))["total"] == count


async def test_pages_hold_all_of_it_once(service: InProcess, owner: dict[str, str]) -> None:
    await _do_something(service, owner)
    pages = [(await _list(service, owner, f"?page={page}&page_size=2"))["items"] for page in (1, 2, 3, 4)]
    assert [[event["id"] for event in page] for page in pages] == [[5, 4], [3, 2], [1], []]


@pytest.mark.parametrize("query", ["?page=0", "?page_size=501", "?from=yesterday", "?to=99999-01-01"])
async def test_what_makes_no_sense_is_refused(service: InProcess, owner: dict[str, str], query: str) -> None:
    answer = await service.client.get(f"{AUDIT}{query}", headers=owner)
    assert answer.status_code == 400


async def test_an_event_has_what_changed(service: InProcess, owner: dict[str, str]) -> None:
    await _do_something(service, owner)
    details = (await service.client.get(f"{AUDIT}/4", headers=owner)).json()
    assert json.loads(details["before_data"]) == {"description": "", "version": 1}
    assert json.loads(details["after_data"]) == {"description": "Bots", "version": 2}
    assert (details["ip_address"], details["actor_user_id"]) == ("127.0.0.1", 1)
    changes = (await service.client.get(f"{AUDIT_EVENTS}/4", headers=owner)).json()["changes"]
    assert changes[0] == {"name": "description", "before": "", "after": "Bots"}
    assert (await service.client.get(f"{AUDIT}/99", headers=owner)).status_code == 404


async def test_a_check_says_so_and_finds_the_row_that_was_touched(
    service: InProcess, owner: dict[str, str]
) -> None:
    await _do_something(service, owner)
    verdict = (await service.client.post(f"{AUDIT_EVENTS}/verify", headers=owner)).json()
    assert verdict == {"events": 5, "segments": 0, "broken_at": None, "problem": ""}
    change = text("UPDATE audit_events SET summary = 'nothing happened' WHERE id = 3")
    await service.kernel.database.write(lambda unit: unit.connection.execute(change) and None)
    verdict = (await service.client.post(f"{AUDIT_EVENTS}/verify", headers=owner)).json()
    assert (verdict["broken_at"], "changed" in verdict["problem"]) == (3, True)
