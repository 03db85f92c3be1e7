"""Whose rights hold on the devices of one group: at every address and in the live stream, nothing of others.

Made from the routes themselves: a new one is refused to them, or keeps to their devices, or fails here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from backend_lite.contract.accounts import ROLES
from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.fleet import EXPECTED_DEVICES
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.live import LIVE, LiveHello
from backend_lite.contract.pauses import PAUSES
from backend_lite.contract.plans import PROFILES
from backend_lite.contract.rights import ARTIFACTS, DEVICE_BOUND, VERBS
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.contract.settings import SETTING_FORMS
from backend_lite.core.http.guard import PERMISSION_KEY, SCOPED_KEY, WITHIN_KEY
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.halves import Half, Halves, halves, person
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

OUTSIDE = "outside"
"""Is in the name of everything that they must not hear of."""
MISSING = 10**6
NOT_SHOWN = {"expected_device"}
"""Kinds of objects that nobody sees whose rights are limited, though they have to do with devices."""


@dataclass(frozen=True)
class Door:
    """A route that asks for a right on devices; `kind` is how it keeps to the caller's."""

    method: str
    path: str
    kind: str

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.path)

    def address(self, ids: dict[str, int]) -> str:
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: str(ids[found[1]]), self.path)


def doors(service: InProcess) -> Iterator[Door]:
    for route in service.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            artifact = str(handler.opt.get(PERMISSION_KEY)).partition(":")[0]
            if artifact not in DEVICE_BOUND:
                continue
            kind = SCOPED_KEY if handler.opt.get(SCOPED_KEY) else handler.opt.get(WITHIN_KEY, "")
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                yield Door(method, route.path, kind)


@pytest.fixture
async def site(service: InProcess) -> Halves:
    made = await halves(service)
    # There has to be somebody else who could approve what the owner asks for.
    await person(made, "grace", 1)
    every = [{"artifact": one, "verbs": list(VERBS)} for one in ARTIFACTS]
    await made.done("PUT", f"{ROLES}/{made.role}", {"grants": every})
    return made


async def ids_of(site: Halves, half: Half) -> dict[str, int]:
    """By the names that addresses have for them: what there is in one half."""
    script = {"name": half.hostname.replace(OUTSIDE, "other"), "content": "true", "language": "sh"}
    script_id = (await site.done("POST", SCRIPTS, script))["id"]
    profile = await site.done("POST", PROFILES, {"name": script["name"]})
    rollout = {"script_id": script_id, "targets": {"devices": [half.device]}}
    rollout_id = (await site.done("POST", ROLLOUTS, rollout))["id"]
    (run,) = (await site.done("GET", f"{RUNS}?rollout_id={rollout_id}"))["items"]
    pause = await site.done(
        "POST", PAUSES, {"scope": "group", "group_id": half.group, "reason": half.hostname}
    )
    expected = {"hostname": f"{half.hostname}-next", "groups": [half.group]}
    return {
        "device_id": half.device,
        "group_id": half.group,
        "enrollment_token_id": half.token,
        "rollout_id": rollout_id,
        "run_id": run["id"],
        "pause_id": pause["id"],
        "profile_id": profile["id"],
        "expected_id": (await site.done("POST", EXPECTED_DEVICES, expected))["id"],
        "approval_id": await approval_of(site, half),
        "n": 1,
    }


async def approval_of(site: Halves, half: Half) -> int:
    """Of dangerous work that the owner asked for."""
    await site.done("PUT", f"{SETTING_FORMS}/security", {"dangerous_work": "approve"})
    script = {"name": f"wipe {half.hostname}", "content": "rm -rf $X/*", "language": "bash"}
    script_id = (await site.done("POST", SCRIPTS, script))["id"]
    rollout = {"script_id": script_id, "targets": {"devices": [half.device]}}
    made = (await site.done("POST", ROLLOUTS, rollout))["id"]
    await site.done("DELETE", f"{SCRIPTS}/{script_id}")
    (approval,) = (await site.done("GET", f"{APPROVALS}?rollout_id={made}"))["items"]
    return int(approval["id"])


async def test_every_address_keeps_to_the_devices_that_the_rights_cover(site: Halves) -> None:
    own, others = await ids_of(site, site.inside), await ids_of(site, site.outside)
    found = sorted(doors(site.service), key=lambda door: (door.method != "GET", door.method == "DELETE"))
    assert {door.kind for door in found} >= {"", SCOPED_KEY, "device_id", "group_id"}
    for door in found:
        if door.kind == "":
            await check_closed(site, door, own)
        elif door.kind == SCOPED_KEY:
            await check_scoped(site, door, own, others)
        else:
            await check_within(site, door, own, others)


async def check_closed(site: Halves, door: Door, own: dict[str, int]) -> None:
    status, text = await sent(site, door, own)
    assert status == 403, door
    assert '"code":"limited"' in text, door


async def check_within(site: Halves, door: Door, own: dict[str, int], others: dict[str, int]) -> None:
    refused = await sent(site, door, own | {door.kind: others[door.kind]})
    assert refused == await sent(site, door, own | {door.kind: MISSING}), door
    assert refused[0] == 404, door
    await check_open(site, door, own)


async def check_scoped(site: Halves, door: Door, own: dict[str, int], others: dict[str, int]) -> None:
    bound = [name for name in door.parameters if name in ("rollout_id", "pause_id", "approval_id")]
    for name in bound:
        status, text = await sent(site, door, own | {name: others[name]})
        assert status in (403, 404), (door, status, text)
        assert OUTSIDE not in text, door
    await check_open(site, door, own)


async def check_open(site: Halves, door: Door, own: dict[str, int]) -> None:
    status, text = await sent(site, door, own)
    assert OUTSIDE not in text, door
    assert status not in (401, 403, 500), (door, text)
    if door.method == "GET" and "/output" not in door.path:
        assert status == 200, (door, status, text)


async def sent(site: Halves, door: Door, ids: dict[str, int]) -> tuple[int, str]:
    body: Any = {} if door.method in ("POST", "PUT") else None
    if (door.method, door.path) == ("POST", PAUSES):
        body = {"scope": "device", "device_id": ids["device_id"]}
    query = "?name=editor" if door.path.endswith("/installed-software/devices") else ""
    answer = await site.call(door.method, door.address(ids) + query, body)
    return answer.status_code, answer.text


async def test_the_stream_shows_nothing_of_the_others(site: Halves) -> None:
    await ids_of(site, site.inside)
    others = await ids_of(site, site.outside)
    kinds = site.service.kernel.live.kinds
    bound = {
        name
        for name, kind in kinds.items()
        if kind.permission is not None and kind.permission.partition(":")[0] in DEVICE_BOUND
    }
    assert {name for name in bound if kinds[name].visible is None} == NOT_SHOWN
    bearer = site.limited["Authorization"].removeprefix("Bearer ")
    async with AsgiSocket(site.service.app, LIVE) as socket:
        await socket.send(LiveHello(bearer))
        seen = (await socket.receive())["snapshot"]
        for name in bound:
            assert OUTSIDE not in str(seen.get(name, ())), name
            assert kinds[name].snapshot is None or name in NOT_SHOWN or seen[name], name
        await site.done("POST", f"{ROLLOUTS}/{others['rollout_id']}/cancel")
        await site.done("PUT", f"{SCRIPTS}/1", {"name": "last"})
        told: dict[str, Any] = {"kind": ""}
        while told["kind"] != "script":
            told = await socket.receive()
            assert told["kind"] in ("script", "profile"), told
