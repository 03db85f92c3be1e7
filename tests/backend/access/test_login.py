"""Signing in and out over HTTP: the documented answers, delays, and ends of sessions."""

import asyncio
from typing import Any

import pytest

from backend_lite.app import compose
from backend_lite.contract.access import LOCAL_LOGIN, LOGIN, LOGOUT, ME
from backend_lite.core.http.agent_listener import LOOPBACK, AgentListener
from backend_lite.features.access.sessions import STALE_S, Sessions
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio

IDLE_S, SESSION_S = 12 * 3600, 30 * 86400
"""As the settings are at first."""

WRONG = {"username": OWNER, "password": "not the password"}
RIGHT = {"username": OWNER, "password": OWNER_PASSWORD}


async def token(service: InProcess) -> str:
    answer = await service.client.post(LOGIN, json=RIGHT)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@pytest.fixture(autouse=True)
async def owner(service: InProcess) -> None:
    await service.access.users.create_owner(OWNER, OWNER_PASSWORD)


async def test_the_right_password_signs_in_with_the_documented_answer(service: InProcess) -> None:
    answer = (await service.client.post(LOGIN, json=RIGHT)).json()
    assert set(answer) == {"access_token", "token_type", "expires_in", "user"}
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", SESSION_S)
    assert set(answer["user"]) == {
        "id", "username", "email", "full_name", "is_active", "created_at", "last_login",
    }  # fmt: skip
    assert answer["user"]["last_login"] == "2027-01-15T08:00:00.000Z"
    me = await service.client.get(ME, headers=headers(answer["access_token"]))
    assert me.json() == answer["user"]


async def test_a_user_name_is_the_same_in_any_case(service: InProcess) -> None:
    answer = await service.client.post(LOGIN, json=RIGHT | {"username": f" {OWNER.upper()} "})
    assert answer.json()["user"]["username"] == OWNER


@pytest.mark.parametrize("username", [OWNER, "nobody-here"])
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    service: InProcess, username: str
) -> None:
    answer = await service.client.post(LOGIN, json=WRONG | {"username": username})
    assert answer.status_code == 401
    assert answer.json() == {
        "detail": "Incorrect username or password",
        "error": "Incorrect username or password",
        "success": False,
        "code": "wrong_credentials",
        "id": "",
    }
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_form_is_refused_as_the_document_says(service: InProcess) -> None:
    answer = await service.client.post(LOGIN, json={"username": OWNER})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"] == "Object missing required field `password`"


async def test_failures_make_the_next_try_wait_and_never_lock_out(service: InProcess) -> None:
    for _ in range(3):
        assert (await service.client.post(LOGIN, json=WRONG)).status_code == 401
    refused = await service.client.post(LOGIN, json=RIGHT)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["detail"] == "Too many failed log-ins. Try again in 1 s."
    service.clock.advance(1)
    assert (await service.client.post(LOGIN, json=WRONG)).status_code == 401
    assert (await service.client.post(LOGIN, json=RIGHT)).headers["Retry-After"] == "2"
    service.clock.advance(2)
    assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200
    assert (await service.client.post(LOGIN, json=WRONG)).status_code == 401, "success forgets the failures"


async def test_a_refused_try_does_not_count_as_a_failure(service: InProcess) -> None:
    for _ in range(3):
        await service.client.post(LOGIN, json=WRONG)
    for _ in range(20):
        assert (await service.client.post(LOGIN, json=WRONG)).headers["Retry-After"] == "1"


