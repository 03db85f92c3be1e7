"""The way in without a password on the service's own PC, and the owner's switch for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend_lite.contract.access import LOCAL_LOGIN, ME
from backend_lite.contract.accounts import API_TOKENS, STEP_UP, STEP_UP_S
from backend_lite.contract.audit import AUDIT
from backend_lite.contract.settings import SETTING_FORMS, SETTINGS, SETTINGS_LIST
from backend_lite.features.access.login import COMMAND_S
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio
OFF = {"local_sign_in": False}
NAME = "security.local_sign_in"


class Pc:
    """The service's own PC, with its owner."""

    def __init__(self, service: InProcess) -> None:
        self.service = service

    async def here(self, **more: Any) -> Any:
        return await self.service.client.post(LOCAL_LOGIN, json={"secret": LAUNCH_SECRET} | more)

    async def call(self, method: str, path: str, body: Any, who: dict[str, str] | None = None) -> Any:
        signed_in = who or await self.service.sign_in()
        return await self.service.client.request(method, path, json=body, headers=signed_in)

    async def switch_off(self) -> None:
        assert (await self.call("PUT", f"{SETTING_FORMS}/security", OFF)).status_code == 200


@pytest.fixture
async def pc(service: InProcess) -> Pc:
    await service.access.users.create_owner(OWNER, OWNER_PASSWORD)
    return Pc(service)


async def test_the_owner_can_keep_the_window_out(pc: Pc) -> None:
    assert (await pc.here()).status_code == 200
    await pc.switch_off()
    refused = await pc.here()
    assert (refused.status_code, refused.json()["code"]) == (403, "local_sign_in_off")
    assert "Sign in with name and password." in refused.json()["detail"]
    await pc.call("PUT", f"{SETTING_FORMS}/security", {"local_sign_in": True})
    assert (await pc.here()).status_code == 200


async def test_a_wrong_secret_is_refused_as_before(pc: Pc) -> None:
    await pc.switch_off()
    refused = await pc.service.client.post(LOCAL_LOGIN, json={"secret": "dfl_of-an-earlier-start"})
    assert refused.status_code == 401


async def test_commands_of_the_account_that_owns_the_data_go_on(pc: Pc) -> None:
    await pc.switch_off()
    answer = await pc.here(command=True)
    assert answer.status_code == 200
    who = headers(answer.json()["access_token"])
    assert (await pc.call("POST", API_TOKENS, {"name": "robot"}, who)).status_code == 201


async def test_the_session_of_a_command_is_a_short_one(pc: Pc) -> None:
    answer = (await pc.here(command=True)).json()
    assert answer["expires_in"] == COMMAND_S
    who = headers(answer["access_token"])
    assert (await pc.call("GET", ME, None, who)).status_code == 200
    pc.service.clock.advance(COMMAND_S)
    assert (await pc.call("GET", ME, None, who)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{SETTING_FORMS}/security", OFF),
        ("PUT", f"{SETTINGS}/security", OFF),
        ("PUT", f"{SETTING_FORMS}/security", {"lock_minutes": 0}),
        ("PUT", f"{SETTING_FORMS}/custom", {NAME: False}),
        ("POST", SETTINGS_LIST, {"key": NAME, "value": "false"}),
    ],
)
async def test_changing_it_needs_the_password_wherever_it_is_changed(
    pc: Pc, method: str, path: str, body: Any
) -> None:
    who = headers((await pc.here()).json()["access_token"])
    refused = await pc.call(method, path, body, who)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert (await pc.here()).status_code == 200
    assert (await pc.call("POST", STEP_UP, {"password": OWNER_PASSWORD}, who)).status_code == 204
    assert (await pc.call(method, path, body, who)).status_code == 200


async def test_taking_it_back_needs_the_password_too(pc: Pc) -> None:
    await pc.switch_off()
    who = await pc.service.sign_in()
    pc.service.clock.advance(STEP_UP_S)
    for method, path, body in (
        ("DELETE", f"{SETTINGS_LIST}/{NAME}", None),
        ("PUT", f"{SETTING_FORMS}/security", {"local_sign_in": None}),
    ):
        assert (await pc.call(method, path, body, who)).json()["code"] == "step_up_required"
    assert (await pc.here()).status_code == 403


async def test_no_token_changes_it(pc: Pc) -> None:
    token = (await pc.call("POST", API_TOKENS, {"name": "robot"})).json()["token"]
    refused = await pc.call("PUT", f"{SETTING_FORMS}/security", OFF, headers(token))
    assert (refused.status_code, refused.json()["code"]) == (403, "person_needed")


async def test_what_stays_as_it_is_asks_nobody(pc: Pc) -> None:
    """The documented form sends a whole group."""
    who = headers((await pc.here()).json()["access_token"])
    body = {"local_sign_in": True, "lock_minutes": 15, "of_another_program": 20}
    assert (await pc.call("PUT", f"{SETTINGS}/security", body, who)).status_code == 200


async def test_the_change_is_in_the_audit(pc: Pc) -> None:
    await pc.switch_off()
    found = (await pc.call("GET", AUDIT, None)).json()["items"]
    event = next(one for one in found if one["action"] == "settings.update")
    whole = (await pc.call("GET", f"{AUDIT}/{event['id']}", None)).json()
    assert json.loads(whole["before_data"]) == {"local_sign_in": True}
    assert json.loads(whole["after_data"]) == OFF
