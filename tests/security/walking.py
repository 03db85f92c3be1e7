"""Walks the furnished service and tells what it answered."""

from collections import Counter
from dataclasses import dataclass, field

from backend_lite.contract.http_agents import AGENT_HEARTBEAT
from backend_lite.contract.images import BOOT_ENDPOINT
from tests.helpers.service import headers
from tests.security.site import BODIES, Site
from tests.security.walk import Call, Operation, Walk

BUG = 500
_OF_DEVICES = AGENT_HEARTBEAT.removesuffix("heartbeat")


@dataclass
class Walked:
    """`answers` by status; `reached` the operations that were answered with success."""

    calls: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    reached: set[tuple[str, str]] = field(default_factory=set)
    bugs: list[str] = field(default_factory=list)


async def walked(site: Site, per_operation: int | None, seed: int = 0) -> Walked:
    """With `per_operation` calls of each at most; the owner's, or the device's where only it may call."""
    walk = Walk(site.service.app.openapi_schema.to_schema(), site.known, BODIES, seed)
    seen = Walked()
    for operation in walk.operations:
        for call in walk.calls(operation, per_operation):
            await _tell(site, operation, call, seen)
    await site.put(BOOT_ENDPOINT, {"enabled": False})
    return seen


async def _tell(site: Site, operation: Operation, call: Call, seen: Walked) -> None:
    status, text = await _send(site, call)
    seen.calls += 1
    seen.answers[status] += 1
    if status < 300:
        seen.reached.add((operation.method, operation.path))
    if status >= BUG:
        seen.bugs.append(
            f"{call.method} {call.path} {call.queries} {(call.body or b'')[:200]!r}: {text[:200]}"
        )


async def _send(site: Site, call: Call) -> tuple[int, str]:
    caller = headers(site.device_secret) if call.path.startswith(_OF_DEVICES) else site.owner
    sent = caller | ({"content-type": call.content_type} if call.body is not None else {})
    answer = await site.service.client.request(
        call.method, call.path, params=call.queries, content=call.body, headers=sent
    )
    if answer.status_code == 401 and caller is site.owner:
        # The walk has signed us out, or changed the password.
        site.owner = await site.service.sign_in()
    return answer.status_code, answer.text
