"""Routes of runs for people: who may use each, what it says of unknown ids, and that it is described."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.output import RETENTION
from backend_lite.contract.pauses import PAUSES
from backend_lite.contract.plans import PROFILES
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.http.guard import USER
from backend_lite.core.security.principal import Principal
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

VIEW, RUN = "rollouts:view", "rollouts:run"
ROLLOUT, RUN_ONE = f"{ROLLOUTS}/{{rollout_id}}", f"{RUNS}/{{run_id}}"
APPROVAL = f"{APPROVALS}/{{approval_id}}"
OUTPUT = f"{RUN_ONE}/steps/{{n}}/output"

ROUTES = [
    ("POST", ROLLOUTS, RUN),
    ("GET", ROLLOUTS, VIEW),
    ("POST", f"{ROLLOUTS}/preview", RUN),
    ("GET", ROLLOUT, VIEW),
    ("POST", f"{ROLLOUT}/cancel", RUN),
    ("POST", f"{ROLLOUT}/halt", RUN),
    ("POST", f"{ROLLOUT}/resume", RUN),
    ("POST", f"{ROLLOUT}/rerun-failed", RUN),
    ("GET", f"{ROLLOUT}/outputs", VIEW),
    ("GET", RUNS, VIEW),
    ("GET", RUN_ONE, VIEW),
    ("POST", f"{RUN_ONE}/cancel", RUN),
    ("POST", f"{RUN_ONE}/rerun", RUN),
    ("GET", OUTPUT, VIEW),
    ("GET", f"{OUTPUT}/index", VIEW),
    ("GET", f"{OUTPUT}/search", VIEW),
    ("GET", PAUSES, VIEW),
    ("POST", PAUSES, RUN),
    ("DELETE", f"{PAUSES}/{{pause_id}}", RUN),
    ("GET", APPROVALS, VIEW),
    ("GET", APPROVAL, VIEW),
    ("GET", f"{APPROVAL}/texts", VIEW),
    ("POST", f"{APPROVAL}/approve", "rollouts:approve"),
    ("POST", f"{APPROVAL}/refuse", "rollouts:approve"),
    ("POST", f"{APPROVAL}/withdraw", RUN),
    ("GET", RETENTION, "settings:view"),
    ("PUT", RETENTION, "settings:edit"),
    ("POST", f"{RETENTION}/preview", "settings:view"),
    ("POST", f"{DEVICES}/{{device_id}}/actions", "devices:run"),
    ("GET", f"{DEVICES}/{{device_id}}/actions", "devices:view"),
    ("POST", f"{PROFILES}/{{profile_id}}/apply", RUN),
    ("GET", f"{PROFILES}/{{profile_id}}/devices", "devices:view"),
]
OF_ONE = [(method, path) for method, path, _ in ROUTES if "{" in path]
BODIES: dict[str, Any] = {"rerun": {}, "actions": {"type": "sh", "payload": "true"}}
IDS = ["0", "4711", str(2**63 - 1), str(2**63), "9" * 40]


@dataclass
class Everybody:
    """Takes any token for somebody who has these rights."""

    permissions: frozenset[str]

    async def authenticate(self, _token: str, *, used: bool = True) -> Principal:
        return Principal(1, "eve", 1, 1 << 60, self.permissions, session=True, fresh=True)


async def _call(service: InProcess, method: str, path: str, of: str, headers: dict[str, str]) -> Any:
    for name in ("rollout_id", "run_id", "approval_id", "pause_id", "device_id", "profile_id"):
        path = path.replace(f"{{{name}}}", of)
    body = BODIES.get(path.rsplit("/", 1)[1], {}) if method in ("POST", "PUT") else None
    params = {"q": "x"} if path.endswith("search") else {}
    path = path.replace("{n}", "1")
    return await service.client.request(method, path, headers=headers, json=body, params=params)


async def test_the_table_is_whole(service: InProcess) -> None:
    served = {
        (method, path.replace(":int", ""))
        for route in service.feature("runs").routes()
        if isinstance(route, HTTPRouteHandler) and route.opt["audience"] == USER
        for path in route.paths
        for method in route.http_methods
    }
    assert served == {(method, path) for method, path, _ in ROUTES}


async def test_each_takes_its_right_and_no_other(service: InProcess) -> None:
    for method, path, _ in ROUTES:
        answer = await _call(service, method, path, "1", {})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), path
    signed_in = {"Authorization": "Bearer x"}
    for method, path, permission in ROUTES:
        service.app.state["authenticator"] = Everybody(ALL_PERMISSIONS - {permission})
        answer = await _call(service, method, path, "1", signed_in)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
        assert permission in answer.json()["detail"]
        service.app.state["authenticator"] = Everybody(frozenset({permission}))
        answer = await _call(service, method, path, "1", signed_in)
        assert answer.status_code not in (401, 403, 500), (path, answer.text)


async def test_no_route_of_any_area_lets_in_who_has_no_right(service: InProcess) -> None:
    guarded = {
        (method, re.sub(r"\{[^}]*\}", "1", path), str(route.opt["permission"]))
        for feature in service.features
        for route in feature.routes()
        if isinstance(route, HTTPRouteHandler) and ":" in str(route.opt["permission"])
        for path in route.paths
        for method in route.http_methods
    }
    assert len(guarded) > len(ROUTES)
    for method, path, permission in sorted(guarded):
        service.app.state["authenticator"] = Everybody(ALL_PERMISSIONS - {permission})
        answer = await service.client.request(method, path, headers={"Authorization": "Bearer x"})
        assert answer.status_code == 403, (method, path)
        assert method == "HEAD" or permission in answer.text, (method, path)
        answer = await service.client.request(method, path)
        assert answer.status_code == 401, (method, path)


async def test_an_id_that_nobody_has_is_not_found(service: InProcess) -> None:
    owner = await service.sign_in()
    for method, path in OF_ONE:
        for of in IDS:
            answer = await _call(service, method, path, of, owner)
            assert answer.status_code == 404, (path, of, answer.text)
            assert answer.json()["detail"].endswith("not found"), (path, of)
        answer = await _call(service, method, path, "one", owner)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_no_number_in_a_query_is_too_much(service: InProcess) -> None:
    owner = await service.sign_in()
    for path in (RUNS, ROLLOUTS, f"{RUNS}/1/steps/1/output", f"{ROLLOUTS}/1/outputs"):
        for name in ("limit", "cursor", "rollout_id", "device_id", "offset", "attempt", "step"):
            for value in ("-1", "0", str(2**63), "9" * 30, "x", ""):
                answer = await service.client.get(path, headers=owner, params={name: value})
                assert answer.status_code in (200, 400, 404, 422), (path, name, value, answer.text)
                assert answer.status_code == 200 or answer.json()["detail"], (path, name, value)


async def test_all_of_it_is_described(service: InProcess) -> None:
    paths = service.app.openapi_schema.to_schema()["paths"]
    for method, path, _ in ROUTES:
        operation = paths[path][method.lower()]
        answers = set(operation["responses"])
        assert answers & {"200", "201", "202", "204"}, path
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        given = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert given == set(names), path
