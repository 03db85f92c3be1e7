"""Whatever a person changes stands in the audit: every route that may change something is driven once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from agent.wire.messages import Facts
from backend_lite.contract.fleet import Admission
from backend_lite.core.http.guard import MACHINE, OPEN
from tests.contract.test_inventory import RouteInfo, routes_of
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

TELLS_NOTHING = {
    "POST /api/v1/scripts/findings": "changes nothing",
    "POST /api/v1/rollouts/preview": "changes nothing",
    "POST /api/v1/retention/preview": "changes nothing",
    "POST /api/v1/os-images/{image_id:int}/boot-url": "keeps nothing",
    "PUT /api/v1/scripts/{script_id:int}/favorite": "a mark of one's own",
    "DELETE /api/v1/scripts/{script_id:int}/favorite": "a mark of one's own",
}
UPLOADS = re.compile(r"(POST|PUT|DELETE) /api/v1/(software|os-images)/uploads(?!.*finish)")
"""Only a whole file is something: its end is told."""
TOLD_ELSEWHERE = re.compile(
    r"\w+ /api/(v1/(auth|sessions|setup|settings?|setting-forms|test-mail|master-key|backup|recovery-kit"
    r"|agent-endpoint|boot-endpoint|users/[^/]+/second-factor|audit)|settings|login|auth|access|users|tokens"
    r"|sdk|oidc)|\w+ /(token|service-token)"
)
"""Sign-in, settings and backups have tests of their own; so have the two listeners, which need sockets
(`test_beside_service`)."""


class Try(NamedTuple):
    method: str
    path: str
    body: dict[str, Any] | None = None
    action: str = ""


SCRIPT = {"name": "Clean up", "language": "sh", "content": "echo canary-text"}
TASK = {"name": "Clean", "action_type": "sh", "script_id": 1, "parameters": {}}
V1 = "/api/v1"
TRIES = [
    Try("POST", "/scripts", SCRIPT, "scripts.create"),
    Try("POST", "/scripts/1/duplicate", {"name": "Copy"}, "scripts.duplicate"),
    Try("PUT", "/scripts/1", {"content": "echo other canary-text"}, "scripts.update"),
    Try("DELETE", "/scripts/2", None, "scripts.delete"),
    Try("POST", "/software", {"name": "Editor", "install_command": "true"}, "software.create"),
    Try("POST", "/software/1/duplicate", {"name": "Editor 2"}, "software.duplicate"),
    Try("PUT", "/software/1", {"description": "Edits"}, "software.update"),
    Try("DELETE", "/software/2", None, "software.delete"),
    Try("POST", "/os-images", {"name": "Debian", "os_type": "linux"}, "os_images.create"),
    Try("PUT", "/os-images/1", {"description": "Stable"}, "os_images.update"),
    Try("DELETE", "/os-images/1", None, "os_images.delete"),
    Try("PUT", "/devices/1", {"hostname": "desk"}, "devices.update"),
    Try("POST", "/devices/tags", {"devices": [1, 2], "add": ["lab"], "remove": []}, "devices.tags"),
    Try("POST", "/devices/1/approve", None, "devices.approve"),
    Try("POST", "/devices/2/keep-apart", None, "devices.keep_apart"),
    Try("POST", "/devices/2/merge", {"replaces_id": 3}, "devices.merge"),
    Try("POST", "/devices/3/forget", None, "devices.forget"),
    Try("POST", "/groups", {"name": "Lab", "devices": [1]}, "groups.create"),
    Try("PUT", "/groups/1", {"description": "All"}, "groups.update"),
    Try("POST", "/groups/1/members", {"add": [2], "remove": []}, "groups.members"),
    Try("DELETE", "/groups/1", None, "groups.delete"),
    Try("POST", "/expected-devices", {"hostname": "pc-9"}, "expected_devices.create"),
    Try("PUT", "/expected-devices/1", {"note": "Desk 4"}, "expected_devices.update"),
    Try("DELETE", "/expected-devices/1", None, "expected_devices.delete"),
    Try("POST", "/expected-devices/import", {"text": "hostname\npc-7\n"}, "expected_devices.import"),
    Try("POST", "/enrollment-tokens", {"name": "Desk"}, "enrollment.create"),
    Try("PUT", "/enrollment-tokens/{token}", {"name": "Desks"}, "enrollment.rename"),
    Try("DELETE", "/enrollment-tokens/{token}", None, "enrollment.revoke"),
    Try("POST", "/profiles", {"name": "Office", "tasks": [TASK]}, "profiles.create"),
    Try("PUT", "/profiles/1", {"description": "Desks"}, "profiles.update"),
    Try("POST", "/profiles/1/tasks", TASK | {"name": "Again"}, "profiles.update"),
    Try("PUT", "/profiles/1/tasks/1", {"name": "Clean first"}, "profiles.update"),
    Try("DELETE", "/profiles/1/tasks/2", None, "profiles.update"),
    Try("PUT", "/profiles/1/tasks/bulk", {"tasks": [TASK]}, "profiles.update"),
    Try("POST", "/profiles/1/duplicate", {"name": "Office 2"}, "profiles.create"),
    Try("POST", "/profiles/1/save-as-template", {"name": "Standard"}, "templates.create"),
    Try("POST", "/templates/3/instantiate", {"name": "Office 3"}, "profiles.create"),
    Try("POST", "/profiles/1/apply", {"device_ids": [1]}, "rollouts.start"),
    Try("DELETE", "/profiles/4", None, "profiles.delete"),
    Try("POST", "/rollouts", {"script_id": 1, "targets": {"devices": [1]}}, "rollouts.start"),
    Try("POST", "/rollouts/2/halt", None, "rollouts.halt"),
    Try("POST", "/rollouts/2/resume", None, "rollouts.resume"),
    Try("POST", "/runs/1/cancel", None, "runs.cancel"),
    Try("POST", "/runs/1/rerun", {}, "rollouts.start"),
    Try("POST", "/rollouts/2/cancel", None, "rollouts.cancel"),
    Try("POST", "/devices/1/actions", {"type": "sh", "payload": "true"}, "rollouts.start"),
    Try("POST", "/pauses", {"scope": "device", "device_id": 1}, "pauses.create"),
    Try("DELETE", "/pauses/1", None, "pauses.end"),
    Try("PUT", "/retention", {"runs_days": 90}, "retention.update"),
    Try("POST", "/users", {"username": "grace", "password": "six other unrelated words"}, "users.create"),
    Try("PUT", "/users/2", {"full_name": "Grace"}, "users.update"),
    Try("DELETE", "/users/2", None, "users.delete"),
    Try("POST", "/roles", {"name": "Robots"}, "roles.create"),
    Try("PUT", "/roles/6", {"description": "Bots"}, "roles.update"),
    Try("DELETE", "/roles/6", None, "roles.delete"),
    Try("POST", "/api-tokens", {"name": "robot"}, "tokens.create"),
    Try("DELETE", "/api-tokens/{token}", None, "tokens.revoke"),
    Try("DELETE", "/devices/1", None, "devices.retire"),
]
NEED_A_PAST = {
    "POST /api/v1/rollouts/{rollout_id:int}/rerun-failed": "starts a rollout as every other rerun does",
    "POST /api/v1/approvals/{approval_id:int}/approve": "needs a second person: in the tests of approvals",
    "POST /api/v1/approvals/{approval_id:int}/refuse": "in the tests of approvals",
    "POST /api/v1/approvals/{approval_id:int}/withdraw": "in the tests of approvals",
    "POST /api/v1/software/uploads/{upload_id:str}/finish": "in the tests of uploads",
    "POST /api/v1/os-images/uploads/{upload_id:str}/finish": "in the tests of uploads",
}


def _unsafe(service: InProcess) -> Iterator[RouteInfo]:
    for route in routes_of(service.app):
        if route.method in ("POST", "PUT", "PATCH", "DELETE") and route.audience != MACHINE:
            yield route


def _pattern(route: RouteInfo) -> re.Pattern[str]:
    path = re.sub(
        r"\{\w+:int\}", r"(?:\\d+|{token})", re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}")
    )
    return re.compile(f"{route.method} {path}")


async def test_every_route_that_changes_something_is_tried_or_has_its_reason(service: InProcess) -> None:
    tried = [f"{one.method} {V1}{one.path}" for one in TRIES]
    reasons = {*TELLS_NOTHING, *NEED_A_PAST}
    assert [
        route.name
        for route in _unsafe(service)
        if route.permission != OPEN
        and route.name not in reasons
        and not UPLOADS.match(route.name)
        and not TOLD_ELSEWHERE.match(route.name)
        and not any(_pattern(route).fullmatch(one) for one in tried)
    ] == []


async def _events(service: InProcess) -> list[dict[str, Any]]:
    query = text("SELECT * FROM audit_events ORDER BY id")
    rows = await service.kernel.database.read(lambda s: s.execute(query).mappings().all())
    return [dict(row) for row in rows]


async def _fleet(service: InProcess) -> None:
    devices = service.feature("fleet").api
    for n in (1, 2, 3):
        facts = Facts("pc", "linux", "Debian", "12", "x86_64", "cpu", 2, 1 << 30, "1.0.0", languages=("sh",))
        await service.kernel.database.write(
            lambda unit, n=n, facts=facts: devices.enlist(  # type: ignore[misc]
                unit, bytes([n]) * 32, facts, Admission.APPROVED, "10.0.0.1"
            )
        )


async def test_every_change_adds_its_event_in_the_same_write(service: InProcess) -> None:
    owner, token = await service.sign_in(), 0
    await _fleet(service)
    for one in TRIES:
        before = len(await _events(service))
        path = f"{V1}{one.path}".replace("{token}", str(token))
        answer = await service.client.request(one.method, path, json=one.body, headers=owner)
        assert answer.status_code < 300, (one, answer.text)
        added = (await _events(service))[before:]
        assert one.action in [event["action"] for event in added], one
        assert {event["actor"] for event in added} == {"ada"}, one
        if one.path in ("/enrollment-tokens", "/api-tokens"):
            made = answer.json()
            token = int(added[-1]["entity_id"])
            assert made["token"] not in str(added)
    assert "canary-text" not in str(await _events(service))
    verdict = await service.client.post("/api/v1/audit/verify", headers=owner)
    assert verdict.json()["broken_at"] is None
