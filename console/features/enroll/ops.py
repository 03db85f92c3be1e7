"""What can be done about bringing devices in."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.enroll import (
    AGENT_ENDPOINT,
    ENROLLMENT_TOKENS,
    AgentEndpoint,
    AgentEndpointUpdate,
    EnrollmentToken,
    EnrollmentTokenCreate,
    EnrollmentTokenSecret,
    EnrollmentTokenUpdate,
)
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.live import AGENT_ENDPOINT as ENDPOINT_KIND
from backend_lite.contract.live import DEVICE, ENROLLMENT_TOKEN
from console.core.client import ApiClient
from console.core.ops import Op, Progress, each_op
from console.core.texts import plural, tr


def load_endpoint(client: ApiClient) -> Op[AgentEndpoint]:
    async def call(_progress: Progress) -> AgentEndpoint:
        return await client.get(AGENT_ENDPOINT, AgentEndpoint)

    return Op(tr("Ask for the service's addresses"), call)


def move_endpoint(client: ApiClient, host: str, port: int) -> Op[AgentEndpoint]:
    async def call(_progress: Progress) -> AgentEndpoint:
        return await client.put(AGENT_ENDPOINT, AgentEndpointUpdate(host, port), AgentEndpoint)

    return Op(tr("Change the address for devices"), call, (ENDPOINT_KIND,))


def make_token(client: ApiClient, wanted: EnrollmentTokenCreate) -> Op[EnrollmentTokenSecret]:
    async def call(_progress: Progress) -> EnrollmentTokenSecret:
        return await client.post(ENROLLMENT_TOKENS, wanted, EnrollmentTokenSecret)

    return Op(tr("Make an enrollment token"), call, (ENROLLMENT_TOKEN,))


def rename_token(client: ApiClient, token_id: int, name: str) -> Op[EnrollmentToken]:
    async def call(_progress: Progress) -> EnrollmentToken:
        path = f"{ENROLLMENT_TOKENS}/{token_id}"
        return await client.put(path, EnrollmentTokenUpdate(name), EnrollmentToken)

    return Op(tr("Rename the enrollment token"), call, (ENROLLMENT_TOKEN,))


def revoke_tokens(client: ApiClient, token_ids: Sequence[int]) -> Op[int]:
    """Answers how many were ended."""
    title = plural(len(token_ids), "Revoke the enrollment token", "Revoke {count} enrollment tokens")
    return each_op(
        title, token_ids, lambda one: client.delete(f"{ENROLLMENT_TOKENS}/{one}"), ENROLLMENT_TOKEN
    )


def approve_device(client: ApiClient, device_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.post(f"{DEVICES}/{device_id}/approve")

    return Op(tr("Approve the device"), call, (DEVICE,))
