"""A second factor that is demanded of everybody: no rights without one, and every way to set one up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyotp
import pytest
import structlog

from backend_lite.contract.access import LOCAL_LOGIN, LOGIN, ME
from backend_lite.contract.accounts import (
    API_TOKENS,
    PASSWORD,
    RIGHTS,
    SECOND_FACTOR,
    SESSIONS,
    STEP_UP,
    STEP_UP_S,
    USERS,
)
from backend_lite.contract.settings import SETTING_FORMS
from backend_lite.core.security.master_key import open_master_key
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio
SECURITY = f"{SETTING_FORMS}/security"


class Site:
    def __init__(self, service: InProcess) -> None:
        self.service = service

    async def call(self, method: str, path: str, who: dict[str, str], body: Any = None) -> Any:
        return await self.service.client.request(method, path, json=body, headers=who)

    async def log_in(self, otp: str | None = None) -> dict[str, str]:
        body = {"username": OWNER, "password": OWNER_PASSWORD, "otp": otp}
        answer = await self.service.client.post(LOGIN, json=body)
        assert answer.status_code == 200, answer.text
        return headers(answer.json()["access_token"])

    async def demand(self, who: dict[str, str], *, demanded: bool = True) -> None:
        answer = await self.call("PUT", SECURITY, who, {"second_factor": demanded})
        assert answer.status_code == 200, answer.text

    async def set_up(self, who: dict[str, str]) -> None:
        made = (await self.call("POST", SECOND_FACTOR, who)).json()
        code = pyotp.TOTP(made["secret"]).at(self.service.clock.now_ms() // 1000)
        confirmed = await self.call("POST", f"{SECOND_FACTOR}/confirm", who, {"otp": code})
        assert confirmed.status_code == 200, confirmed.text

    async def rights(self, who: dict[str, str]) -> list[str]:
        found = (await self.call("GET", RIGHTS, who)).json()
        permissions: list[str] = found["permissions"]
        assert found["second_factor_due"] == (not permissions)
        return permissions

    async def here(self, **more: Any) -> Any:
        return await self.service.client.post(LOCAL_LOGIN, json={"secret": LAUNCH_SECRET} | more)


@pytest.fixture
async def site(service: InProcess, tmp_path: Path) -> Site:
    service.kernel.master_key.__dict__.update(open_master_key(tmp_path / "key", "").__dict__)
    await service.sign_in()
    return Site(service)


async def test_without_one_nobody_has_rights_and_with_it_they_are_back_at_once(site: Site) -> None:
    owner = await site.log_in()
    before = await site.rights(owner)
    await site.demand(owner)
    assert (before != [], await site.rights(owner)) == (True, [])
    refused = await site.call("GET", USERS, owner)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_due")
    assert "Set up yours first, under My account." in refused.json()["detail"]
    await site.set_up(owner)
    assert await site.rights(owner) == before
    assert (await site.call("GET", USERS, owner)).status_code == 200


async def test_what_is_about_the_own_sign_in_stays_open(site: Site) -> None:
    await site.demand(await site.log_in())
    late = await site.log_in()
    site.service.clock.advance(STEP_UP_S)
    assert (await site.call("GET", SECOND_FACTOR, late)).json() == {
        "enabled": False,
        "recovery_codes_left": 0,
        "demanded": True,
    }
    for path in (ME, SESSIONS):
        assert (await site.call("GET", path, late)).status_code == 200
    assert (await site.call("POST", STEP_UP, late, {"password": OWNER_PASSWORD})).status_code == 204
    change = {"current_password": OWNER_PASSWORD, "new_password": "six other unrelated words"}
    assert (await site.call("PUT", PASSWORD, late, change)).status_code == 200
    await site.set_up(late)


async def test_taking_it_away_takes_the_rights_along(site: Site) -> None:
    owner = await site.log_in()
    await site.set_up(owner)
    await site.demand(owner)
    assert await site.rights(owner) != []
    assert (await site.call("DELETE", SECOND_FACTOR, owner)).status_code == 204
    assert await site.rights(owner) == []


async def test_demanded_no_longer_everything_is_as_before(site: Site) -> None:
    owner, other = await site.log_in(), await site.log_in()
    await site.set_up(owner)
    await site.demand(owner)
    assert (await site.call("GET", ME, other)).status_code == 401, "it began without"
    await site.demand(owner, demanded=False)
    assert (await site.call("DELETE", SECOND_FACTOR, owner)).status_code == 204
    assert await site.rights(await site.log_in()) != []


async def test_the_window_here_asks_for_the_name_and_commands_go_on(site: Site) -> None:
    await site.demand(await site.log_in())
    refused = await site.here()
    assert (refused.status_code, refused.json()["code"]) == (403, "local_sign_in_off")
    command = headers((await site.here(command=True)).json()["access_token"])
    assert (await site.call("GET", USERS, command)).status_code == 200


async def test_programs_go_on_and_none_gets_in_by_who_lacks_it(site: Site) -> None:
    owner = await site.log_in()
    robot = headers((await site.call("POST", API_TOKENS, owner, {"name": "robot"})).json()["token"])
    await site.demand(owner)
    assert (await site.call("GET", USERS, robot)).status_code == 200
    started = (await site.call("POST", "/api/sdk/auth/start", {}, {"machine_name": "laptop"})).json()
    asked = {"session_id": started["session_id"]}
    refused = await site.call("POST", "/api/sdk/auth/confirm", owner, asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_due")


async def test_where_nobody_could_set_one_up_it_is_not_demanded(service: InProcess) -> None:
    site = Site(service)
    owner = await service.sign_in()
    await site.demand(owner)
    assert (await site.call("GET", USERS, owner)).status_code == 200
    assert (await site.call("GET", SECOND_FACTOR, owner)).json()["demanded"] is False
    begin = service.feature("settings").start
    assert begin is not None
    with structlog.testing.capture_logs() as log:
        await begin()
    assert [line["event"] for line in log] == ["the second factor is not demanded of anybody"]
    assert (await site.here()).status_code == 200


async def test_switching_it_on_or_off_asks_for_the_password(site: Site) -> None:
    owner = await site.log_in()
    site.service.clock.advance(STEP_UP_S)
    refused = await site.call("PUT", SECURITY, owner, {"second_factor": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
