"""Users and roles: who may manage whom, and what happens at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend_lite.contract.access_forms import ACCESS_ROLES
from backend_lite.contract.accounts import ROLES, USERS
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ForbiddenError
from backend_lite.features.access.rights import BUILT_IN, Held
from backend_lite.features.access.roles import refuse_beyond
from backend_lite.features.audit.check import verify
from tests.helpers.service import InProcess, headers

pytestmark = pytest.mark.anyio
SOME = st.sets(st.sampled_from(sorted(ALL_PERMISSIONS)))
PASSWORD = "several unrelated words"


class Site:
    def __init__(self, service: InProcess, owner: dict[str, str]) -> None:
        self.service = service
        self.owner = owner

    async def call(
        self, method: str, path: str, body: Any = None, who: dict[str, str] | None = None, if_match: str = "*"
    ) -> Any:
        asks = (who or self.owner) | {"If-Match": if_match}
        return await self.service.client.request(method, path, json=body, headers=asks)

    async def role(self, name: str) -> int:
        roles = (await self.call("GET", ROLES)).json()["items"]
        return next(int(role["id"]) for role in roles if role["name"] == name)

    async def user(self, username: str, *roles: str) -> tuple[dict[str, Any], dict[str, str]]:
        """A user with these roles, and the headers of a session of theirs."""
        ids = [await self.role(role) for role in roles]
        body = {"username": username, "password": PASSWORD, "roles": ids}
        made = await self.call("POST", USERS, body)
        assert made.status_code == 201, made.text
        return made.json(), await self.sign_in(username)

    async def sign_in(self, username: str, password: str = PASSWORD) -> dict[str, str]:
        login = {"username": username, "password": password}
        answer = await self.service.client.post("/api/v1/auth/login", json=login)
        assert answer.status_code == 200, answer.text
        return headers(answer.json()["access_token"])


@pytest.fixture
async def site(service: InProcess) -> Site:
    return Site(service, await service.sign_in())


async def test_roles_come_with_the_product(site: Site) -> None:
    roles = (await site.call("GET", ROLES)).json()["items"]
    assert [role["name"] for role in roles] == ["Owner", "Operator", "Helpdesk", "Read only", "Auditor"]
    assert [role["user_count"] for role in roles] == [1, 0, 0, 0, 0]
    refused = await site.call("PUT", f"{ROLES}/{roles[1]['id']}", {"name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (409, "built_in")


async def test_a_user_may_what_the_roles_grant(site: Site) -> None:
    _, reader = await site.user("grace", "Read only")
    assert (await site.call("GET", "/api/v1/devices", who=reader)).status_code == 200
    assert (
        await site.call("POST", "/api/v1/scripts", {"name": "x", "content": "y"}, reader)
    ).status_code == 403
    assert (await site.call("GET", USERS, who=reader)).status_code == 403


async def test_a_changed_role_holds_at_once(site: Site) -> None:
    body = {"name": "Scripters", "grants": [{"artifact": "scripts", "verbs": ["view", "create"]}]}
    role = (await site.call("POST", ROLES, body)).json()
    _, holder = await site.user("grace", "Scripters")
    new = {"name": "x", "content": "y", "language": "sh"}
    assert (await site.call("POST", "/api/v1/scripts", new, holder)).status_code == 201
    less = {"grants": [{"artifact": "scripts", "verbs": ["view"]}]}
    assert (await site.call("PUT", f"{ROLES}/{role['id']}", less)).status_code == 200
    assert (await site.call("POST", "/api/v1/scripts", new | {"name": "z"}, holder)).status_code == 403


async def test_taken_away_activity_ends_everything_at_once(site: Site) -> None:
    user, session = await site.user("grace", "Owner")
    token = await site.call("POST", "/api/v1/api-tokens", {"name": "robot"}, session)
    robot = headers(token.json()["token"])
    assert (await site.call("GET", "/api/v1/devices", who=robot)).status_code == 200
    await site.call("PUT", f"{USERS}/{user['id']}", {"is_active": False})
    for who in (session, robot):
        assert (await site.call("GET", "/api/v1/devices", who=who)).status_code == 401


async def test_a_new_password_ends_the_sessions(site: Site) -> None:
    user, session = await site.user("grace", "Operator")
    await site.call("PUT", f"{USERS}/{user['id']}", {"password": "other unrelated words"})
    assert (await site.call("GET", "/api/v1/devices", who=session)).status_code == 401
    await site.sign_in("grace", "other unrelated words")


async def test_nobody_gives_rights_beyond_their_own(site: Site) -> None:
    grants = [{"artifact": artifact, "verbs": ["view", "create", "edit"]} for artifact in ("users", "roles")]
    await site.call("POST", ROLES, {"name": "User managers", "grants": grants})
    manager, session = await site.user("grace", "User managers")
    owner_role = await site.role("Owner")
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", USERS, {"username": "eve", "password": PASSWORD, "roles": [owner_role]}),
        ("PUT", f"{USERS}/{manager['id']}", {"roles": [owner_role]}),
        ("PUT", f"{USERS}/1", {"password": "taken over by grace"}),
        ("PUT", f"{USERS}/1", {"is_active": False}),
        ("POST", ROLES, {"name": "All", "grants": [{"artifact": "scripts", "verbs": ["run"]}]}),
    ]
    for method, path, body in attempts:
        answer = await site.call(method, path, body, session)
        assert (answer.status_code, answer.json()["code"]) == (403, "beyond_own"), (method, path)
    assert len((await site.call("GET", USERS)).json()["items"]) == 2


async def test_nobody_changes_a_role_that_is_stronger_than_they_are(site: Site) -> None:
    def grants(**verbs: list[str]) -> list[dict[str, Any]]:
        return [{"artifact": artifact, "verbs": some} for artifact, some in verbs.items()]

    manages = {"name": "Role managers", "grants": grants(roles=["view", "edit", "delete"])}
    assert (await site.call("POST", ROLES, manages)).status_code == 201
    strong = {"name": "Script runners", "grants": grants(scripts=["view", "run"], roles=["view"])}
    role = (await site.call("POST", ROLES, strong)).json()
    weak = (await site.call("POST", ROLES, {"name": "Weak", "grants": grants(roles=["view"])})).json()
    _, session = await site.user("grace", "Role managers")
    form = [{"artifact": "scripts", "can_view": False}]
    attempts: list[tuple[str, str, Any]] = [
        ("PUT", ROLES, {"grants": []}),
        ("PUT", ROLES, {"name": "Something else"}),
        ("DELETE", ROLES, None),
        ("PUT", ACCESS_ROLES, {"permissions": form}),
        ("DELETE", ACCESS_ROLES, None),
    ]
    for method, path, body in attempts:
        answer = await site.call(method, f"{path}/{role['id']}", body, session)
        assert (answer.status_code, answer.json()["code"]) == (403, "beyond_own"), (method, path, body)
        assert "scripts:run" in answer.json()["detail"]
    assert (await site.call("GET", f"{ROLES}/{role['id']}")).json() == role
    one = f"{ROLES}/{weak['id']}"
    assert (await site.call("PUT", one, {"grants": []}, session)).status_code == 200
    assert (await site.call("DELETE", one, None, session)).status_code == 204


async def test_there_is_always_an_owner(site: Site) -> None:
    bodies: list[dict[str, Any]] = [{"is_active": False}, {"roles": []}]
    for body in bodies:
        answer = await site.call("PUT", f"{USERS}/1", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert (await site.call("DELETE", f"{USERS}/1")).json()["code"] == "own_account"
    _, second = await site.user("grace", "Owner")
    assert (await site.call("DELETE", f"{USERS}/1", who=second)).status_code == 204
    assert (await site.call("GET", "/api/v1/devices")).status_code == 401


@pytest.mark.parametrize("about", [{"full_name": "ab " * 1_000}, {"email": "a" * 3_000}])
async def test_what_is_too_long_is_not_looked_for_in_the_password(site: Site, about: dict[str, str]) -> None:
    """It would keep everybody waiting for as long as it is."""
    answer = await site.call("POST", USERS, {"username": "grace", "password": "weak"} | about)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


async def test_a_removed_user_is_gone_and_the_name_is_free(site: Site) -> None:
    user, session = await site.user("grace", "Operator")
    assert (await site.call("DELETE", f"{USERS}/{user['id']}")).status_code == 204
    assert (await site.call("GET", "/api/v1/devices", who=session)).status_code == 401
    assert (await site.call("GET", f"{USERS}/{user['id']}")).status_code == 404
    again, _ = await site.user("Grace", "Read only")
    assert again["id"] != user["id"]


async def test_a_role_that_is_held_stays(site: Site) -> None:
    role = (await site.call("POST", ROLES, {"name": "Mine"})).json()
    await site.user("grace", "Mine")
    refused = await site.call("DELETE", f"{ROLES}/{role['id']}")
    assert (refused.status_code, "grace" in refused.json()["detail"]) == (409, True)


async def test_a_stale_change_is_refused(site: Site) -> None:
    user, _ = await site.user("grace", "Operator")
    path = f"{USERS}/{user['id']}"
    assert (await site.call("PUT", path, {"full_name": "Grace H"}, if_match='"1"')).status_code == 200
    stale = await site.call("PUT", path, {"full_name": "Other"}, if_match='"1"')
    assert (stale.status_code, "full_name" in stale.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "body",
    [
        {"username": "two words"},
        {"username": "grace", "password": "short"},
        {"username": "grace", "email": "nowhere"},
        {"username": "ada"},
        {"username": "grace", "roles": [99]},
    ],
)
async def test_what_cannot_be_a_user_is_refused(site: Site, body: dict[str, Any]) -> None:
    answer = await site.call("POST", USERS, body)
    assert answer.status_code == 400, answer.text
    assert len((await site.call("GET", USERS)).json()["items"]) == 1


async def test_every_change_stands_in_the_audit_without_a_password(site: Site) -> None:
    user, _ = await site.user("grace", "Operator")
    await site.call("PUT", f"{USERS}/{user['id']}", {"password": "other unrelated words"})
    database = site.service.kernel.database
    assert (await database.read(partial(verify, folder=Path("none")))).broken_at is None
    rows = await database.read(lambda s: str(s.execute(text("SELECT * FROM audit_events")).all()))
    assert "users.create" in rows
    assert "users.update" in rows
    for secret in (PASSWORD, "other unrelated", "argon2"):
        assert secret not in rows


@settings(max_examples=150, deadline=None)
@given(
    has=st.sets(st.sampled_from(sorted(ALL_PERMISSIONS))),
    gives=st.sets(st.sampled_from(sorted(ALL_PERMISSIONS))),
)
def test_what_is_given_is_never_more_than_what_the_giver_has(has: set[str], gives: set[str]) -> None:
    giver = Principal(1, "ada", 1, 0, frozenset(has))
    try:
        refuse_beyond(Held(frozenset(gives)), giver)
    except ForbiddenError:
        assert gives - has
    else:
        assert gives <= has


def test_no_built_in_role_but_the_owners_reaches_users_or_keys() -> None:
    for key, (_, grants) in BUILT_IN.items():
        if key != "owner":
            assert not {
                one
                for one in grants
                if one.split(":")[0] in ("users", "roles", "backups") and not one.endswith(":view")
            }
