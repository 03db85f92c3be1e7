"""People whose rights hold in the devices of groups only."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from backend_lite.contract.accounts import ROLES, USERS
from backend_lite.core.db.unit import Unit
from backend_lite.features.access.tables import UserRow
from tests.helpers.service import InProcess, headers


async def make_role(service: InProcess, name: str, permissions: Iterable[str], groups: Iterable[int]) -> int:
    """A role that holds in the devices of these groups, everywhere if there are none; its id."""
    pairs = [permission.split(":") for permission in permissions]
    grants = [{"artifact": artifact, "verbs": [verb]} for artifact, verb in pairs]
    body = {"name": name, "grants": grants, "groups": list(groups)}
    answer = await service.client.post(ROLES, json=body, headers=await service.sign_in())
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def make_user(service: InProcess, name: str, *roles: int) -> int:
    """A person who has these roles; the id."""
    body = {"username": name, "roles": list(roles)}
    answer = await service.client.post(USERS, json=body, headers=await service.sign_in())
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def signed_in(service: InProcess, user_id: int) -> dict[str, str]:
    """Headers of that person."""

    def work(unit: Unit) -> str:
        user = unit.session.scalars(select(UserRow).where(UserRow.id == user_id)).one()
        return service.access.login.begin(unit, user, "in a test").access_token

    return headers(await service.kernel.database.write(work))
