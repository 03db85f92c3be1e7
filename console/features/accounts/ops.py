"""What can be done with users, roles and API tokens."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.accounts import (
    API_TOKENS,
    ROLES,
    USERS,
    ApiTokenCreate,
    ApiTokenSecret,
    ApiTokenWork,
    Role,
    RoleCreate,
    RoleUpdate,
    UserAccount,
    UserCreate,
    UserUpdate,
)
from backend_lite.contract.live import API_TOKEN, ROLE, USER
from console.core.client import ApiClient, if_match
from console.core.ops import Op, Progress, each_op
from console.core.texts import plural, tr


def create_user(client: ApiClient, wanted: UserCreate) -> Op[UserAccount]:
    async def call(_progress: Progress) -> UserAccount:
        return await client.post(USERS, wanted, UserAccount)

    return Op(tr("Make a user"), call, (USER,))


def change_user(client: ApiClient, user_id: int, change: UserUpdate, version: int) -> Op[UserAccount]:
    """Refused with the code `stale` when the user is no longer at `version`."""

    async def call(_progress: Progress) -> UserAccount:
        return await client.put(f"{USERS}/{user_id}", change, UserAccount, if_match(version))

    return Op(tr("Change the user"), call, (USER,))


def remove_user(client: ApiClient, user_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.delete(f"{USERS}/{user_id}")

    return Op(tr("Remove the user"), call, (USER,))


def create_role(client: ApiClient, wanted: RoleCreate) -> Op[Role]:
    async def call(_progress: Progress) -> Role:
        return await client.post(ROLES, wanted, Role)

    return Op(tr("Make a role"), call, (ROLE,))


def change_role(client: ApiClient, role_id: int, change: RoleUpdate, version: int) -> Op[Role]:
    """Refused with the code `stale` when the role is no longer at `version`."""

    async def call(_progress: Progress) -> Role:
        return await client.put(f"{ROLES}/{role_id}", change, Role, if_match(version))

    return Op(tr("Change the role"), call, (ROLE,))


def delete_role(client: ApiClient, role_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.delete(f"{ROLES}/{role_id}")

    return Op(tr("Delete the role"), call, (ROLE,))


def make_token(client: ApiClient, wanted: ApiTokenCreate) -> Op[ApiTokenSecret]:
    async def call(_progress: Progress) -> ApiTokenSecret:
        return await client.post(API_TOKENS, wanted, ApiTokenSecret)

    return Op(tr("Make an API token"), call, (API_TOKEN,))


def open_work(client: ApiClient, token_ids: Sequence[int]) -> Op[ApiTokenWork]:
    """What was begun with all of them together, and has not ended."""

    async def call(_progress: Progress) -> ApiTokenWork:
        found = [await client.get(f"{API_TOKENS}/{one}/work", ApiTokenWork) for one in token_ids]
        return ApiTokenWork(sum(one.rollouts for one in found), sum(one.runs for one in found))

    return Op(tr("Look what is open"), call)


def revoke_tokens(client: ApiClient, token_ids: Sequence[int], *, cancel_rollouts: bool = False) -> Op[int]:
    """Answers how many were ended."""
    wanted = {"cancel_rollouts": True} if cancel_rollouts else None
    title = plural(len(token_ids), "Revoke the token", "Revoke {count} tokens")
    return each_op(title, token_ids, lambda one: client.delete(f"{API_TOKENS}/{one}", wanted), API_TOKEN)
