"""API tokens: shown once, ended at once, and never more than their maker may."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend_lite.contract.accounts import API_TOKENS
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.core.db.tables import AuditRow
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ForbiddenError
from backend_lite.features.access.api_tokens import _checked_scope
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio
SOME = sorted(ALL_PERMISSIONS)


async def made(service: InProcess, owner: dict[str, str], **fields: Any) -> tuple[dict[str, Any], str]:
    answer = await service.client.post(API_TOKENS, json={"name": "robot", **fields}, headers=owner)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told["api_token"], told["token"]


async def test_a_token_opens_what_its_scope_says(service: InProcess) -> None:
    owner = await service.sign_in()
    token, secret = await made(service, owner, scope=["devices:view"])
    assert (await service.client.get("/api/v1/devices", headers=headers(secret))).status_code == 200
    assert (await service.client.get("/api/v1/scripts", headers=headers(secret))).status_code == 403
    (listed,) = (await service.client.get(API_TOKENS, headers=owner)).json()["items"]
    assert (listed["id"], listed["scope"], secret in str(listed)) == (token["id"], ["devices:view"], False)
    assert listed["last_used_at"] is not None


async def test_a_revoked_token_opens_nothing_at_once(service: InProcess) -> None:
    owner = await service.sign_in()
    token, secret = await made(service, owner)
    assert (await service.client.get("/api/v1/devices", headers=headers(secret))).status_code == 200
    gone = await service.client.delete(f"{API_TOKENS}/{token['id']}", headers=owner)
    assert gone.status_code == 204
    assert (await service.client.get("/api/v1/devices", headers=headers(secret))).status_code == 401


async def test_a_token_ends_by_itself(service: InProcess) -> None:
    owner = await service.sign_in()
    _, secret = await made(service, owner, expires_in_days=1)
    service.clock.advance(86_399)
    assert (await service.client.get("/api/v1/devices", headers=headers(secret))).status_code == 200
    service.clock.advance(1)
    assert (await service.client.get("/api/v1/devices", headers=headers(secret))).status_code == 401


async def test_a_token_of_a_disabled_user_opens_nothing(service: InProcess) -> None:
    _, secret = await made(service, await service.sign_in())
    await service.access.users.disable(1)
    assert (await service.client.get("/api/v1/devices", headers=headers(secret))).status_code == 401


async def test_a_token_makes_no_other_token(service: InProcess) -> None:
    owner = await service.sign_in()
    _, secret = await made(service, owner, scope=["tokens:create", "devices:view"])
    body = {"name": "more", "scope": ["devices:view"]}
    refused = await service.client.post(API_TOKENS, json=body, headers=headers(secret))
    assert (refused.status_code, refused.json()["code"]) == (403, "person_needed")


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"expires_in_days": 0}, {"expires_in_days": 366}, {"scope": ["everything"]}]
)
async def test_what_makes_no_sense_is_refused(service: InProcess, fields: dict[str, Any]) -> None:
    owner = await service.sign_in()
    answer = await service.client.post(API_TOKENS, json={"name": "robot", **fields}, headers=owner)
    assert answer.status_code == 400


@settings(max_examples=200, deadline=None)
@given(has=st.sets(st.sampled_from(SOME)), wants=st.sets(st.sampled_from(SOME)))
def test_no_scope_exceeds_its_maker(has: set[str], wants: set[str]) -> None:
    maker = Principal(1, "ada", 1, 0, frozenset(has))
    try:
        assert set(_checked_scope(wants, maker)) <= has
    except ForbiddenError:
        assert wants - has


async def test_making_and_revoking_stand_in_the_audit(service: InProcess) -> None:
    owner = await service.sign_in()
    token, secret = await made(service, owner)
    await service.client.delete(f"{API_TOKENS}/{token['id']}", headers=owner)
    with_actors = (
        select(AuditRow.action, AuditRow.actor, AuditRow.after)
        .where(AuditRow.action.like("tokens.%"))
        .order_by(AuditRow.id)
    )
    rows = await service.kernel.database.read(lambda session: session.execute(with_actors).all())
    assert [row[:2] for row in rows] == [("tokens.create", "ada"), ("tokens.revoke", "ada")]
    assert secret not in str(rows)
