"""What can be done with devices."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.fleet import (
    DEVICES,
    Device,
    DeviceIds,
    DeviceMerge,
    DeviceUpdate,
    MetricHistory,
    TagsChange,
    TagsChanged,
)
from backend_lite.contract.live import DEVICE
from console.core.client import ApiClient
from console.core.ops import Op, Progress, each_op
from console.core.texts import plural, tr


def load(client: ApiClient, device_id: int) -> Op[Device]:
    async def call(_progress: Progress) -> Device:
        return await client.get(f"{DEVICES}/{device_id}", Device)

    return Op(tr("Load the device"), call)


def matching(client: ApiClient, query: str) -> Op[DeviceIds]:
    async def call(_progress: Progress) -> DeviceIds:
        return await client.get(f"{DEVICES}/matching", DeviceIds, {"q": query})

    return Op(tr("Look for the devices that match"), call)


def approve(client: ApiClient, device_ids: Sequence[int]) -> Op[int]:
    """Answers how many were approved."""
    title = plural(len(device_ids), "Approve the device", "Approve {count} devices")
    return each_op(title, device_ids, lambda one: client.post(f"{DEVICES}/{one}/approve"), DEVICE)


def retire(client: ApiClient, device_ids: Sequence[int], *, uninstall: bool = False) -> Op[int]:
    """Answers how many were removed. `uninstall`: their agents too."""
    params = {"uninstall": "true"} if uninstall else None
    title = plural(len(device_ids), "Remove the device", "Remove {count} devices")
    return each_op(title, device_ids, lambda one: client.delete(f"{DEVICES}/{one}", params), DEVICE)


def set_tags(client: ApiClient, device_id: int, tags: Sequence[str]) -> Op[Device]:
    async def call(_progress: Progress) -> Device:
        return await client.put(f"{DEVICES}/{device_id}", DeviceUpdate(tags=list(tags)), Device)

    return Op(tr("Change the tags"), call, (DEVICE,))


def change_tags(client: ApiClient, changes: Sequence[TagsChange]) -> Op[list[int]]:
    """Answers the devices whose tags are others now."""

    async def call(progress: Progress) -> list[int]:
        changed: list[int] = []
        for change in progress.each(changes):
            changed += (await client.post(f"{DEVICES}/tags", change, TagsChanged)).devices
        return changed

    return Op(tr("Change the tags"), call, (DEVICE,))


def merge(client: ApiClient, device_id: int, replaces_id: int) -> Op[Device]:
    async def call(_progress: Progress) -> Device:
        return await client.post(f"{DEVICES}/{device_id}/merge", DeviceMerge(replaces_id), Device)

    return Op(tr("Merge the devices"), call, (DEVICE,))


def keep_apart(client: ApiClient, device_id: int) -> Op[Device]:
    async def call(_progress: Progress) -> Device:
        return await client.post(f"{DEVICES}/{device_id}/keep-apart", None, Device)

    return Op(tr("Keep the devices apart"), call, (DEVICE,))


def load_metrics(client: ApiClient, device_id: int, hours: int) -> Op[MetricHistory]:
    async def call(_progress: Progress) -> MetricHistory:
        return await client.get(f"{DEVICES}/{device_id}/metrics", MetricHistory, {"hours": hours})

    return Op(tr("Load the history of the device"), call)
