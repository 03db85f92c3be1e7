"""Whoever listened to a real agent gains nothing by saying the same again."""

import sys
from pathlib import Path

import pytest

from tests.contract.seed_client import SeedAgent
from tests.helpers.service import InProcess
from tests.security.replays import replayed


@pytest.mark.sockets
@pytest.mark.skipif(sys.platform == "win32", reason="the agent runs sh")
def test_nothing_that_a_real_agent_said_does_anything_twice(tmp_path: Path) -> None:
    told = replayed(tmp_path)
    assert told.harm == []
    assert {"hello", "permit", "output", "done", "POST /api/v1/enroll"} <= told.recorded.keys()
    assert told.sent["as another device"] >= 6


@pytest.mark.anyio
async def test_nothing_that_a_polling_agent_said_does_anything_twice(service: InProcess) -> None:
    owner = await service.sign_in()
    wanted = {"auto_approve": True, "uses": 2}
    token = (await service.client.post("/api/v1/enrollment-tokens", json=wanted, headers=owner)).json()[
        "token"
    ]
    agent, other = (SeedAgent(service.client, token, name) for name in ("PC-1", "PC-2"))
    await agent.register()
    await other.register()
    actions = f"/api/v1/devices/{agent.device_id}/actions"
    await service.client.post(actions, json={"type": "sh", "payload": "true"}, headers=owner)
    (action,) = await agent.heartbeat()
    result = {"status": "succeeded", "exit_code": 0, "logs": "said"}
    assert (await agent.report(action["id"], **result)).status_code == 200
    before = (await service.client.get(actions, headers=owner)).json()
    assert await agent.heartbeat() == [], "what was handed out is not handed out again"
    assert (await agent.report(action["id"], **result)).status_code == 200
    assert (await agent.report(action["id"], **result | {"status": "failed"})).status_code == 409
    assert (await other.report(action["id"], **result)).status_code in (403, 404)
    stolen = await other.call("/api/v1/agent/heartbeat", {"device_id": agent.device_id})
    assert stolen.status_code in (403, 404)
    again = {"enrollment_token": token, "hostname": "PC-1"}
    assert (await service.client.post("/api/v1/agent/register", json=again)).status_code == 401
    assert (await service.client.get(actions, headers=owner)).json() == before
    assert len((await service.client.get("/api/v1/devices", headers=owner)).json()) == 2
