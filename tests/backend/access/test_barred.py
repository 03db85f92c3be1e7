"""Who may still do what they began."""

from __future__ import annotations

import pytest

from backend_lite.contract.accounts import ROLES, USERS
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio
WORK = ("devices:run", "rollouts:run")


async def barred(service: InProcess, *user_ids: int) -> set[int]:
    def work(session: object) -> frozenset[int]:
        return service.access.barred(session.connection(), user_ids, WORK)  # type: ignore[attr-defined]

    return set(await service.kernel.database.read(work))


async def test_who_is_disabled_removed_or_lost_the_right_is_barred(service: InProcess) -> None:
    owner = await service.sign_in()
    told = (await service.client.get(ROLES, headers=owner)).json()["items"]
    roles = {role["name"]: role["id"] for role in told}

    async def user(name: str, role: str) -> int:
        body = {"username": name, "roles": [roles[role]]}
        return int((await service.client.post(USERS, json=body, headers=owner)).json()["id"])

    disabled, removed, lesser, free = [
        await user(name, "Helpdesk") for name in ("disabled", "removed", "lesser", "free")
    ]
    assert await barred(service, 1, disabled, removed, lesser, free) == set()
    await service.access.users.disable(disabled)
    await service.client.delete(f"{USERS}/{removed}", headers=owner)
    change = {"roles": [roles["Read only"]]}
    await service.client.put(f"{USERS}/{lesser}", json=change, headers=owner)
    assert await barred(service, 1, disabled, removed, lesser, free) == {disabled, removed, lesser}
    assert await barred(service, 4711) == {4711}
