"""The agent of the first document, over TLS, with the service as a process that is killed meanwhile."""

import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.seed_client import SeedAgent
from tests.helpers.processes import Api, ServiceProcess

pytestmark = [pytest.mark.sockets, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Plain(httpx.AsyncBaseTransport):
    """Blocking sockets: they are closed when it is, whether the other side says goodbye or was killed."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._inner = httpx.HTTPTransport(verify=trust, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(
            request.method, request.url, headers=request.headers, content=await request.aread()
        )
        answer = self._inner.handle_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())

    async def aclose(self) -> None:
        self._inner.close()


def _trusting(service: ServiceProcess) -> httpx.AsyncClient:
    """What an administrator gives to such a client: the service's CA, as it prints it."""
    pem = Api(service.ready["admin_url"]).get("/api/v1/enroll/ca").decode()
    return httpx.AsyncClient(
        base_url=service.ready["agent_url"], transport=Plain(ssl.create_default_context(cadata=pem))
    )


async def test_it_works_through_a_kill_of_the_service(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path / "service").start()
    try:
        service.create_owner()
        token = service.enrollment_token("--auto-approve")
        async with _trusting(service) as client:
            agent = SeedAgent(client, token, "SEED-PC")
            await agent.register(os_version="10.0.19045")
            first, second = (_order(service, agent) for _ in range(2))
            assert [action["id"] for action in await agent.heartbeat(status="online")] == [first]
        service.kill()
        service.start()
        async with _trusting(service) as client:
            agent.client = client
            assert await agent.heartbeat() == [], "the first one was handed out before the kill"
            done = await agent.report(first, status="succeeded", exit_code=0, logs="(no output)")
            assert (done.status_code, done.json()) == (200, {"status": "ok"})
            assert [action["id"] for action in await agent.heartbeat()] == [second]
            await agent.report(
                second, status="failed", exit_code=7, logs="=== STDOUT ===\na\n=== STDERR ===\nb"
            )
        told = service.api().get(f"/api/v1/devices/{agent.device_id}/actions")
        assert [(one["status"], one["exit_code"]) for one in told] == [("failed", 7), ("succeeded", 0)]
    finally:
        service.kill()


def _order(service: ServiceProcess, agent: SeedAgent) -> int:
    body: dict[str, Any] = {"type": "powershell_inline", "payload": "Get-Date"}
    return int(service.api().post(f"/api/v1/devices/{agent.device_id}/actions", body)["id"])
