"""A fleet of two groups, and somebody who may do everything there is, but only on the devices of one."""

from dataclasses import dataclass
from typing import Any

import httpx

from backend_lite.contract.enroll import ENROLLMENT_TOKENS
from backend_lite.contract.fleet import GROUPS
from backend_lite.contract.http_agents import AGENT_REGISTER
from backend_lite.contract.rights import DEVICE_BOUND, VERBS
from tests.helpers.limited import make_role, make_user, signed_in
from tests.helpers.service import InProcess


@dataclass
class Half:
    """A device, the group that names it and the token by which it came into that."""

    device: int
    group: int
    token: int
    hostname: str


@dataclass
class Halves:
    """`limited` are the headers of the one whose rights hold in `inside`; `limited_id` is their user."""

    service: InProcess
    owner: dict[str, str]
    limited: dict[str, str]
    limited_id: int
    role: int
    inside: Half
    outside: Half

    async def call(
        self, method: str, path: str, body: Any = None, who: dict[str, str] | None = None
    ) -> httpx.Response:
        """As the limited one, or as `who`."""
        return await self.service.client.request(
            method, path, json=body, headers=self.limited if who is None else who
        )

    async def done(self, method: str, path: str, body: Any = None, who: dict[str, str] | None = None) -> Any:
        """What the owner, or `who`, is answered."""
        answer = await self.call(method, path, body, self.owner if who is None else who)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None


async def halves(service: InProcess) -> Halves:
    owner = await service.sign_in()
    made = Halves(service, owner, {}, 0, 0, *[Half(0, 0, 0, name) for name in ("inside-1", "outside-1")])
    for half in (made.inside, made.outside):
        await _furnish(made, half)
    everything = [f"{one}:{verb}" for one in (*DEVICE_BOUND, "scripts", "profiles") for verb in VERBS]
    made.role = await make_role(service, "Half", everything, [made.inside.group])
    made.limited_id, made.limited = await person(made, "eve", made.role)
    return made


async def person(site: Halves, username: str, *roles: int) -> tuple[int, dict[str, str]]:
    """Somebody with these roles, and the headers of a session of theirs."""
    user_id = await make_user(site.service, username, *roles)
    return user_id, await signed_in(site.service, user_id)


async def _furnish(site: Halves, half: Half) -> None:
    half.group = (await site.done("POST", GROUPS, {"name": f"group of {half.hostname}"}))["id"]
    wanted = {"name": f"token of {half.hostname}", "auto_approve": True, "groups": [half.group]}
    token = await site.done("POST", ENROLLMENT_TOKENS, wanted)
    half.token = token["enrollment_token"]["id"]
    arrival = {"hostname": half.hostname, "os_type": "linux", "enrollment_token": token["token"]}
    half.device = (await site.done("POST", AGENT_REGISTER, arrival))["device_id"]
