"""The second factor: enrolled with a code, asked for at the sign-in, each code once, and ways out."""

from __future__ import annotations

from base64 import b32decode
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from backend_lite.contract.access import LOCAL_LOGIN, LOGIN, ME
from backend_lite.contract.accounts import API_TOKENS, SECOND_FACTOR, STEP_UP, STEP_UP_S, USERS
from backend_lite.core.security.master_key import open_master_key
from backend_lite.features.access.tables import UserRow
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio
STEP = 30


class Phone:
    """The authenticator app of somebody, with the service's clock."""

    def __init__(self, service: InProcess, secret: str) -> None:
        self._service = service
        self._totp = pyotp.TOTP(secret)

    def code(self, late_s: int = 0) -> str:
        return self._totp.at(self._service.clock.now_ms() // 1000 - late_s)


class Site:
    def __init__(self, service: InProcess) -> None:
        self.service = service

    async def call(self, method: str, path: str, who: dict[str, str], body: Any = None) -> Any:
        return await self.service.client.request(method, path, json=body, headers=who)

    async def log_in(self, otp: str | None = None, username: str = OWNER) -> Any:
        body = {"username": username, "password": OWNER_PASSWORD, "otp": otp}
        return await self.service.client.post(LOGIN, json=body)

    async def enrol(self, who: dict[str, str]) -> tuple[Phone, list[str]]:
        set_up = (await self.call("POST", SECOND_FACTOR, who)).json()
        phone = Phone(self.service, set_up["secret"])
        confirmed = await self.call("POST", f"{SECOND_FACTOR}/confirm", who, {"otp": phone.code()})
        assert confirmed.status_code == 200, confirmed.text
        return phone, confirmed.json()["codes"]


@pytest.fixture
async def site(service: InProcess, tmp_path: Path) -> Site:
    service.kernel.master_key.__dict__.update(open_master_key(tmp_path / "key", "").__dict__)
    return Site(service)


async def test_without_a_master_key_there_is_a_way_to_mend_it(service: InProcess) -> None:
    refused = await service.client.post(SECOND_FACTOR, headers=await service.sign_in())
    assert (refused.status_code, refused.json()["code"]) == (409, "no_master_key")
    assert "--key-file" in refused.json()["detail"]


async def test_nothing_counts_until_a_code_has_come(site: Site) -> None:
    owner = await site.service.sign_in()
    early = await site.call("POST", f"{SECOND_FACTOR}/confirm", owner, {"otp": "123456"})
    assert (early.status_code, early.json()["code"]) == (409, "not_begun")
    set_up = (await site.call("POST", SECOND_FACTOR, owner)).json()
    assert set_up["uri"].startswith(f"otpauth://totp/DeployFlow:{OWNER}?secret={set_up['secret']}")
    for wrong in ("", "12345", "000000", "١٢٣٤٥٦"):
        refused = await site.call("POST", f"{SECOND_FACTOR}/confirm", owner, {"otp": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "otp_wrong")
    assert (await site.log_in()).status_code == 200
    state = (await site.call("GET", SECOND_FACTOR, owner)).json()
    assert state == {"enabled": False, "recovery_codes_left": 0, "demanded": False}


async def test_then_the_sign_in_asks_for_a_code(site: Site) -> None:
    owner = await site.service.sign_in()
    phone, codes = await site.enrol(owner)
    assert len(set(codes)) == 10
    missing = await site.log_in()
    assert (missing.status_code, missing.json()["code"]) == (401, "otp_required")
    site.service.clock.advance(STEP)
    assert (await site.log_in(phone.code())).status_code == 200
    again = await site.call("POST", SECOND_FACTOR, owner)
    assert (again.status_code, again.json()["code"]) == (409, "second_factor_on")


async def test_a_code_works_once_and_not_for_long(site: Site) -> None:
    phone, _ = await site.enrol(await site.service.sign_in())
    replayed = await site.log_in(phone.code())
    assert (replayed.status_code, replayed.json()["code"]) == (401, "otp_wrong")
    site.service.clock.advance(2 * STEP)
    assert (await site.log_in(phone.code(late_s=STEP))).status_code == 200, "a phone may be late by a step"
    assert (await site.log_in(phone.code(late_s=STEP))).status_code == 401
    site.service.clock.advance(3 * STEP)
    assert (await site.log_in(phone.code(late_s=2 * STEP))).status_code == 401
    assert (await site.log_in(f" {phone.code()[:3]} {phone.code()[3:]} ")).status_code == 200


async def test_codes_cannot_be_guessed(site: Site) -> None:
    phone, _ = await site.enrol(await site.service.sign_in())
    for _ in range(3):
        assert (await site.log_in("000000")).status_code == 401
    assert (await site.log_in("000000")).headers["Retry-After"] == "1"
    site.service.clock.advance(STEP)
    assert (await site.log_in(phone.code())).status_code == 200


async def test_a_wrong_password_says_nothing_of_a_second_factor(site: Site) -> None:
    await site.enrol(await site.service.sign_in())
    body = {"username": OWNER, "password": "not the password"}
    assert (await site.service.client.post(LOGIN, json=body)).json()["code"] == "wrong_credentials"


async def test_each_recovery_code_works_once(site: Site) -> None:
    owner = await site.service.sign_in()
    _, codes = await site.enrol(owner)
    assert (await site.log_in(codes[0].upper().replace("-", " "))).status_code == 200
    assert (await site.log_in(codes[0])).json()["code"] == "otp_wrong"
    state = (await site.call("GET", SECOND_FACTOR, owner)).json()
    assert state == {"enabled": True, "recovery_codes_left": 9, "demanded": False}
    renewed = (await site.call("POST", f"{SECOND_FACTOR}/recovery-codes", owner)).json()["codes"]
    assert (await site.log_in(codes[1])).json()["code"] == "otp_wrong"
    assert (await site.log_in(renewed[0])).status_code == 200


async def test_neither_the_secret_nor_the_codes_are_in_the_database(site: Site) -> None:
    owner = await site.service.sign_in()
    set_up = (await site.call("POST", SECOND_FACTOR, owner)).json()
    code = Phone(site.service, set_up["secret"]).code()
    confirmed = await site.call("POST", f"{SECOND_FACTOR}/confirm", owner, {"otp": code})
    rows = await site.service.kernel.database.read(
        lambda session: session.execute(select(UserRow.otp_sealed, UserRow.recovery_codes)).all()
    )
    for secret in (set_up["secret"], *confirmed.json()["codes"]):
        assert secret not in str(rows)


async def test_a_fresh_sign_in_needs_the_code_too(site: Site) -> None:
    owner = await site.service.sign_in()
    phone, _ = await site.enrol(owner)
    site.service.clock.advance(STEP_UP_S)
    body = {"password": OWNER_PASSWORD}
    missing = await site.call("POST", STEP_UP, owner, body)
    assert (missing.status_code, missing.json()["code"]) == (400, "otp_required")
    confirmed = await site.call("POST", STEP_UP, owner, body | {"otp": phone.code()})
    assert confirmed.status_code == 204
    assert (await site.call("POST", API_TOKENS, owner, {"name": "robot"})).status_code == 201


async def test_a_code_counts_only_shortly_after_a_sign_in(site: Site) -> None:
    owner = await site.service.sign_in()
    set_up = (await site.call("POST", SECOND_FACTOR, owner)).json()
    site.service.clock.advance(STEP_UP_S)
    body = {"otp": Phone(site.service, set_up["secret"]).code()}
    refused = await site.call("POST", f"{SECOND_FACTOR}/confirm", owner, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")


async def test_sessions_that_began_without_it_end(site: Site) -> None:
    here, elsewhere = await site.service.sign_in(), await site.service.sign_in()
    robot = headers((await site.call("POST", API_TOKENS, here, {"name": "robot"})).json()["token"])
    phone, _ = await site.enrol(here)
    assert [(await site.call("GET", ME, who)).status_code for who in (here, elsewhere, robot)] == [
        200,
        401,
        200,
    ]
    site.service.clock.advance(STEP)
    elsewhere = headers((await site.log_in(phone.code())).json()["access_token"])
    assert (await site.call("DELETE", SECOND_FACTOR, here)).status_code == 204
    assert [(await site.call("GET", ME, who)).status_code for who in (here, elsewhere)] == [200, 401]


async def test_a_recovery_code_is_too_random_for_guesses_at_its_hash(site: Site) -> None:
    _, codes = await site.enrol(await site.service.sign_in())
    for code in codes:
        assert len(b32decode(code.replace("-", "").upper())) * 8 >= 112


async def test_taking_it_away_needs_a_fresh_sign_in(site: Site) -> None:
    await site.enrol(await site.service.sign_in())
    here = (await site.service.client.post(LOCAL_LOGIN, json={"secret": LAUNCH_SECRET})).json()
    refused = await site.call("DELETE", SECOND_FACTOR, headers(here["access_token"]))
    assert refused.json()["code"] == "step_up_required"
    owner = await site.service.sign_in()
    assert (await site.call("DELETE", SECOND_FACTOR, owner)).status_code == 204
    assert (await site.log_in()).status_code == 200


async def test_the_owner_resets_that_of_another_and_nobody_that_of_the_owner(site: Site) -> None:
    owner = await site.service.sign_in()
    role = {"name": "People", "grants": [{"artifact": "users", "verbs": ["view", "edit"]}]}
    role_id = (await site.call("POST", "/api/v1/roles", owner, role)).json()["id"]
    wanted = {"username": "grace", "password": OWNER_PASSWORD, "roles": [role_id]}
    grace_id = (await site.call("POST", USERS, owner, wanted)).json()["id"]
    grace = headers((await site.log_in(username="grace")).json()["access_token"])
    await site.enrol(grace)
    await site.enrol(owner)
    refused = await site.call("DELETE", f"{USERS}/1/second-factor", grace)
    assert (refused.status_code, refused.json()["code"]) == (403, "beyond_own")
    assert (await site.log_in(username="grace")).json()["code"] == "otp_required"
    assert (await site.call("DELETE", f"{USERS}/{grace_id}/second-factor", owner)).status_code == 204
    assert (await site.call("GET", ME, grace)).status_code == 401
    assert (await site.call("GET", ME, owner)).status_code == 200
    assert (await site.log_in(username="grace")).status_code == 200
