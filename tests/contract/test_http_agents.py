"""The agent that the first document describes, against the whole service."""

import asyncio
from typing import Any

import pytest

from backend_lite.contract.enroll import EnrollmentTokenCreate
from backend_lite.features.fleet.events import LastStepMade
from backend_lite.features.runs.http_logs import streams_of
from tests.contract.seed_client import SeedAgent
from tests.helpers.service import InProcess
from tests.helpers.setting_values import change_settings

pytestmark = pytest.mark.anyio

POWERSHELL = {"type": "powershell_inline", "payload": "Get-Process | Select-Object -First 5"}
LOGS = "=== STDOUT ===\nfive processes\n=== STDERR ===\na warning"


class Seed:
    """An owner, and devices that poll."""

    def __init__(self, service: InProcess, owner: dict[str, str]) -> None:
        self.service = service
        self.owner = owner

    async def token(self, *, approves: bool = True) -> str:
        wanted = EnrollmentTokenCreate(auto_approve=approves, uses=50)
        secret = await self.service.feature("enroll").api.make_token(wanted, None)
        token: str = secret.token
        return token

    async def agent(self, hostname: str = "PC-1", *, approves: bool = True) -> SeedAgent:
        agent = SeedAgent(self.service.client, await self.token(approves=approves), hostname)
        await agent.register()
        return agent

    async def action(self, agent: SeedAgent, body: dict[str, Any] | None = None) -> dict[str, Any]:
        path = f"/api/v1/devices/{agent.device_id}/actions"
        answer = await self.service.client.post(path, json=body or POWERSHELL, headers=self.owner)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def actions(self, agent: SeedAgent) -> list[dict[str, Any]]:
        path = f"/api/v1/devices/{agent.device_id}/actions"
        found: list[dict[str, Any]] = (await self.service.client.get(path, headers=self.owner)).json()
        return found

    async def device(self, agent: SeedAgent) -> dict[str, Any]:
        path = f"/api/v1/devices/{agent.device_id}"
        found: dict[str, Any] = (await self.service.client.get(path, headers=self.owner)).json()
        return found

    async def look(self) -> None:
        """What the service does once a second."""
        await self.service.feature("runs").api.looks.look()


@pytest.fixture
async def seed(service: InProcess) -> Seed:
    return Seed(service, await service.sign_in())


async def test_the_debug_heartbeat_needs_nothing(service: InProcess) -> None:
    answer = await service.client.get("/api/v1/agent/heartbeat")
    assert (answer.status_code, answer.json()) == (200, {"message": "agent heartbeat endpoint is alive"})


async def test_an_action_from_order_to_result(seed: Seed) -> None:
    agent = await seed.agent()
    assert await agent.heartbeat() == []
    made = await seed.action(agent)
    assert (made["status"], made["type"], made["payload"]) == ("pending", *POWERSHELL.values())
    (handed,) = await agent.heartbeat()
    assert handed == {"id": made["id"], **POWERSHELL}
    assert (await seed.actions(agent))[0]["status"] == "running"
    answer = await agent.report(handed["id"], status="succeeded", exit_code=0, logs=LOGS)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    (ended,) = await seed.actions(agent)
    assert (ended["status"], ended["exit_code"], ended["logs"]) == ("succeeded", 0, LOGS)
    assert ended["completed_at"] is not None
    assert await agent.heartbeat() == []


async def test_registering_answers_as_documented_and_with_a_secret(seed: Seed) -> None:
    agent = SeedAgent(seed.service.client, await seed.token(), "PC-7")
    told = await agent.register(
        os_version="10.0.19045", hardware_summary="16 GB", os_description="Windows 10"
    )
    assert told.keys() == {"device_id", "poll_interval_seconds", "device_secret"}
    assert told["poll_interval_seconds"] == 30
    device = await seed.device(agent)
    assert (device["hostname"], device["os_type"], device["os_version"]) == ("PC-7", "windows", "10.0.19045")
    assert (device["protocol"], device["fingerprint"], device["admission"]) == ("http", "", "approved")


