"""What is declared is read by something, and does what it says."""

from pathlib import Path

import pytest

import backend_lite
from backend_lite.features.settings.declared import DECLARED
from tests.backend.settings.test_settings import put
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

ROOT = Path(backend_lite.__file__).parent
HOUR = 3600


def test_no_setting_is_declared_that_nothing_reads() -> None:
    sources = [path for path in ROOT.rglob("*.py") if path.name != "declared.py"]
    texts = "\n".join(path.read_text("utf-8") for path in sources)
    assert [one.name for one in DECLARED if f'"{one.name}"' not in texts] == []


async def test_open_sessions_end_as_the_setting_says_now(service: InProcess) -> None:
    session = await service.sign_in()
    await put(service, "security", {"session_idle_hours": 2})
    assert (await service.client.get("/api/v1/auth/me", headers=session)).status_code == 200
    service.clock.advance(2 * HOUR)
    assert (await service.client.get("/api/v1/auth/me", headers=session)).status_code == 401


async def test_new_sessions_last_as_long_as_the_setting_says(service: InProcess) -> None:
    before = await service.sign_in()
    await put(service, "security", {"session_days": 1, "session_idle_hours": 720})
    after = await service.sign_in()
    service.clock.advance(24 * HOUR)
    answers = [await service.client.get("/api/v1/auth/me", headers=one) for one in (before, after)]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_work_without_a_time_limit_gets_the_one_of_the_settings(service: InProcess) -> None:
    signed_in = await service.sign_in()
    await put(service, "jobs", {"default_timeout_s": 77})
    made = {"name": "Of this test", "content": "echo"}
    answer = await service.client.post("/api/v1/scripts", json=made, headers=signed_in)
    assert answer.json()["timeout_s"] == 77


async def test_the_service_says_its_name_to_everybody(service: InProcess) -> None:
    await put(service, "general", {"service_name": "Lab"})
    assert (await service.client.get("/api/v1/system/health")).json()["service"] == "Lab"
