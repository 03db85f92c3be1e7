"""What can be asked about installed software."""

from __future__ import annotations

from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.software import INSTALLED, DeviceSoftware, InstalledOn
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr


def of_device(client: ApiClient, device_id: int) -> Op[DeviceSoftware]:
    async def call(_progress: Progress) -> DeviceSoftware:
        return await client.get(f"{DEVICES}/{device_id}/software", DeviceSoftware)

    return Op(tr("Load the installed software"), call)


def devices_with(client: ApiClient, name: str) -> Op[list[InstalledOn]]:
    async def call(_progress: Progress) -> list[InstalledOn]:
        return await client.get(f"{INSTALLED}/devices", list[InstalledOn], {"name": name})

    return Op(tr("Look where it is installed"), call)
