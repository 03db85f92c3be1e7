"""Somebody whose rights hold in the devices of groups only: what there is for them, route by route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from agent.wire.messages import Offer, Permit, PermitAnswer
from backend_lite.contract.accounts import ROLES
from backend_lite.contract.fleet import DEVICES, GROUPS
from backend_lite.contract.live import LIVE, LiveHello
from backend_lite.contract.pauses import PAUSES
from backend_lite.contract.plans import PROFILES
from backend_lite.contract.rights import DEVICE_BOUND
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.events.bus import Changed
from backend_lite.core.http.guard import USER
from tests.backend.runs.site import Site
from tests.helpers.asgi_socket import AsgiSocket
from tests.helpers.limited import make_role, make_user, signed_in
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

RIGHTS = (
    "devices:delete",
    "rollouts:view",
    "rollouts:run",
    "devices:view",
    "devices:run",
    "scripts:create",
    "profiles:view",
    "profiles:delete",
)
ONE = f"{RUNS}/{{}}"
OUTPUT = f"{ONE}/steps/1/output"
OF_RUN: list[tuple[str, str, Any]] = [
    ("GET", ONE, None),
    ("GET", OUTPUT, None),
    ("GET", f"{OUTPUT}/index", None),
    ("GET", f"{OUTPUT}/search?q=x", None),
    ("POST", f"{ONE}/cancel", None),
    ("POST", f"{ONE}/rerun", {}),
]
ROLLOUT = f"{ROLLOUTS}/{{}}"
READ_ROLLOUT = [ROLLOUT, f"{ROLLOUT}/outputs"]
CHANGE_ROLLOUT = ["halt", "resume", "cancel", "rerun-failed"]
SHELL = {"type": "sh", "payload": "true"}


@dataclass
class Person:
    """Ada has the fleet; `who` has `own` in the group `north`, and not `other`. A rollout of each kind waits:
    `mine` on the own device, `theirs` on the other, `ours` on both."""

    site: Site
    who: dict[str, str]
    north: int
    south: int
    script: int
    own: int
    other: int
    mine: Any
    theirs: Any
    ours: Any

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = self.who | headers
        return await self.site.service.client.request(method, path, headers=sent, json=body)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.site.service.client.get(path, headers=self.who, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def roll_out(self, **targets: Any) -> Any:
        return await self.call("POST", ROLLOUTS, {"script_id": self.script, "targets": targets})

    async def preview(self, **targets: Any) -> Any:
        body = {"script_id": self.script, "targets": targets}
        answer = await self.call("POST", f"{ROLLOUTS}/preview", body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def person(site: Site) -> Person:
    script, own, other = await site.script(), await site.away("web-own"), await site.away("web-other")
    north = await site.group("north", devices=[own])
    south = await site.group("south", devices=[other])
    role = await make_role(site.service, "helps in north", RIGHTS, [north])
    who = await signed_in(site.service, await make_user(site.service, "grace", role))
    mine, theirs = await site.roll_out(script, own), await site.roll_out(script, other)
    ours = await site.roll_out(script, other, own)
    return Person(site, who, north, south, script, own, other, mine, theirs, ours)


async def test_every_route_about_devices_keeps_to_groups(service: InProcess) -> None:
    for name in ("runs", "plans"):
        for route in service.feature(name).routes():
            if not isinstance(route, HTTPRouteHandler) or route.opt["audience"] != USER:
                continue
            bound = str(route.opt["permission"]).partition(":")[0] in DEVICE_BOUND
            keeps = "scoped" in route.opt or "within" in route.opt
            assert keeps == bound, route.paths


@pytest.mark.parametrize(("method", "path", "body"), OF_RUN)
async def test_a_run_is_there_where_its_device_is(person: Person, method: str, path: str, body: Any) -> None:
    own, other = person.mine["run_ids"][0], person.theirs["run_ids"][0]
    shared_other, shared_own = person.ours["run_ids"]
    if path.endswith("rerun"):
        for run in (own, other, shared_own, shared_other):
            await person.site.post(f"{RUNS}/{run}/cancel")
    for run in (own, shared_own):
        answer = await person.call(method, path.format(run), body)
        assert answer.status_code in (200, 201), answer.text
    for run in (other, shared_other, 4711, 2**63, 2**70):
        answer = await person.call(method, path.format(run), body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (run, answer.text)
    assert (await person.site.run(other))["state"] == ("cancelled" if path.endswith("rerun") else "queued")


async def test_lists_of_runs_search_sort_and_pages_show_no_others(person: Person) -> None:
    own = [person.ours["run_ids"][1], person.mine["run_ids"][0]]
    other = person.theirs["run_ids"][0]
    assert [run["id"] for run in (await person.get(RUNS))["items"]] == own
    for q in ("", "device:web*", "not device:web-own", "web-other", f"run:{other}"):
        found = (await person.get(RUNS, q=q))["items"]
        assert {run["id"] for run in found} == (set(own) if q in ("", "device:web*") else set()), q
    for sort in ("id", "-id", "device", "-device", "title", "state", "started", "-ended"):
        first = await person.get(RUNS, sort=sort, limit=1)
        rest = await person.get(RUNS, sort=sort, limit=5, cursor=first["next"])
        assert sorted([first["items"][0]["id"], *(run["id"] for run in rest["items"])]) == sorted(own)
        assert rest["next"] is None
    for chosen in ({"device_id": person.other}, {"rollout_id": person.theirs["id"]}):
        assert (await person.get(RUNS, **chosen))["items"] == []
    assert [run["id"] for run in (await person.get(RUNS, rollout_id=person.ours["id"]))["items"]] == own[:1]


async def test_a_page_that_begins_at_somebody_elses_run_tells_nothing_of_it(person: Person) -> None:
    for cursor in (person.theirs["run_ids"][0], 4711):
        answer = await person.call("GET", f"{RUNS}?sort=device&cursor={cursor}")
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            "The run at which the last page ended is gone: begin with the first page again.",
        )


async def test_a_rollout_is_shown_by_its_runs_on_the_own_devices(person: Person) -> None:
    found = (await person.get(ROLLOUTS))["items"]
    assert [rollout["id"] for rollout in found] == [person.ours["id"], person.mine["id"]]
    assert [rollout["counters"]["total"] for rollout in found] == [1, 1]
    assert [rollout["targets"]["devices"] for rollout in found] == [[person.own], [person.own]]
    assert found[1] == await person.site.get(ROLLOUT.format(person.mine["id"]))
    for q in ("by:ada", f"id:{person.theirs['id']}", "hi"):
        ids = [rollout["id"] for rollout in (await person.get(ROLLOUTS, q=q))["items"]]
        assert person.theirs["id"] not in ids
    for path in READ_ROLLOUT:
        for rollout in (person.theirs["id"], 4711, 2**70):
            answer = await person.call("GET", path.format(rollout))
            assert (answer.status_code, answer.json()["detail"]) == (404, "Rollout not found")
    (group,) = (await person.get(f"{ROLLOUT.format(person.ours['id'])}/outputs"))["groups"]
    assert group["run_ids"] == person.ours["run_ids"][1:]


async def test_what_was_asked_for_elsewhere_is_not_told(person: Person) -> None:
    site = person.site
    body = {
        "script_id": person.script,
        "targets": {"groups": [person.north, person.south], "query": "web-other"},
        "policy": {"waves": {"sizes": ["1"], "by_hand": True}},
    }
    made = await site.post(ROLLOUTS, body)
    shown = await person.get(ROLLOUT.format(made["id"]))
    assert (made["waves"], sum(shown["waves"]), len(shown["waves"])) == ([1, 1], 1, 2)
    assert shown["targets"] == {"devices": [], "groups": [person.north], "query": ""}
    assert (shown["counters"]["total"], shown["counters"]["queued"]) == (1, 1)


@pytest.mark.parametrize("verb", CHANGE_ROLLOUT)
async def test_a_rollout_is_changed_as_a_whole_only_by_whom_all_of_it_is(person: Person, verb: str) -> None:
    def path(rollout: Any) -> str:
        return f"{ROLLOUT.format(rollout['id'])}/{verb}"

    if verb == "resume":
        for rollout in (person.mine, person.ours, person.theirs):
            await person.site.post(f"{ROLLOUT.format(rollout['id'])}/halt")
    refused = await person.call("POST", path(person.ours))
    assert (refused.status_code, refused.json()["code"]) == (403, "limited")
    assert "devices that your rights do not cover" in refused.json()["detail"]
    hidden = await person.call("POST", path(person.theirs))
    assert (hidden.status_code, hidden.json()["detail"]) == (404, "Rollout not found")
    done = await person.call("POST", path(person.mine))
    if verb == "rerun-failed":
        assert (done.status_code, "No run of this rollout has failed" in done.text) == (409, True)
    else:
        assert (done.status_code, done.json()["counters"]["total"]) == (200, 1)
    for rollout in (person.ours, person.theirs):
        state = (await person.site.get(ROLLOUT.format(rollout["id"])))["state"]
        assert state == ("halted" if verb == "resume" else "running")


async def test_a_device_that_left_the_fleet_keeps_no_rollout_from_those_who_have_the_rest(
    person: Person,
) -> None:
    await person.site.fleet.retire(person.other)
    answer = await person.call("POST", f"{ROLLOUT.format(person.ours['id'])}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


async def test_new_work_reaches_the_own_devices_only(person: Person) -> None:
    for named in ([person.other], [person.own, person.other]):
        unknown = await person.roll_out(devices=[4711])
        refused = await person.roll_out(devices=named)
        assert refused.status_code == unknown.status_code == 404
        wanted = unknown.json()["detail"].replace("4711", str(person.other))
        assert refused.json()["detail"] == wanted
        preview = await person.preview(devices=named)
        assert (preview["devices"], preview["errors"]) == ([], [wanted])
    wide: list[dict[str, Any]] = [
        {"groups": [person.north, person.south]},
        {"query": "web-*"},
        {"devices": [person.own], "groups": [person.south], "query": "web-other"},
    ]
    for targets in wide:
        preview = await person.preview(**targets)
        assert [device["device_id"] for device in preview["devices"]] == [person.own]
        made = await person.roll_out(**targets)
        assert made.status_code == 201, made.text
        runs = [await person.site.run(run) for run in made.json()["run_ids"]]
        assert [run["device_id"] for run in runs] == [person.own]


async def test_a_query_tells_nothing_of_other_devices(person: Person) -> None:
    asked: list[dict[str, Any]] = [
        {"query": "hostname:web-other"},
        {"query": "hostname:nobody"},
        {"groups": [person.south]},
    ]
    answers = [(await person.roll_out(**targets)).json()["detail"] for targets in asked]
    sentence = "No device that your rights cover is in these groups or matches the query: nothing would run."
    assert answers == [sentence] * len(asked)
    for targets in asked:
        assert (await person.preview(**targets))["errors"] == [sentence]


async def test_who_runs_what_is_in_the_library_runs_nothing_else(person: Person) -> None:
    """Nor does running reach where removing does not."""
    service, path = person.site.service, f"{DEVICES}/{{}}/actions"
    roles = (await service.client.get(ROLES, headers=await service.sign_in())).json()["items"]
    helpdesk = next(role["id"] for role in roles if role["name"].lower() == "helpdesk")
    in_north = await make_role(service, "removes in north", ["devices:delete"], [person.north])
    helper = await signed_in(service, await make_user(service, "linus", helpdesk, in_north))

    async def status(device: int, **body: Any) -> int:
        answer = await service.client.post(path.format(device), json=body, headers=helper)
        assert answer.status_code == 201 or "needs the right" in answer.json()["detail"], answer.text
        return int(answer.status_code)

    assert await status(person.own, **SHELL) == 403
    assert await status(person.own, type="sh", script_id=person.script) == 201
    assert await status(person.other, type="agent_uninstall") == 403
    assert await status(person.own, type="agent_uninstall") == 201
    assert await status(person.other, type="inventory") == 201


async def test_documented_actions_are_those_of_the_own_devices(person: Person) -> None:
    path = f"{DEVICES}/{{}}/actions"
    made = await person.call("POST", path.format(person.own), SHELL)
    assert made.status_code == 201, made.text
    assert len(await person.get(path.format(person.own))) == 3
    for device in (person.other, 4711, 2**70):
        for method, body in (("POST", SHELL), ("GET", None)):
            answer = await person.call(method, path.format(device), body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text
    assert len(await person.site.get(path.format(person.other))) == 2


async def test_a_profile_is_applied_to_the_own_devices_and_tells_of_these_only(person: Person) -> None:
    site = person.site
    tasks = [{"name": "hi", "action_type": "sh", "script_id": person.script}]
    profile = int((await site.post(PROFILES, {"name": "Base", "tasks": tasks}))["id"])
    for device in (person.own, person.other):
        await site.call("PUT", f"{DEVICES}/{device}", {"profile_id": profile})
    of = f"{PROFILES}/{profile}"
    for params in ({}, {"q": "web*"}, {"compliance": "assigned"}, {"sort": "-hostname"}):
        answer = await person.site.service.client.get(f"{of}/devices", headers=person.who, params=params)
        told = [line["device_id"] for line in answer.json()]
        assert (answer.headers["x-total-count"], told) == ("1", [person.own]), params
    body = {"device_ids": [person.own, person.other, 4711], "query": "web*"}
    applied = (await person.call("POST", f"{of}/apply", body)).json()
    problems = [(line["device_id"], line["hostname"], line["problem"]) for line in applied["devices"]]
    assert problems == [
        (person.own, "web-own", None),
        (person.other, "", "unknown_device"),
        (4711, "", "unknown_device"),
    ]
    elsewhere = await site.call("POST", f"{of}/apply", {"device_ids": [person.other]})
    assert elsewhere.status_code == 202
    refused = await person.call("DELETE", of)
    assert "used by devices that you may not see" in refused.json()["detail"]
    running = await person.get(f"{of}/devices", compliance="running")
    assert [line["device_id"] for line in running] == [person.own]


PAUSED_OUTSIDE: list[tuple[dict[str, Any], int, str]] = [
    ({"scope": "fleet"}, 403, "beyond your rights"),
    ({"scope": "device", "device_id": "other"}, 404, "Device not found"),
    ({"scope": "group", "group_id": "south"}, 404, "There is no group"),
]


async def test_pauses_are_set_seen_and_ended_within(person: Person) -> None:
    site, ids = person.site, {"other": person.other, "south": person.south}
    for body, status, words in PAUSED_OUTSIDE:
        named = {name: ids.get(value, value) for name, value in body.items()}
        refused = await person.call("POST", PAUSES, named)
        assert (refused.status_code, words in refused.json()["detail"]) == (status, True), refused.text
    fleet = await site.pause(scope="fleet")
    others = [
        await site.pause(scope="device", device_id=person.other),
        await site.pause(scope="group", group_id=person.south),
    ]
    own = [
        (await person.call("POST", PAUSES, body)).json()["id"]
        for body in (
            {"scope": "device", "device_id": person.own},
            {"scope": "group", "group_id": person.north},
        )
    ]
    assert [pause["id"] for pause in await person.get(PAUSES)] == [fleet, *own]
    assert (await person.call("DELETE", f"{PAUSES}/{fleet}")).status_code == 403
    for pause in others:
        answer = await person.call("DELETE", f"{PAUSES}/{pause}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Pause not found")
    for pause in own:
        assert (await person.call("DELETE", f"{PAUSES}/{pause}")).status_code == 204
    assert [pause["id"] for pause in await site.get(PAUSES)] == [fleet, *others]


async def test_what_leaves_the_group_is_gone_at_once(person: Person) -> None:
    run = person.mine["run_ids"][0]
    await person.get(ONE.format(run))
    await person.site.call("POST", f"{GROUPS}/{person.north}/members", {"remove": [person.own]})
    assert (await person.call("GET", ONE.format(run))).status_code == 404
    assert (await person.get(RUNS))["items"] == (await person.get(ROLLOUTS))["items"] == []
    assert (await person.roll_out(devices=[person.own])).status_code == 404


async def test_work_on_a_device_that_left_the_group_before_it_started_never_starts(person: Person) -> None:
    site = person.site
    worker = await site.worker("web-there")
    path = f"{GROUPS}/{person.north}/members"
    await site.call("POST", path, {"add": [worker.device_id]})
    made = (await person.roll_out(devices=[worker.device_id])).json()
    offer = await worker.hears(Offer)
    await site.call("POST", path, {"remove": [worker.device_id]})
    worker.socket.send(Permit(offer.attempt, "a nonce"))
    answer = await worker.hears(PermitAnswer)
    assert (answer.answer, answer.detail) == ("no", "grace may no longer run work here.")
    run = await site.run(made["run_ids"][0])
    assert (run["state"], run["reason"]) == ("cancelled", "creator_barred")


async def test_a_device_that_a_limited_person_deletes_still_removes_its_agent(person: Person) -> None:
    site = person.site
    worker = await site.worker("web-there")
    await site.call("POST", f"{GROUPS}/{person.north}/members", {"add": [worker.device_id]})
    gone = await person.call("DELETE", f"{DEVICES}/{worker.device_id}?uninstall=true")
    assert gone.status_code == 204, gone.text
    await site.settled()
    assert (await worker.takes()).type == "agent_uninstall"


async def test_the_stream_tells_of_the_runs_on_the_own_devices_and_rollouts_as_they_are_shown(
    person: Person,
) -> None:
    site, own = person.site, [person.mine["run_ids"][0], person.ours["run_ids"][1]]
    await site.pause(scope="device", device_id=person.other)
    fleet = await site.pause(scope="fleet")
    async with AsgiSocket(site.service.app, LIVE) as socket:
        await socket.send(LiveHello(person.who["Authorization"].removeprefix("Bearer ")))
        seen = (await socket.receive())["snapshot"]
        assert sorted(run["id"] for run in seen["run"]) == own
        assert {rollout["id"]: rollout["counters"]["total"] for rollout in seen["rollout"]} == {
            person.mine["id"]: 1,
            person.ours["id"]: 1,
        }
        assert [pause["id"] for pause in seen["pause"]] == [fleet]
        assert seen["approval"] == []
        for rollout in (person.theirs, person.ours):
            await site.post(f"{ROLLOUT.format(rollout['id'])}/cancel")
        site.service.kernel.bus.publish([Changed("output", 2, {}), Changed("output", 1, {"stdout": 5})])
        told = [await socket.receive()]
        while told[-1]["kind"] != "output":
            told.append(await socket.receive())
    changed = {(one["kind"], one["id"]): one["change"] for one in told}
    assert set(changed) == {("run", own[1]), ("rollout", person.ours["id"]), ("output", 1)}
    counters = changed["rollout", person.ours["id"]]["counters"]
    assert (counters["total"], counters["cancelled"]) == (1, 1)
