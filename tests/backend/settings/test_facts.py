"""What every signed-in person learns of the settings over the live stream."""

import json
from typing import Any

import pytest

from backend_lite.core.security.principal import Principal
from tests.backend.settings.test_settings import put
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio

PERSON = Principal(7, "grace", 1, 0, session=True)


def told(frames: list[str]) -> list[dict[str, Any]]:
    return [frame["change"] for frame in map(json.loads, frames) if frame["kind"] == "service"]


async def test_a_person_without_rights_knows_the_name_and_the_lock(service: InProcess) -> None:
    hub = service.kernel.live
    follower = hub.subscribe(PERSON, None)
    (facts,) = (await hub.snapshot(follower)).snapshot["service"]
    assert facts == {"id": 1, "name": "DeployFlow", "lock_minutes": 15, "local_sign_in": True}
    await put(service, "general", {"service_name": "Lab"})
    await put(service, "security", {"lock_minutes": 5, "local_sign_in": False})
    assert told(await follower.take()) == [
        {"id": 1, "name": "Lab", "lock_minutes": 5, "local_sign_in": False}
    ]


async def test_nobody_is_told_of_other_settings(service: InProcess) -> None:
    follower = service.kernel.live.subscribe(PERSON, None)
    await put(service, "security", {"session_days": 9})
    assert told(await follower.take()) == []


async def test_a_machine_is_told_nothing(service: InProcess) -> None:
    device = Principal(0, "a device", 1, 0, device_id=4)
    hub = service.kernel.live
    assert (await hub.snapshot(hub.subscribe(device, None))).snapshot == {}
