"""What can be done about bringing devices in."""

from __future__ import annotations

from backend_lite.contract.enroll import (
    AGENT_ENDPOINT,
    ENROLLMENT_TOKENS,
    AgentEndpoint,
    AgentEndpointUpdate,
    EnrollmentTokenCreate,
    EnrollmentTokenSecret,
)
from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.live import AGENT_ENDPOINT as ENDPOINT_KIND
from backend_lite.contract.live import DEVICE, ENROLLMENT_TOKEN
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr


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


def revoke_token(client: ApiClient, token_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.delete(f"{ENROLLMENT_TOKENS}/{token_id}")

    return Op(tr("Revoke the enrollment token"), call, (ENROLLMENT_TOKEN,))


def approve_device(client: ApiClient, device_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.post(f"{DEVICES}/{device_id}/approve")

    return Op(tr("Approve the device"), call, (DEVICE,))
