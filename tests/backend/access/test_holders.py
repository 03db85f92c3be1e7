"""Who has a right, and where: those who could approve what somebody else asks for."""

from __future__ import annotations

import pytest

from backend_lite.contract.accounts import ROLES, USERS
from backend_lite.contract.fleet import GROUPS
from backend_lite.features.access.holders import holders
from tests.backend.access.test_accounts import Site
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(service: InProcess) -> Site:
    return Site(service, await service.sign_in())


async def approvers(site: Site) -> dict[int, frozenset[int] | None]:
    return await site.service.kernel.database.read(
        lambda session: dict(holders(session.connection(), "rollouts:approve"))
    )


async def test_only_active_people_count(site: Site) -> None:
    assert await approvers(site) == {1: None}
    await site.user("olga", "Operator")
    assert await approvers(site) == {1: None}
    grace, _ = await site.user("grace", "Owner")
    assert await approvers(site) == {1: None, grace["id"]: None}
    await site.call("PUT", f"{USERS}/{grace['id']}", {"is_active": False})
    assert await approvers(site) == {1: None}


async def test_a_right_in_some_groups_counts_there(site: Site) -> None:
    group = (await site.call("POST", GROUPS, {"name": "shop"})).json()["id"]
    body = {"name": "Shop", "grants": [{"artifact": "rollouts", "verbs": ["approve"]}], "groups": [group]}
    made = await site.call("POST", ROLES, body)
    assert made.status_code == 201, made.text
    ada, _ = await site.user("anna", "Shop")
    assert await approvers(site) == {1: None, ada["id"]: {group}}
    await site.call("PUT", f"{ROLES}/{made.json()['id']}", {"groups": []})
    assert await approvers(site) == {1: None, ada["id"]: None}
