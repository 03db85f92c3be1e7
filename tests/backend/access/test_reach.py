"""Who may still do what they began, and on which devices."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy.orm import Session

from backend_lite.contract.accounts import ROLES, USERS
from backend_lite.contract.fleet import GROUPS
from tests.helpers.limited import make_role, make_user
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio
WORK = ("devices:run", "rollouts:run")
NOWHERE: frozenset[int] = frozenset()


async def reach(service: InProcess, *user_ids: int) -> Mapping[int, frozenset[int] | None]:
    def work(session: Session) -> Mapping[int, frozenset[int] | None]:
        return service.access.reach(session.connection(), user_ids, WORK)

    return await service.kernel.database.read(work)


async def test_who_is_disabled_removed_or_lost_the_right_reaches_nothing(service: InProcess) -> None:
    owner = await service.sign_in()
    told = (await service.client.get(ROLES, headers=owner)).json()["items"]
    roles = {role["name"]: role["id"] for role in told}
    disabled, removed, lesser, free = [
        await make_user(service, name, roles["Helpdesk"])
        for name in ("disabled", "removed", "lesser", "free")
    ]
    asked = (1, disabled, removed, lesser, free)
    assert await reach(service, *asked) == dict.fromkeys(asked)
    await service.access.users.disable(disabled)
    await service.client.delete(f"{USERS}/{removed}", headers=owner)
    change = {"roles": [roles["Read only"]]}
    await service.client.put(f"{USERS}/{lesser}", json=change, headers=owner)
    gone = dict.fromkeys((disabled, removed, lesser), NOWHERE)
    assert await reach(service, *asked) == {1: None, free: None, **gone}
    assert await reach(service, 4711) == {4711: NOWHERE}


async def test_roles_of_groups_reach_these_together_and_a_wider_one_reaches_all(service: InProcess) -> None:
    owner = await service.sign_in()
    north, south = [
        frozenset({(await service.client.post(GROUPS, json={"name": name}, headers=owner)).json()["id"]})
        for name in ("north", "south")
    ]
    in_north = await make_role(service, "runs in north", ["rollouts:run"], north)
    in_south = await make_role(service, "acts in south", ["devices:run"], south)
    sees = await make_role(service, "sees", ["rollouts:view"], [])
    everywhere = await make_role(service, "runs", ["rollouts:run"], [])
    one = await make_user(service, "one", in_north, sees)
    both = await make_user(service, "both", in_north, in_south)
    wide = await make_user(service, "wide", in_north, everywhere)
    wanted = {one: north, both: north | south, wide: None}
    assert await reach(service, one, both, wide) == wanted
