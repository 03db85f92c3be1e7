"""A service that has one of nearly everything, so that a walk finds something behind its addresses."""

from dataclasses import dataclass
from typing import Any

import msgspec

from backend_lite.contract.enroll import ENROLLMENT_TOKENS
from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.plans import PROFILES
from backend_lite.contract.runs import ROLLOUTS
from backend_lite.contract.software import SOFTWARE
from tests.helpers.agents import Device
from tests.helpers.service import InProcess
from tests.security.walk import JSON

ENROLL, REGISTER = "/api/v1/enroll", "/api/v1/agent/register"
UPLOADS = f"{SOFTWARE}/uploads"
SCRIPT = {"name": "seed", "content": "echo $DF_WHO\n", "language": "sh"}
TASK = {"name": "first", "action_type": "sh", "script_id": 1}
BODIES: dict[str, Any] = {
    ROLLOUTS: {"script_id": 1, "targets": {"devices": [1]}},
    f"{ROLLOUTS}/preview": {"script_id": 1, "targets": {"devices": [1]}},
    f"{PROFILES}/{{profile_id}}/apply": {"device_ids": [1]},
    f"{PROFILES}/{{profile_id}}/tasks": TASK,
    f"{SOFTWARE}": {"name": "walked", "install_command": "true"},
    f"{SCRIPTS}/findings": {"content": "rm -rf /", "language": "sh"},
    "/api/v1/devices/{device_id}/actions": {"type": "sh", "payload": "true"},
    "/api/v1/recovery-kit": {"passphrase": "four unrelated words"},
}


@dataclass
class Site:
    service: InProcess
    owner: dict[str, str]
    known: dict[str, str]
    device_secret: str
    enrollment_token: str
    api_token: str

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        return await _sent(self.service, self.owner, "POST", path, body)

    async def put(self, path: str, body: Any) -> dict[str, Any]:
        return await _sent(self.service, self.owner, "PUT", path, body)


async def furnished(service: InProcess) -> Site:
    owner = await service.sign_in()

    async def post(path: str, body: Any) -> dict[str, Any]:
        return await _sent(service, owner, "POST", path, body)

    token = (await post(ENROLLMENT_TOKENS, {"name": "seed", "auto_approve": True}))["token"]
    await post(ENROLL, msgspec.to_builtins(Device().enrolment(token)))
    registered = await post(REGISTER, {"hostname": "plain", "enrollment_token": token})
    script = await post(SCRIPTS, SCRIPT)
    profile = await post(PROFILES, {"name": "seed", "tasks": [TASK | {"script_id": script["id"]}]})
    await post(SOFTWARE, {"name": "seed", "install_command": "true"})
    upload = await post(UPLOADS, {"file_name": "a.bin", "size": 8})
    await post(ROLLOUTS, {"script_id": script["id"], "targets": {"devices": [1]}})
    rights = ["devices:view"]
    api_token = (await post("/api/v1/api-tokens", {"name": "seed", "scope": rights}))["token"]
    known = {"profile_id": str(profile["id"]), "upload_id": upload["id"], "sha256": "ab" * 32}
    return Site(service, owner, known, registered["device_secret"], token, api_token)


async def _sent(
    service: InProcess, owner: dict[str, str], method: str, path: str, body: Any
) -> dict[str, Any]:
    answer = await service.client.request(
        method, path, headers=owner | {"content-type": JSON}, content=msgspec.json.encode(body)
    )
    assert answer.status_code in (200, 201), (path, answer.text)
    made: dict[str, Any] = answer.json()
    return made