@pytest.mark.parametrize("token", ["changeme", "", "dfe_guessed"])
async def test_a_wrong_token_lets_nobody_in(service: InProcess, token: str) -> None:
    body = {"enrollment_token": token, "hostname": "PC-1"}
    answer = await service.client.post("/api/v1/agent/register", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Invalid enrollment token")


async def test_a_known_hostname_makes_another_device(seed: Seed) -> None:
    first, second = await seed.agent("PC-1"), await seed.agent("PC-1")
    assert first.device_id != second.device_id
    assert (await seed.device(second))["possible_duplicate_of"] == first.device_id
    await seed.action(first)
    assert await second.heartbeat() == []
    assert len(await first.heartbeat()) == 1


async def test_registering_again_with_the_secret_changes_that_device(seed: Seed) -> None:
    agent = await seed.agent("PC-1")
    first = agent.device_id
    told = await agent.register(os_version="11")
    assert told == {"device_id": first, "poll_interval_seconds": 30}
    assert (await seed.device(agent))["os_version"] == "11"


async def test_a_device_that_waits_for_approval_is_alive_and_gets_nothing(seed: Seed) -> None:
    agent = await seed.agent(approves=False)
    await seed.action(agent)
    assert await agent.heartbeat() == []
    assert (await seed.device(agent))["contact"] == "online"
    approved = f"/api/v1/devices/{agent.device_id}/approve"
    assert (await seed.service.client.post(approved, headers=seed.owner)).status_code == 200
    assert len(await agent.heartbeat()) == 1


async def test_one_action_at_a_time_and_in_order(seed: Seed) -> None:
    agent = await seed.agent()
    made = [(await seed.action(agent))["id"] for _ in range(3)]
    for expected in made:
        (handed,) = await agent.heartbeat()
        assert handed["id"] == expected
        assert await agent.heartbeat() == [], "the others wait for its result"
        await agent.report(expected, status="succeeded", exit_code=0)
    assert await agent.heartbeat() == []


async def test_a_lost_reply_strands_nothing(seed: Seed) -> None:
    agent = await seed.agent()
    lost, after = await seed.action(agent), await seed.action(agent)
    (handed,) = await agent.heartbeat()
    assert handed["id"] == lost["id"]
    seed.service.clock.advance(1800 + 30)
    await seed.look()
    assert await agent.heartbeat() == [], "its result may still be under way"
    seed.service.clock.advance(31)
    await seed.look()
    newest, oldest = await seed.actions(agent)
    assert (oldest["state"], oldest["status"], newest["state"]) == ("unknown", "failed", "queued")
    assert [action["id"] for action in await agent.heartbeat()] == [after["id"]]
    late = await agent.report(lost["id"], status="succeeded", exit_code=0, logs="late")
    assert late.status_code == 200
    assert [a["state"] for a in await seed.actions(agent)] == ["running", "succeeded"]


async def test_the_same_result_again_is_fine_and_another_one_is_not(seed: Seed) -> None:
    agent = await seed.agent()
    made = await seed.action(agent)
    await agent.heartbeat()
    result: dict[str, Any] = {"status": "failed", "exit_code": 3, "logs": LOGS}
    for _ in range(3):
        assert (await agent.report(made["id"], **result)).status_code == 200
    for another in ({"status": "succeeded"}, {"exit_code": 4}, {"logs": "other"}, {"logs": None}):
        answer = await agent.report(made["id"], **(result | another))
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), another
    (action,) = await seed.actions(agent)
    assert (action["status"], action["exit_code"], action["logs"]) == ("failed", 3, LOGS)


@pytest.mark.parametrize(
    ("status", "exit_code", "state"),
    [("succeeded", 5, "succeeded"), ("failed", 0, "failed"), ("failed", None, "failed")],
)
async def test_what_the_agent_calls_it_counts(
    seed: Seed, status: str, exit_code: int | None, state: str
) -> None:
    agent = await seed.agent()
    made = await seed.action(agent)
    await agent.heartbeat()
    await agent.report(made["id"], status=status, exit_code=exit_code)
    (action,) = await seed.actions(agent)
    assert (action["state"], action["exit_code"], action["logs"]) == (state, exit_code, "(no output)")


async def test_results_that_cannot_be_taken(seed: Seed) -> None:
    agent, other = await seed.agent("PC-1"), await seed.agent("PC-2")
    made = await seed.action(agent)
    early = await agent.report(made["id"], status="succeeded")
    assert early.status_code == 409
    await agent.heartbeat()
    wrong = await agent.report(made["id"], status="fine")
    assert (wrong.status_code, wrong.json()["detail"]) == (400, "Invalid status")
    for who, action_id in ((agent, 999), (agent, 2**63), (other, made["id"])):
        answer = await who.report(action_id, status="succeeded")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Action not found")


async def test_each_secret_opens_its_own_device_and_nothing_else(seed: Seed) -> None:
    agent, other = await seed.agent("PC-1"), await seed.agent("PC-2")
    answer = await agent.call("/api/v1/agent/heartbeat", {"device_id": other.device_id})
    assert answer.status_code == 403
    agent.secret, secret = "", agent.secret
    assert (await agent.call("/api/v1/agent/heartbeat", {"device_id": 1})).status_code == 401
    as_device = {"Authorization": f"Bearer {secret}"}
    assert (await seed.service.client.get("/api/v1/devices", headers=as_device)).status_code == 403
    body = {"device_id": agent.device_id}
    as_owner = await seed.service.client.post("/api/v1/agent/heartbeat", json=body, headers=seed.owner)
    assert as_owner.status_code == 403


