"""Sessions as people see them, passwords of one's own, and the fresh sign-in that sensitive actions need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend_lite.contract.access import LOCAL_LOGIN, LOGIN, LOGOUT, ME
from backend_lite.contract.accounts import (
    API_TOKENS,
    PASSWORD,
    ROLES,
    SESSIONS,
    STEP_UP,
    STEP_UP_S,
    USERS,
)
from backend_lite.contract.audit import AUDIT
from backend_lite.core.security.passwords import check_password
from backend_lite.features.access import proof
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio
NEW = "another four unrelated words"


class Site:
    def __init__(self, service: InProcess) -> None:
        self.service = service

    async def call(self, method: str, path: str, who: dict[str, str], body: Any = None) -> Any:
        return await self.service.client.request(method, path, json=body, headers=who)

    async def sign_in(
        self, username: str = OWNER, password: str = OWNER_PASSWORD, agent: str = "window"
    ) -> dict[str, str]:
        body = {"username": username, "password": password}
        answer = await self.service.client.post(LOGIN, json=body, headers={"User-Agent": agent})
        assert answer.status_code == 200, answer.text
        return headers(answer.json()["access_token"])

    async def here(self) -> dict[str, str]:
        answer = await self.service.client.post(LOCAL_LOGIN, json={"secret": LAUNCH_SECRET})
        return headers(answer.json()["access_token"])

    async def user(self, owner: dict[str, str], username: str, role: str) -> dict[str, str]:
        roles = (await self.call("GET", ROLES, owner)).json()["items"]
        ids = [one["id"] for one in roles if one["name"] == role]
        body = {"username": username, "password": OWNER_PASSWORD, "roles": ids}
        assert (await self.call("POST", USERS, owner, body)).status_code == 201
        return await self.sign_in(username)

    async def sessions(self, who: dict[str, str]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.call("GET", SESSIONS, who)).json()["items"]
        return items

    async def audited(self, who: dict[str, str]) -> list[str]:
        return [event["summary"] for event in (await self.call("GET", AUDIT, who)).json()["items"]]


@pytest.fixture
async def site(service: InProcess) -> Site:
    await service.access.users.create_owner(OWNER, OWNER_PASSWORD)
    return Site(service)


async def test_a_person_sees_from_where_the_own_sessions_were_begun(site: Site) -> None:
    await site.sign_in(agent="an old laptop")
    now = await site.sign_in()
    newest, older = await site.sessions(now)
    assert (newest["current"], older["current"]) == (True, False)
    assert (older["user_agent"], older["address"]) == ("an old laptop", "127.0.0.1")
    assert (older["username"], older["last_used_at"]) == (OWNER, None)
    assert newest["last_used_at"] is not None


async def test_ending_a_session_ends_that_one_at_once(site: Site) -> None:
    old, now = await site.sign_in(), await site.sign_in()
    other = next(one["id"] for one in await site.sessions(now) if not one["current"])
    assert (await site.call("DELETE", f"{SESSIONS}/{other}", now)).status_code == 204
    assert (await site.call("GET", ME, old)).status_code == 401
    assert (await site.call("GET", ME, now)).status_code == 200
    assert (await site.call("DELETE", f"{SESSIONS}/{other}", now)).status_code == 404
    assert "ended a session of" in (await site.audited(now))[0]


async def test_sessions_of_others_need_the_rights_over_users(site: Site) -> None:
    owner = await site.sign_in()
    reader = await site.user(owner, "grace", "Read only")
    assert {one["username"] for one in await site.sessions(reader)} == {"grace"}
    assert {one["username"] for one in await site.sessions(owner)} == {"grace", OWNER}
    of_owner = next(one["id"] for one in await site.sessions(owner) if one["username"] == OWNER)
    assert (await site.call("DELETE", f"{SESSIONS}/{of_owner}", reader)).status_code == 404
    of_reader = next(one["id"] for one in await site.sessions(owner) if one["username"] == "grace")
    assert (await site.call("DELETE", f"{SESSIONS}/{of_reader}", owner)).status_code == 204
    assert (await site.call("GET", ME, reader)).status_code == 401


async def test_sessions_that_nobody_uses_leave_the_list(site: Site) -> None:
    await site.sign_in()
    site.service.clock.advance(11 * 3600)
    now = await site.sign_in()
    assert len(await site.sessions(now)) == 2
    site.service.clock.advance(2 * 3600)
    assert len(await site.sessions(now)) == 1


async def test_a_new_password_ends_the_other_sessions(site: Site) -> None:
    old, now = await site.sign_in(), await site.sign_in()
    body = {"current_password": OWNER_PASSWORD, "new_password": NEW}
    answer = await site.call("PUT", PASSWORD, now, body)
    assert answer.status_code == 200, answer.text
    assert (await site.call("GET", ME, old)).status_code == 401
    assert (await site.call("GET", ME, now)).status_code == 200
    await site.sign_in(password=NEW)
    assert f"{OWNER} changed the own password." in await site.audited(now)


async def test_the_current_password_is_asked_for_and_cannot_be_guessed(site: Site) -> None:
    now = await site.sign_in()
    body = {"current_password": "a wrong one", "new_password": NEW}
    for _ in range(3):
        answer = await site.call("PUT", PASSWORD, now, body)
        assert (answer.status_code, answer.json()["detail"]) == (400, "The password is not right.")
    assert (await site.call("PUT", PASSWORD, now, body)).status_code == 429
    weak = await site.call("PUT", PASSWORD, now, body | {"new_password": "short"})
    assert weak.json()["code"] == "weak_password"


async def test_what_is_sensitive_needs_a_fresh_sign_in(site: Site) -> None:
    owner = await site.sign_in()
    wanted = {"name": "robot"}
    assert (await site.call("POST", API_TOKENS, owner, wanted)).status_code == 201
    site.service.clock.advance(STEP_UP_S)
    refused = await site.call("POST", API_TOKENS, owner, wanted)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    wrong = await site.call("POST", STEP_UP, owner, {"password": "a wrong one"})
    assert wrong.status_code == 400
    assert (await site.call("POST", STEP_UP, owner, {"password": OWNER_PASSWORD})).status_code == 204
    assert (await site.call("POST", API_TOKENS, owner, wanted)).status_code == 201


async def test_the_sign_in_on_this_pc_is_not_fresh_but_the_command_line_is(site: Site) -> None:
    here = await site.here()
    wanted = {"name": "robot"}
    assert (await site.call("POST", API_TOKENS, here, wanted)).json()["code"] == "step_up_required"
    assert (await site.call("POST", STEP_UP, here, {"password": OWNER_PASSWORD})).status_code == 204
    assert (await site.call("POST", API_TOKENS, here, wanted)).status_code == 201
    body = {"secret": LAUNCH_SECRET, "command": True}
    command = headers((await site.service.client.post(LOCAL_LOGIN, json=body)).json()["access_token"])
    assert (await site.call("POST", API_TOKENS, command, wanted)).status_code == 201


async def test_to_let_somebody_in_again_needs_a_fresh_sign_in_as_a_new_account_does(site: Site) -> None:
    owner = await site.sign_in()
    await site.user(owner, "grace", "owner")
    (grace,) = [one for one in await site.sessions(owner) if one["username"] == "grace"]
    path = f"{USERS}/{grace['user_id']}"
    site.service.clock.advance(STEP_UP_S)
    assert (await site.call("PUT", path, owner, {"is_active": False})).status_code == 200
    refused = await site.call("PUT", path, owner, {"is_active": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")


async def test_a_fresh_sign_in_of_one_session_opens_no_other(site: Site) -> None:
    here, fresh = await site.here(), await site.sign_in()
    assert (await site.call("POST", STEP_UP, fresh, {"password": OWNER_PASSWORD})).status_code == 204
    refused = await site.call("POST", API_TOKENS, here, {"name": "robot"})
    assert refused.json()["code"] == "step_up_required"


async def test_a_clock_set_back_makes_no_sign_in_fresh(site: Site) -> None:
    owner = await site.sign_in()
    site.service.clock.set_wall(site.service.clock.now_ms() - 60_000)
    refused = await site.call("POST", API_TOKENS, owner, {"name": "robot"})
    assert refused.json()["code"] == "step_up_required"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", SESSIONS, None),
        ("DELETE", f"{SESSIONS}/1", None),
        ("POST", STEP_UP, {"password": OWNER_PASSWORD}),
        ("PUT", PASSWORD, {"current_password": OWNER_PASSWORD, "new_password": NEW}),
        ("POST", API_TOKENS, {"name": "another"}),
        ("POST", ROLES, {"name": "Mine"}),
        ("POST", USERS, {"username": "grace", "roles": [1]}),
        ("PUT", f"{USERS}/1", {"password": NEW}),
    ],
)
async def test_no_token_does_what_is_a_persons(site: Site, method: str, path: str, body: Any) -> None:
    owner = await site.sign_in()
    token = (await site.call("POST", API_TOKENS, owner, {"name": "robot"})).json()["token"]
    refused = await site.call(method, path, headers(token), body)
    assert (refused.status_code, refused.json()["code"]) == (403, "person_needed")


async def test_managing_users_asks_only_where_rights_are_given(site: Site) -> None:
    here = await site.here()
    made = await site.call("POST", USERS, here, {"username": "grace"})
    assert made.status_code == 201
    path = f"{USERS}/{made.json()['id']}"
    assert (await site.call("PUT", path, here, {"full_name": "Grace"})).status_code == 200
    for body in ({"roles": [1]}, {"password": NEW}):
        assert (await site.call("PUT", path, here, body)).json()["code"] == "step_up_required"
    refused = await site.call("POST", USERS, here, {"username": "linus", "roles": [1]})
    assert refused.json()["code"] == "step_up_required"


async def test_sign_ins_and_refusals_are_in_the_audit(site: Site) -> None:
    client = site.service.client
    await client.post(LOGIN, json={"username": OWNER, "password": "not the password"})
    await client.post(LOGIN, json={"username": "hunter2 my password", "password": "x"})
    owner = await site.sign_in()
    await site.call("POST", LOGOUT, owner)
    here = await site.here()
    events = (await site.call("GET", AUDIT, here)).json()["items"]
    told = [(event["action_type"], event["actor_username"], event["summary"]) for event in events]
    assert told[:5] == [
        ("sign_in", OWNER, f"{OWNER} signed in on this machine."),
        ("sign_out", OWNER, f"{OWNER} signed out."),
        ("sign_in", OWNER, f"{OWNER} signed in with the password."),
        ("denied", "nobody", "A sign-in as an unknown user was refused: an unknown name."),
        ("denied", "nobody", f'A sign-in as the user "{OWNER}" was refused: a wrong password.'),
    ]
    details = (await site.call("GET", f"{AUDIT}/{events[4]['id']}", here)).json()
    assert details["ip_address"] == "127.0.0.1"


def while_checking(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """The next password is found right, and `meanwhile` is done before anything comes of it."""

    async def checked(stored: str | None, password: str) -> bool:
        monkeypatch.setattr(proof, "check_password", check_password)
        right = await check_password(stored, password)
        await meanwhile()
        return right

    monkeypatch.setattr(proof, "check_password", checked)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"is_active": False}, "inactive_user"), ({"password": NEW}, "wrong_credentials")],
)
async def test_no_session_begins_for_who_is_shut_out_while_the_password_is_checked(
    site: Site, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], code: str
) -> None:
    owner = await site.sign_in()
    await site.user(owner, "grace", "helpdesk")
    (grace,) = [one for one in await site.sessions(owner) if one["username"] == "grace"]
    path = f"{USERS}/{grace['user_id']}"

    async def shut_out() -> None:
        assert (await site.call("PUT", path, owner, change)).status_code == 200

    while_checking(monkeypatch, shut_out)
    late = await site.service.client.post(LOGIN, json={"username": "grace", "password": OWNER_PASSWORD})
    assert (late.status_code, late.json()["code"]) == (401, code)
    assert (await site.call("PUT", path, owner, {"is_active": True})).status_code == 200
    assert "grace" not in [one["username"] for one in await site.sessions(owner)]