async def test_guesses_sent_at_once_are_counted_one_by_one(service: InProcess) -> None:
    answers = await asyncio.gather(*(service.client.post(LOGIN, json=WRONG) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 3 + [429] * 17


async def test_log_ins_that_succeed_at_once_do_not_hinder_each_other(service: InProcess) -> None:
    answers = await asyncio.gather(*(service.client.post(LOGIN, json=RIGHT) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 6


async def test_failures_of_one_name_do_not_slow_another(service: InProcess) -> None:
    for _ in range(4):
        await service.client.post(LOGIN, json=WRONG | {"username": "somebody"})
    assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200


async def test_a_clock_set_back_locks_nobody_out(service: InProcess) -> None:
    for _ in range(3):
        await service.client.post(LOGIN, json=WRONG)
    service.clock.set_wall(service.clock.now_ms() - 86_400_000)
    assert (await service.client.post(LOGIN, json=RIGHT)).status_code == 200


async def test_failures_survive_a_restart(service: InProcess) -> None:
    for _ in range(3):
        await service.client.post(LOGIN, json=WRONG)
    kernel = service.kernel
    again = compose(kernel, AgentListener(kernel.config.data.keys, LOOPBACK)).feature("access").api
    with pytest.raises(Exception, match="Too many failed log-ins"):
        await again.login.with_password(OWNER, OWNER_PASSWORD, "127.0.0.1")


async def test_two_credentials_are_none(service: InProcess) -> None:
    good = (await service.sign_in())["Authorization"]
    for second in (good, "Bearer dfs_guessed", ""):
        both = [("Authorization", good), ("Authorization", second)]
        assert (await service.client.get(ME, headers=both)).status_code == 401


async def test_logging_out_ends_the_session_at_once_and_only_that(service: InProcess) -> None:
    first, second = headers(await token(service)), headers(await token(service))
    assert (await service.client.get(ME, headers=first)).status_code == 200
    answer = await service.client.post(LOGOUT, headers=first)
    assert (answer.status_code, answer.json()) == (200, {"message": "Successfully logged out"})
    assert (await service.client.get(ME, headers=first)).status_code == 401
    assert (await service.client.post(LOGOUT, headers=first)).status_code == 401
    assert (await service.client.get(ME, headers=second)).status_code == 200


async def test_disabling_a_user_ends_every_session_and_refuses_the_next(service: InProcess) -> None:
    signed_in = headers(await token(service))
    assert (await service.client.get(ME, headers=signed_in)).status_code == 200
    await service.access.users.disable(1)
    assert (await service.client.get(ME, headers=signed_in)).status_code == 401
    refused = await service.client.post(LOGIN, json=RIGHT)
    assert (refused.status_code, refused.json()["detail"]) == (401, "Inactive user")
    assert (await service.client.post(LOGIN, json=WRONG)).json()["code"] == "wrong_credentials"


async def test_a_session_that_nobody_uses_ends(service: InProcess) -> None:
    signed_in = headers(await token(service))
    service.clock.advance(IDLE_S - 1)
    assert (await service.client.get(ME, headers=signed_in)).status_code == 200
    service.clock.advance(IDLE_S - 1)
    assert (await service.client.get(ME, headers=signed_in)).status_code == 200
    service.clock.advance(IDLE_S)
    assert (await service.client.get(ME, headers=signed_in)).status_code == 401


async def test_a_session_ends_after_its_longest_life_however_busy(service: InProcess) -> None:
    signed_in = headers(await token(service))
    for _ in range(60):
        service.clock.advance(SESSION_S // 61 + 1)
        assert (await service.client.get(ME, headers=signed_in)).status_code == 200
    service.clock.advance(SESSION_S // 61 + 1)
    assert (await service.client.get(ME, headers=signed_in)).status_code == 401


async def test_looking_without_using_does_not_keep_a_session_alive(service: InProcess) -> None:
    session = await token(service)
    for _ in range(12):
        assert await service.access.authenticator.authenticate(session, used=False)
        service.clock.advance(IDLE_S / 12)
    assert await service.access.authenticator.authenticate(session, used=False) is None


def beside(service: InProcess, bus: Any) -> Sessions:
    """The sessions of another process on the same database."""
    kernel, tokens = service.kernel, service.access.tokens
    return Sessions(kernel.database, bus, service.clock, tokens, kernel.settings, kernel.master_key)


async def test_the_last_use_outlives_the_process(service: InProcess) -> None:
    sessions, session = service.access.sessions, await token(service)
    service.clock.advance(IDLE_S - 1)
    assert await sessions.authenticate(session)
    await sessions.flush()
    service.clock.advance(IDLE_S - 1)
    again = beside(service, service.kernel.bus)
    assert await again.authenticate(session)


async def test_a_session_ended_elsewhere_is_noticed_within_the_bound(service: InProcess) -> None:
    sessions, session = service.access.sessions, await token(service)
    principal = await sessions.authenticate(session)
    assert principal
    unheard = beside(service, _Deaf())
    assert await unheard.authenticate(session)
    await service.access.login.end(principal.token_id)
    assert await unheard.authenticate(session), "that replica has not heard of it yet"
    service.clock.advance(STALE_S + 1)
    assert await unheard.authenticate(session) is None


async def test_sessions_that_are_over_make_room(service: InProcess) -> None:
    for _ in range(3):
        await token(service)
    service.clock.advance(SESSION_S)
    await token(service)
    tokens = await service.kernel.database.read(
        lambda session: service.access.tokens.all(session, "session")  # type: ignore[arg-type]
    )
    assert len(tokens) == 1


async def test_this_machine_signs_in_as_the_owner_by_the_launch_secret(service: InProcess) -> None:
    answer = await service.client.post(LOCAL_LOGIN, json={"secret": LAUNCH_SECRET})
    assert answer.json()["user"]["username"] == OWNER
    refused = await service.client.post(LOCAL_LOGIN, json={"secret": "dfl_of-an-earlier-start"})
    assert (refused.status_code, refused.json()["success"]) == (401, False)


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer  ", "Basic abc", "Bearer not-a-token"])
async def test_without_a_good_token_nothing_is_shown(service: InProcess, header: str | None) -> None:
    answer = await service.client.get(ME, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json()["detail"] in ("Not authenticated", "Could not validate credentials")


class _Deaf:
    """The bus of a replica that hears nothing from this one."""

    def publish(self, events: object) -> None:
        raise AssertionError("a reader publishes nothing")

    def subscribe(self, kind: object, handler: object) -> None:
        pass
