"""What only a person may do who gave the password just now: decided for every route that changes something.

Asked of what gives power away (accounts, rights, tokens, keys, a listener that others reach) and of what ends
the means of finding out or of going back (backups, retention). Never of what takes power away: it must not
wait. Restoring is no route: it is a command on the machine of the service, which has to stand still.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from backend_lite.contract.accounts import API_TOKENS, STEP_UP_S
from backend_lite.core.http.guard import OF_PEOPLE, OPEN, PERMISSION_KEY, STEP_UP_KEY
from tests.backend.settings.conftest import key_file, keyed, with_key
from tests.helpers.service import InProcess, headers

__all__ = ["key_file", "keyed", "with_key"]

pytestmark = pytest.mark.anyio

ALWAYS = {
    "POST /api/v1/roles",
    "PUT /api/v1/roles/{role_id:int}",
    "DELETE /api/v1/roles/{role_id:int}",
    "POST /api/access/roles",
    "PUT /api/access/roles/{role_id:int}",
    "DELETE /api/access/roles/{role_id:int}",
    "POST /api/access/users/{user_id:int}/roles",
    "POST /api/users/createuser",
    "POST /api/v1/api-tokens",
    "POST /api/tokens",
    "POST /api/sdk/auth/confirm",
    "POST /api/v1/auth/identities",
    "DELETE /api/v1/auth/identities/{identity_id:int}",
    "POST /api/v1/auth/second-factor",
    "POST /api/v1/auth/second-factor/confirm",
    "DELETE /api/v1/auth/second-factor",
    "POST /api/v1/auth/second-factor/recovery-codes",
    "DELETE /api/v1/users/{user_id:int}/second-factor",
    "POST /api/v1/master-key/rotate",
    "POST /api/v1/recovery-kit",
    "DELETE /api/v1/backups/{backup_id:str}",
    "PUT /api/v1/backup-rules",
    "PUT /api/v1/retention",
    "PUT /api/v1/agent-endpoint",
    "PUT /api/v1/boot-endpoint",
    "POST /api/v1/approvals/{approval_id:int}/approve",
}
OF_PERSONS = {"POST /api/v1/enrollment-tokens"}
"""A token with the right passes: programs that set machines up bring them in."""
AUDIT_DAYS = {"audit_retention_days": 30}
BY_BODY: dict[str, Any] = {
    "POST /api/v1/users": {"username": "grace", "roles": [1]},
    "PUT /api/v1/users/{user_id:int}": {"password": "five other unrelated words"},
    "POST /api/v1/backups": {"folder": "/elsewhere"},
    "PUT /api/v1/setting-forms/{group:str}": AUDIT_DAYS,
    "PUT /api/settings/{group:str}": AUDIT_DAYS,
    "PUT /api/v1/settings": {"openai_api_key": "sk-of-this-test"},
    "POST /api/v1/settings": {"key": "security.audit_retention_days", "value": "30"},
    "POST /api/v1/settings/chatgpt/config": {"api_key": "sk-of-this-test"},
}
"""Such bodies are refused, others pass."""
BY_WORK = {
    "DELETE /api/v1/settings/{key:str}": "settings that are changed so are given back so",
    "POST /api/v1/rollouts": "above `confirm_above` devices, as the gate of rollouts is tested",
    "POST /api/v1/rollouts/{rollout_id:int}/rerun-failed": "as above",
    "POST /api/v1/runs/{run_id:int}/rerun": "as above",
    "POST /api/v1/profiles/{profile_id:int}/apply": "as above",
}
ORDINARY = {
    "agent:report": "machines",
    "scripts": "texts: what runs is asked for with rollouts",
    "software": "as scripts",
    "os_images": "as scripts; their addresses are signed, and expire",
    "profiles": "as scripts",
    "templates": "as scripts",
    "devices": "one device at a time, as all day long",
    "groups": "one that rights hold in is widened only by who may edit roles",
}
"""By artifact."""
NEVER = {
    "takes power away": {
        "DELETE /api/v1/api-tokens/{token_id:int}",
        "DELETE /api/tokens/{token_id:str}",
        "DELETE /api/v1/enrollment-tokens/{enrollment_token_id:int}",
        "DELETE /api/v1/sessions/{session_id:int}",
        "DELETE /api/v1/users/{user_id:int}",
        "POST /api/users/removeuser",
        "POST /api/v1/auth/logout",
        "POST /api/v1/approvals/{approval_id:int}/refuse",
        "POST /api/v1/approvals/{approval_id:int}/withdraw",
        "POST /api/v1/rollouts/{rollout_id:int}/cancel",
        "POST /api/v1/rollouts/{rollout_id:int}/halt",
        "POST /api/v1/runs/{run_id:int}/cancel",
        "POST /api/v1/pauses",
    },
    "is the fresh sign-in, or takes the password or a secret itself": {
        "PUT /api/v1/auth/password",
        "POST /api/v1/auth/step-up",
        "POST /api/v1/auth/step-up/provider",
    },
    "goes on with what somebody who might has asked for": {
        "POST /api/v1/rollouts/{rollout_id:int}/resume",
        "DELETE /api/v1/pauses/{pause_id:int}",
    },
    "gives nothing away": {
        "PUT /api/v1/enrollment-tokens/{enrollment_token_id:int}",
        "POST /api/v1/backups/{backup_id:str}/verify",
        "POST /api/v1/audit/verify",
        "POST /api/v1/retention/preview",
        "POST /api/v1/rollouts/preview",
        "POST /api/v1/settings/chatgpt/test",
        "POST /api/v1/settings/reload-ai-service",
        "POST /api/v1/test-mail",
        "POST /service-token",
    },
}


class Route:
    def __init__(self, method: str, path: str, permission: str, asks: object) -> None:
        self.name = f"{method} {path}"
        self.artifact = permission.partition(":")[0] if permission != "agent:report" else permission
        self.asks = asks


def routes(service: InProcess) -> Iterator[Route]:
    """All that change something and are for people."""
    for route in service.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            permission = handler.opt.get(PERMISSION_KEY)
            for method in handler.http_methods - {"OPTIONS", "HEAD", "GET"}:
                if permission != OPEN:
                    yield Route(method, route.path, permission, handler.opt.get(STEP_UP_KEY))


async def called(service: InProcess, name: str, who: dict[str, str], body: Any = None) -> tuple[int, str]:
    method, _, path = name.partition(" ")
    for kind, value in ((r"\{group:str\}", "security"), (r"\{\w+:str\}", "x"), (r"\{\w+:int\}", "1")):
        path = re.sub(kind, value, path)
    answer = await service.client.request(method, path, json=body, headers=who)
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


async def test_every_route_that_changes_something_is_decided(service: InProcess) -> None:
    never = frozenset().union(*NEVER.values())
    listed = [*ALWAYS, *OF_PERSONS, *BY_BODY, *BY_WORK, *never]
    found = [one for one in routes(service) if one.artifact not in ORDINARY]
    assert sorted(listed) == sorted(one.name for one in found), "decide it, and write it down above"
    for one in routes(service):
        wanted = OF_PEOPLE if one.name in OF_PERSONS else one.name in ALWAYS
        assert (one.asks or False) == wanted, one.name


async def test_a_stale_sign_in_is_refused_before_anything_else(keyed: InProcess) -> None:
    owner = await keyed.sign_in()
    keyed.clock.advance(STEP_UP_S)
    for name in ALWAYS | OF_PERSONS:
        assert await called(keyed, name, owner) == (403, "step_up_required"), name
    for name, body in BY_BODY.items():
        assert await called(keyed, name, owner, body) == (403, "step_up_required"), name


async def test_no_token_passes_but_where_programs_set_machines_up(keyed: InProcess) -> None:
    owner = await keyed.sign_in()
    made = await keyed.client.post(API_TOKENS, json={"name": "robot"}, headers=owner)
    robot = headers(made.json()["token"])
    for name in ALWAYS:
        assert await called(keyed, name, robot) == (403, "person_needed"), name
    for name, body in BY_BODY.items():
        assert await called(keyed, name, robot, body) == (403, "person_needed"), name
    for name in OF_PERSONS:
        status, _ = await called(keyed, name, robot, {})
        assert status == 201, name