async def test_a_removed_device_is_told_so(seed: Seed) -> None:
    agent = await seed.agent()
    path = f"/api/v1/devices/{agent.device_id}"
    assert (await seed.service.client.delete(path, headers=seed.owner)).status_code == 204
    answer = await agent.call("/api/v1/agent/heartbeat", {"device_id": agent.device_id})
    assert (answer.status_code, answer.json()["detail"]) == (410, "Device deleted")


async def test_work_that_the_calls_cannot_carry_is_refused_with_a_sentence(seed: Seed) -> None:
    agent = await seed.agent()
    client, owner = seed.service.client, seed.owner
    script = {"name": "Greet", "content": "Write-Output $env:DF_NAME"}
    made = (await client.post("/api/v1/scripts", json=script, headers=owner)).json()
    order = {"script_id": made["id"], "targets": {"devices": [agent.device_id]}, "parameters": {"NAME": "x"}}
    assert (await client.post("/api/v1/rollouts", json=order, headers=owner)).status_code == 201
    plain = await seed.action(agent, {"type": "powershell_inline", "script_id": made["id"]})
    (handed,) = await agent.heartbeat()
    assert (handed["id"], handed["payload"]) == (plain["id"], script["content"])
    refused = (await seed.actions(agent))[1]
    assert (refused["state"], refused["status"]) == ("rejected", "failed")
    assert "arguments or parameters" in refused["reason"]


async def test_a_large_log_comes_whole(seed: Seed) -> None:
    agent = await seed.agent()
    made = await seed.action(agent)
    await agent.heartbeat()
    logs = "=== STDOUT ===\n" + "0123456789abcde\n" * 50_000 + "\n=== STDERR ===\nend"
    for _ in range(2):
        assert (await agent.report(made["id"], status="succeeded", exit_code=0, logs=logs)).status_code == 200
    (action,) = await seed.actions(agent)
    assert action["logs_truncated"] is True
    output = await seed.service.client.get(action["logs_url"], headers=seed.owner)
    assert len(output.content) == 50_000 * 16


async def test_silence_takes_a_device_offline(seed: Seed) -> None:
    agent = await seed.agent()
    await agent.heartbeat()
    assert (await seed.device(agent))["status"] == "online"
    assert (await seed.device(agent))["connected"] is False


@pytest.mark.parametrize(
    ("logs", "streams"),
    [
        (None, (b"", b"")),
        ("(no output)", (b"", b"")),
        ("plain", (b"plain", b"")),
        (LOGS, (b"five processes", b"a warning")),
        ("=== STDOUT ===\n=== STDERR ===\nx\n=== STDERR ===\ny", (b"=== STDERR ===\nx", b"y")),
    ],
)
def test_logs_are_parted_into_their_streams(logs: str | None, streams: tuple[bytes, bytes]) -> None:
    assert streams_of(logs) == streams


async def _remove(seed: Seed, agent: SeedAgent) -> None:
    path = f"/api/v1/devices/{agent.device_id}?uninstall=true"
    kernel, made = seed.service.kernel, asyncio.Event()
    kernel.bus.subscribe(LastStepMade, lambda _event: made.set())
    assert (await seed.service.client.delete(path, headers=seed.owner)).status_code == 204
    kernel.outbox.start()
    async with asyncio.timeout(5):
        await made.wait()
    await kernel.outbox.stop()


async def test_a_device_that_was_deleted_is_told_once_to_remove_its_agent(seed: Seed) -> None:
    agent = await seed.agent()
    waiting = await seed.action(agent)
    await _remove(seed, agent)
    (last,) = await agent.heartbeat(os_version="11")
    assert last["id"] > waiting["id"]
    assert (last["type"], last["payload"]) == ("agent_uninstall", '{"reason":"device_deleted"}')
    for _ in range(2):
        answer = await agent.call("/api/v1/agent/heartbeat", {"device_id": agent.device_id})
        assert (answer.status_code, answer.json()["detail"]) == (410, "Device deleted")
    told = await agent.report(last["id"], status="succeeded", exit_code=0, logs="(no output)")
    assert told.status_code == 200
    answer = await agent.call("/api/v1/agent/heartbeat", {"device_id": agent.device_id})
    assert answer.status_code == 410


async def test_of_many_that_are_deleted_each_has_its_turn(seed: Seed) -> None:
    """Removing agents is destructive: only so many start in an hour, and nobody is sent away before."""
    change_settings(seed.service.kernel.settings, destructive_per_hour=1)
    first, second = await seed.agent(), await seed.agent("PC-2")
    for agent in (first, second):
        await _remove(seed, agent)
    assert len(await first.heartbeat()) == 1
    assert await second.heartbeat() == []
    seed.service.clock.advance(3600)
    await seed.look()
    (last,) = await second.heartbeat()
    assert last["type"] == "agent_uninstall"
