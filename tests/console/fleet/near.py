"""The window of these tests has the real service behind it; devices come as their agents would bring them."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.fleet import DEVICES, GROUPS, Admission, Group, GroupCreate
from backend_lite.contract.live import DEVICE
from backend_lite.features.fleet.api import FleetApi, Ticket
from console.widgets.confirm import ConfirmDialog
from tests.helpers.agents import FACTS
from tests.helpers.agents import Device as Agent
from tests.helpers.near_service import NearService
from tests.helpers.waiting import until


def fleet_of(near: NearService) -> FleetApi:
    api: FleetApi = near.service.feature("fleet").api
    return api


async def arrives(near: NearService, hostname: str, *, approved: bool = True, **facts: Any) -> int:
    """A new device, once the window has heard of it."""
    told = dataclasses.replace(FACTS, **{"hostname": hostname, "machine_id": f"id of {hostname}"} | facts)
    admission = Admission.APPROVED if approved else Admission.PENDING
    key = Agent().public_key
    device = await near.service.kernel.database.write(
        lambda unit: fleet_of(near).enlist(unit, key, told, admission, "10.0.0.7", Ticket("Lab in May"))
    )
    await until(lambda: near.context.live.get(DEVICE, device.id), "the device")
    return device.id


async def makes_group(near: NearService, name: str, *devices: int) -> int:
    made = await near.context.client.post(GROUPS, GroupCreate(name, devices=list(devices)), Group)
    await until(lambda: near.context.live.get("group", made.id), "the group")
    return made.id


def device(near: NearService, device_id: int) -> dict[str, Any]:
    found = near.context.live.get(DEVICE, device_id)
    assert found is not None, f"device {device_id} is gone"
    return found


async def members(near: NearService, group_id: int) -> list[int]:
    return await near.context.client.get(f"{GROUPS}/{group_id}/members", list[int])


async def retired(near: NearService) -> list[dict[str, Any]]:
    return await near.context.client.get(f"{DEVICES}/retired", list[dict[str, Any]])


def say_yes(page: QWidget) -> None:
    """To the question that is open."""
    dialog = page.findChild(ConfirmDialog)
    assert dialog is not None
    dialog.buttons["yes"].click()
