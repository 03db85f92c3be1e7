"""What programs began with an API token: it is known of every rollout, and may end with the token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend_lite.contract.accounts import API_TOKENS, ROLES, USERS
from backend_lite.contract.audit import AUDIT_EVENTS
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.runs import ROLLOUTS, RUNS
from tests.backend.runs.site import Site
from tests.helpers.service import headers

pytestmark = pytest.mark.anyio
PASSWORD = "several unrelated words"


async def token(site: Site, name: str = "robot") -> tuple[int, dict[str, str]]:
    made = await site.post(API_TOKENS, {"name": name})
    return made["api_token"]["id"], headers(made["token"])


async def begun(site: Site, who: dict[str, str], *devices: int) -> Any:
    script = await site.script(f"for {devices} of {who}")
    body = {"script_id": script, "targets": {"devices": devices}}
    answer = await site.service.client.post(ROLLOUTS, json=body, headers=who)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def state_of(site: Site, rollout_id: int) -> tuple[str, set[str]]:
    runs = (await site.get(RUNS, rollout_id=rollout_id))["items"]
    return (await site.get(f"{ROLLOUTS}/{rollout_id}"))["state"], {run["state"] for run in runs}


async def test_it_goes_on_unless_it_is_cancelled_with_its_token(site: Site) -> None:
    devices = [await site.away(), await site.away("web-2")]
    (first, robot), (second, other) = await token(site), await token(site, "other")
    by_robot = await begun(site, robot, *devices)
    by_other, by_person = await begun(site, other, *devices), await begun(site, site.fleet.owner, *devices)
    assert (by_robot["token_id"], by_robot["token_name"]) == (first, "robot")
    assert (by_person["token_id"], by_person["token_name"]) == (None, "")
    assert await site.get(f"{API_TOKENS}/{first}/work") == {"rollouts": 1, "runs": 2}
    assert (await site.call("DELETE", f"{API_TOKENS}/{second}")).status_code == 204
    assert await state_of(site, by_other["id"]) == ("running", {"queued"})
    gone = await site.call("DELETE", f"{API_TOKENS}/{first}?cancel_rollouts=true")
    assert gone.status_code == 204, gone.text
    assert await state_of(site, by_robot["id"]) == ("cancelled", {"cancelled"})
    for rollout in (by_other, by_person):
        assert await state_of(site, rollout["id"]) == ("running", {"queued"})
    assert await site.get(f"{API_TOKENS}/{first}/work") == {"rollouts": 0, "runs": 0}
    assert (await site.call("DELETE", f"{API_TOKENS}/{second}?cancel_rollouts=true")).status_code == 204
    assert await state_of(site, by_other["id"]) == ("cancelled", {"cancelled"}), "also with one that is over"


async def test_the_audit_tells_of_both(site: Site) -> None:
    first, robot = await token(site)
    rollout = await begun(site, robot, await site.away())
    await site.call("DELETE", f"{API_TOKENS}/{first}?cancel_rollouts=true")
    events = (await site.get(AUDIT_EVENTS))["items"]
    ended = [one for one in events if one["action"] in ("tokens.revoke", "rollouts.cancel")]
    assert {one["action"]: one["entity_id"] for one in ended} == {
        "tokens.revoke": str(first),
        "rollouts.cancel": str(rollout["id"]),
    }
    (revoked,) = [one for one in ended if one["action"] == "tokens.revoke"]
    whole = await site.get(f"{AUDIT_EVENTS}/{revoked['id']}")
    assert json.loads(whole["event"]["metadata"])["cancelled_rollouts"] == 1


async def test_a_device_that_a_program_removes_is_its_work_too(site: Site) -> None:
    first, robot = await token(site)
    device = await site.away()
    answer = await site.service.client.delete(f"{DEVICES}/{device}?uninstall=true", headers=robot)
    assert answer.is_success, answer.text
    await site.settled()
    assert await site.get(f"{API_TOKENS}/{first}/work") == {"rollouts": 1, "runs": 1}


async def test_who_may_not_cancel_revokes_nothing_that_way(site: Site) -> None:
    first, robot = await token(site)
    rollout = await begun(site, robot, await site.away())
    grants = [{"artifact": "tokens", "verbs": ["view", "delete"]}]
    role = await site.post(ROLES, {"name": "Keeper of tokens", "grants": grants})
    await site.post(USERS, {"username": "grace", "password": PASSWORD, "roles": [role["id"]]})
    client = site.service.client
    signed = await client.post("/api/v1/auth/login", json={"username": "grace", "password": PASSWORD})
    grace = headers(signed.json()["access_token"])
    refused = await client.delete(f"{API_TOKENS}/{first}?cancel_rollouts=true", headers=grace)
    assert refused.status_code == 403
    assert "rollouts:run" in refused.json()["detail"]
    assert (await site.get(f"{API_TOKENS}/{first}"))["revoked_at"] is None
    assert (await client.delete(f"{API_TOKENS}/{first}", headers=grace)).status_code == 204
    assert await state_of(site, rollout["id"]) == ("running", {"queued"})


@pytest.mark.parametrize("what", ["a rollout", "an action"])
async def test_a_request_that_is_under_way_begins_nothing_after_it(site: Site, what: str) -> None:
    """A program that calls without a pause always has one under way, and what began by that would go on."""
    device, script = await site.away(), await site.script("late")
    token_id, robot = await token(site)
    path, body = {
        "a rollout": (ROLLOUTS, {"script_id": script, "targets": {"devices": [device]}}),
        "an action": (f"{DEVICES}/{device}/actions", {"type": "sh", "payload": "true"}),
    }[what]

    async def pieces() -> AsyncIterator[bytes]:
        yield json.dumps(body).encode()
        path = f"{API_TOKENS}/{token_id}?cancel_rollouts=true"
        assert (await site.service.client.delete(path, headers=await site.service.sign_in())).is_success

    kind = {"content-type": "application/json"}
    refused = await site.service.client.post(path, headers=robot | kind, content=pieces())
    assert refused.status_code == 401
    assert (await site.get(ROLLOUTS))["items"] == []
