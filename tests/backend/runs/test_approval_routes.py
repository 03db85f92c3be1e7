"""Approvals over HTTP: who may decide, what is asked for before work starts, and what the audit keeps."""

from __future__ import annotations

from typing import Any

import pytest

from backend_lite.contract.accounts import API_TOKENS, ROLES, STEP_UP_S, USERS
from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.audit import AUDIT_EVENTS
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.plans import PROFILES
from backend_lite.contract.runs import ROLLOUTS
from backend_lite.contract.settings import SETTING_FORMS
from tests.backend.runs.site import Site
from tests.helpers.service import headers

pytestmark = pytest.mark.anyio
PASSWORD = "several unrelated words"


async def set_limits(site: Site, **values: Any) -> None:
    answer = await site.call("PUT", f"{SETTING_FORMS}/security", values, **{"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def sign_in(site: Site, name: str) -> dict[str, str]:
    answer = await site.service.client.post(
        "/api/v1/auth/login", json={"username": name, "password": PASSWORD}
    )
    return headers(answer.json()["access_token"])


async def person(site: Site, name: str, role: str = "Owner") -> dict[str, str]:
    """Headers of a new user's session."""
    roles = {one["name"]: one["id"] for one in (await site.get(ROLES))["items"]}
    await site.post(USERS, {"username": name, "password": PASSWORD, "roles": [roles[role]]})
    return await sign_in(site, name)


async def ask(site: Site, method: str, path: str, who: dict[str, str], body: Any = None) -> Any:
    return await site.service.client.request(method, path, headers=who, json=body)


async def held(site: Site) -> Any:
    """The approval of a rollout that waits for it."""
    await set_limits(site, approve_above=1)
    devices = [await site.away(), await site.away("web-2")]
    made = await site.roll_out(await site.script(f"hi {devices}"), *devices)
    assert made["state"] == "held"
    (approval,) = (await site.get(APPROVALS, rollout_id=made["id"]))["items"]
    return approval


async def test_a_second_person_lets_it_start(site: Site) -> None:
    other = await person(site, "grace")
    approval = await held(site)
    path = f"{APPROVALS}/{approval['id']}"
    own = await site.call("POST", f"{path}/approve", {})
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    answer = await ask(site, "POST", f"{path}/approve", other, {"comment": "looks right"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["decided_by"]) == ("approved", "grace")
    assert (await site.get(f"{ROLLOUTS}/{approval['rollout_id']}"))["state"] == "running"
    again = await ask(site, "POST", f"{path}/refuse", other, {})
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    assert again.json()["detail"] == "It was approved by grace already."


async def test_approving_takes_a_person_who_just_confirmed_it(site: Site) -> None:
    other = await person(site, "grace")
    made = await ask(
        site, "POST", API_TOKENS, other,
        {"name": "ci", "kind": "api", "scope": ["rollouts:approve", "rollouts:view"], "expires_at": None},
    )  # fmt: skip
    approval = await held(site)
    path = f"{APPROVALS}/{approval['id']}/approve"
    token = headers(made.json()["token"])
    assert (await ask(site, "POST", path, token, {})).json()["code"] == "person_needed"
    site.service.clock.advance(STEP_UP_S)
    assert (await ask(site, "POST", path, other, {})).json()["code"] == "step_up_required"
    assert (await ask(site, "POST", path.removesuffix("approve") + "refuse", token, {})).status_code == 200


async def test_who_may_not_approve_may_neither_refuse(site: Site) -> None:
    other = await person(site, "grace")
    operator = await person(site, "olga", "Operator")
    approval = await held(site)
    path = f"{APPROVALS}/{approval['id']}"
    assert (await ask(site, "GET", path, operator)).status_code == 200
    for word in ("approve", "refuse"):
        assert (await ask(site, "POST", f"{path}/{word}", operator, {})).status_code == 403
    assert (await ask(site, "POST", f"{path}/withdraw", operator, {})).json()["code"] == "not_own_request"
    assert (await ask(site, "POST", f"{path}/refuse", other, {})).json()["state"] == "refused"
    assert (await site.get(f"{ROLLOUTS}/{approval['rollout_id']}"))["state"] == "cancelled"


async def test_the_list_is_cut_and_chosen_by_state(site: Site) -> None:
    await person(site, "grace")
    first = await held(site)
    await site.post(f"{APPROVALS}/{first['id']}/withdraw", {"comment": "too early"})
    second = await held(site)
    page = await site.get(APPROVALS, limit=1)
    assert ([one["id"] for one in page["items"]], page["next"]) == ([second["id"]], str(second["id"]))
    assert [one["id"] for one in (await site.get(APPROVALS, cursor=page["next"]))["items"]] == [first["id"]]
    assert [one["id"] for one in (await site.get(APPROVALS, state="waiting"))["items"]] == [second["id"]]
    status, sentence = await site.refusal(f"{APPROVALS}?state=maybe", method="GET")
    assert (status, sentence) == (
        400, "Unknown state. Known: waiting, approved, refused, withdrawn, expired.",
    )  # fmt: skip
    assert (await site.refusal(f"{APPROVALS}?limit=0", method="GET"))[0] == 422
    assert (await site.refusal(f"{APPROVALS}/99", method="GET"))[0] == 404


async def test_the_audit_keeps_the_request_and_the_decision(site: Site) -> None:
    other = await person(site, "grace")
    approval = await held(site)
    await ask(site, "POST", f"{APPROVALS}/{approval['id']}/approve", other, {"comment": "fine"})
    events = (await site.get(AUDIT_EVENTS))["items"]
    decided, asked = events[0], events[1]
    assert (asked["action"], asked["actor_username"]) == ("rollouts.request", "ada")
    assert asked["summary"] == 'ada asked for the rollout "hi [1, 2]".'
    assert (decided["action"], decided["actor_username"]) == ("approvals.approve", "grace")
    one = await site.get(f"{AUDIT_EVENTS}/{decided['id']}")
    changed = {change["name"]: (change["before"], change["after"]) for change in one["changes"]}
    assert changed == {"state": ("waiting", "approved"), "comment": (None, "fine")}
    assert f'"rollout_id":{approval["rollout_id"]}' in one["event"]["metadata"].replace(" ", "")


@pytest.mark.parametrize(("word", "who"), [("refuse", "grace"), ("withdraw", "ada")])
async def test_the_audit_keeps_that_a_request_came_to_nothing(site: Site, word: str, who: str) -> None:
    other = await person(site, "grace")
    approval = await held(site)
    path = f"{APPROVALS}/{approval['id']}/{word}"
    answer = await (ask(site, "POST", path, other, {}) if who == "grace" else site.call("POST", path, {}))
    assert answer.status_code == 200, answer.text
    actions = [(one["action"], one["actor_username"]) for one in (await site.get(AUDIT_EVENTS))["items"]]
    assert (f"approvals.{word}", who) in actions


async def test_without_a_second_person_nothing_is_stranded(site: Site) -> None:
    await set_limits(site, approve_above=1)
    script, devices = await site.script(), [await site.away(), await site.away("web-2")]
    body = {"script_id": script, "targets": {"devices": devices}}
    refused = await site.call("POST", ROLLOUTS, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "nobody_to_approve")
    preview = await site.post(f"{ROLLOUTS}/preview", body)
    assert preview["gate"]["approve"]
    assert preview["errors"] == [refused.json()["detail"]]
    await person(site, "olga", "Operator")
    assert (await site.call("POST", ROLLOUTS, body)).status_code == 409
    await person(site, "grace")
    assert (await site.call("POST", ROLLOUTS, body)).status_code == 201
    assert (await site.post(f"{ROLLOUTS}/preview", body))["errors"] == []


async def test_a_preview_asks_for_the_number_also_of_listed_devices(site: Site) -> None:
    await set_limits(site, confirm_above=1)
    script, devices = await site.script(), [await site.away(), await site.away("web-2")]
    body = {"script_id": script, "targets": {"devices": devices}}
    gate = (await site.post(f"{ROLLOUTS}/preview", body))["gate"]
    assert gate == {
        "devices": 2, "confirm": True, "approve": False,
        "reasons": ["It is for 2 devices, and more than 1 is many."],
    }  # fmt: skip
    assert (await site.call("POST", ROLLOUTS, body | {"confirmed_devices": 1})).status_code == 409
    assert (await site.call("POST", ROLLOUTS, body)).status_code == 201
    found = {"script_id": script, "targets": {"query": "web"}}
    status, sentence = await site.refusal(ROLLOUTS, found)
    assert (status, '"confirmed_devices": 2' in sentence) == (409, True)
    assert (await site.call("POST", ROLLOUTS, found | {"confirmed_devices": 2})).status_code == 201


async def test_a_person_who_starts_work_on_many_devices_confirms_it_with_the_password(site: Site) -> None:
    made = await site.post(
        API_TOKENS, {"name": "ci", "kind": "api", "scope": ["rollouts:run"], "expires_at": None}
    )
    await set_limits(site, confirm_above=1)
    script, devices = await site.script(), [await site.away(), await site.away("web-2")]
    site.service.clock.advance(STEP_UP_S)
    typed = {"script_id": script, "targets": {"query": "web"}, "confirmed_devices": 2}
    refused = await site.call("POST", ROLLOUTS, typed)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    stated = {"script_id": script, "targets": {"devices": devices}}
    assert (await site.call("POST", ROLLOUTS, stated)).status_code == 201
    assert (await site.call("POST", ROLLOUTS, stated | {"confirmed_devices": 2})).status_code == 403
    one = {"script_id": script, "targets": {"devices": devices[:1]}, "confirmed_devices": 1}
    assert (await site.call("POST", ROLLOUTS, one)).status_code == 201
    program = headers(made["token"])
    assert (await ask(site, "POST", ROLLOUTS, program, typed)).status_code == 201
    assert (await ask(site, "POST", ROLLOUTS, await site.service.sign_in(), typed)).status_code == 201


DANGEROUS = "rm -rf / --no-preserve-root\n"


async def test_every_way_to_make_work_passes_the_same_gate(site: Site) -> None:
    """With a script that is dangerous, whatever it is asked by."""
    worker = await site.worker()
    script, device = await site.script("wipe", content=DANGEROUS), worker.device_id
    profile = await site.post(
        PROFILES, {"name": "p", "tasks": [{"name": "t", "script_id": script, "action_type": "sh"}]}
    )
    before = await site.roll_out(script, device)
    await worker.carries_out(1)
    await set_limits(site, dangerous_work="confirm")
    action = f"{DEVICES}/{device}/actions"
    ways: list[tuple[str, dict[str, Any]]] = [
        (ROLLOUTS, {"script_id": script, "targets": {"devices": [device]}}),
        (f"{ROLLOUTS}/{before['id']}/rerun-failed", {}),
        (f"/api/v1/runs/{before['run_ids'][0]}/rerun", {}),
        (f"{PROFILES}/{profile['id']}/apply", {"device_ids": [device]}),
        (action, {"type": "sh", "script_id": script}),
        (action, {"type": "sh", "payload": DANGEROUS}),
    ]
    for path, body in ways:
        refused = await site.call("POST", path, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "confirm_needed"), (path, refused.text)
        assert "Its script is dangerous" in refused.json()["detail"]
        answer = await site.call("POST", path, body | {"confirmed_devices": 1})
        assert answer.status_code in (201, 202), (path, answer.text)
    harmless = await site.call("POST", action, {"type": "sh", "payload": "true"})
    assert harmless.status_code == 201


async def test_the_limits_are_changed_only_with_the_password(site: Site) -> None:
    site.service.clock.advance(STEP_UP_S)
    for body in ({"confirm_above": 0}, {"approve_above": 9}, {"dangerous_work": "confirm"},
                 {"approval_hours": 1}, {"destructive_per_hour": 0}):  # fmt: skip
        answer = await site.call("PUT", f"{SETTING_FORMS}/security", body, **{"If-Match": "*"})
        assert answer.json()["code"] == "step_up_required", body
