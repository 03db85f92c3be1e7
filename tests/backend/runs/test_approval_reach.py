"""Approvals for those whose rights hold on the devices of groups only."""

from __future__ import annotations

from typing import Any

import pytest

from backend_lite.contract.accounts import ROLES
from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.fleet import GROUPS
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.live import LIVE, LiveHello
from backend_lite.contract.runs import ROLLOUTS
from backend_lite.contract.settings import SETTING_FORMS
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.halves import Halves, halves, person
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio
Headers = dict[str, str]


@pytest.fixture
async def site(service: InProcess) -> Halves:
    made = await halves(service)
    await made.done("PUT", f"{SETTING_FORMS}/security", {"dangerous_work": "approve"})
    script = {"name": "Wipe", "content": "rm -rf $X/*", "language": "bash"}
    await made.done("POST", SCRIPTS, script)
    return made


async def asked(site: Halves, *devices: int, who: Headers | None = None) -> int:
    """The approval that dangerous work on these devices waits for."""
    (script,) = await site.done("GET", SCRIPTS)
    order = {"script_id": script["id"], "targets": {"devices": devices}}
    rollout = await site.done("POST", ROLLOUTS, order, who)
    assert rollout["state"] == "held"
    (approval,) = (await site.done("GET", f"{APPROVALS}?rollout_id={rollout['id']}"))["items"]
    return int(approval["id"])


async def seen(site: Halves, who: Headers | None = None) -> list[int]:
    """By the list, by each address and in the live stream."""
    listed = [one["id"] for one in (await site.call("GET", APPROVALS, who=who)).json()["items"]]
    every = [one["id"] for one in (await site.done("GET", APPROVALS))["items"]]
    found = [await site.call("GET", f"{APPROVALS}/{one}", who=who) for one in every]
    assert [one.json()["id"] for one in found if one.is_success] == listed
    assert all(one.status_code in (200, 404) for one in found)
    return listed


async def told(site: Halves) -> list[int]:
    async with AsgiSocket(site.service.app, LIVE) as socket:
        await socket.send(LiveHello(site.limited["Authorization"].removeprefix("Bearer ")))
        return [one["id"] for one in (await socket.receive())["snapshot"]["approval"]]


async def leaves(site: Halves) -> None:
    """The device is in the group no more."""
    body = {"remove": [site.inside.device]}
    await site.done("POST", f"{GROUPS}/{site.inside.group}/members", body)


async def decided(site: Halves, approval: int, what: str, who: Headers | None = None) -> tuple[int, Any]:
    answer = await site.call("POST", f"{APPROVALS}/{approval}/{what}", {}, who)
    return answer.status_code, answer.json().get("code", answer.json().get("state"))


async def test_what_lies_wholly_on_the_own_devices_is_seen_and_decided(site: Halves) -> None:
    await person(site, "grace", 1)
    inside, outside = site.inside.device, site.outside.device
    first, second = await asked(site, inside), await asked(site, inside)
    theirs, both = await asked(site, outside), await asked(site, inside, outside)
    assert await seen(site) == await told(site) == [second, first]
    assert (await site.call("GET", f"{APPROVALS}/{first}/texts")).json()[0]["text"] == "rm -rf $X/*"
    assert await decided(site, first, "approve") == (200, "approved")
    assert await decided(site, second, "refuse") == (200, "refused")
    for approval in (theirs, both, 10**6):
        for what in ("approve", "refuse", "withdraw"):
            assert await decided(site, approval, what) == (404, "not_found")
        assert (await site.call("GET", f"{APPROVALS}/{approval}/texts")).status_code == 404


async def test_a_device_that_leaves_takes_the_approval_along(site: Halves) -> None:
    approval = await asked(site, site.inside.device)
    assert await seen(site) == [approval]
    await leaves(site)
    assert await seen(site) == await told(site) == []
    assert await decided(site, approval, "approve") == (404, "not_found")


async def test_their_own_they_see_and_withdraw_and_never_approve(site: Halves) -> None:
    own = await asked(site, site.inside.device, who=site.limited)
    assert await seen(site) == await told(site) == [own]
    assert await decided(site, own, "approve") == (403, "own_request")
    await leaves(site)
    assert await seen(site) == [own], "whatever became of the group"
    assert (await site.call("GET", f"{APPROVALS}/{own}/texts")).status_code == 200
    assert await decided(site, own, "withdraw") == (200, "withdrawn")


async def test_to_see_it_is_not_to_decide_it(site: Halves) -> None:
    await person(site, "grace", 1)
    both = [site.inside.group, site.outside.group]
    views = {"name": "Sees both", "grants": [{"artifact": "rollouts", "verbs": ["view"]}], "groups": both}
    approves = {
        "name": "Approves one",
        "grants": [{"artifact": "rollouts", "verbs": ["approve"]}],
        "groups": both[:1],
    }
    roles = [(await site.done("POST", ROLES, role))["id"] for role in (views, approves)]
    _, hugo = await person(site, "hugo", *roles)
    approval = await asked(site, site.inside.device, site.outside.device)
    assert await seen(site, hugo) == [approval]
    assert (await site.call("GET", f"{APPROVALS}/{approval}/texts", who=hugo)).status_code == 403
    for what in ("approve", "refuse"):
        assert await decided(site, approval, what, hugo) == (403, "limited")


async def test_who_could_approve_there_is_enough_of_a_second_person(site: Halves) -> None:
    await asked(site, site.inside.device)
    (script,) = await site.done("GET", SCRIPTS)
    for devices in ([site.outside.device], [site.inside.device, site.outside.device]):
        order = {"script_id": script["id"], "targets": {"devices": devices}}
        refused = await site.call("POST", ROLLOUTS, order, site.owner)
        assert (refused.status_code, refused.json()["code"]) == (409, "nobody_to_approve")
        errors = (await site.done("POST", f"{ROLLOUTS}/preview", order))["errors"]
        assert any("nobody else here may approve it" in one for one in errors)
