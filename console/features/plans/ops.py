"""What can be done with profiles and templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from backend_lite.contract.common import Page
from backend_lite.contract.fleet import DEVICES, Device, DeviceUpdate
from backend_lite.contract.live import DEVICE, PROFILE, SCRIPT, TEMPLATE
from backend_lite.contract.plans import (
    PROFILES,
    TEMPLATES,
    Profile,
    ProfileCopy,
    ProfileCreate,
    ProfileDevice,
    ProfileRevision,
    ProfileUpdate,
    ProfileWithTasks,
)
from console.core.client import ApiClient, if_match
from console.core.errors import ApiError
from console.core.ops import Op, Progress, each_op
from console.core.starter_library import Loaded, load_starter_library
from console.core.texts import plural, tr

PLANS = (PROFILE, TEMPLATE)


def create(client: ApiClient, wanted: ProfileCreate) -> Op[ProfileWithTasks]:
    async def call(_progress: Progress) -> ProfileWithTasks:
        return await client.post(PROFILES, wanted, ProfileWithTasks)

    return Op(tr("Save the profile"), call, PLANS)


def update(client: ApiClient, profile_id: int, change: ProfileUpdate, version: int) -> Op[ProfileWithTasks]:
    """Refused with the code `stale` when the profile is no longer at `version`."""

    async def call(_progress: Progress) -> ProfileWithTasks:
        headers = if_match(version)
        return await client.put(f"{PROFILES}/{profile_id}", change, ProfileWithTasks, headers)

    return Op(tr("Save the profile"), call, PLANS)


def revisions(client: ApiClient, profile_id: int, cursor: str | None) -> Op[Page[ProfileRevision]]:
    async def call(_progress: Progress) -> Page[ProfileRevision]:
        params = {"cursor": cursor} if cursor else None
        return await client.get(f"{PROFILES}/{profile_id}/revisions", Page[ProfileRevision], params)

    return Op(tr("Load the revisions"), call)


def duplicate(client: ApiClient, profile_id: int) -> Op[Profile]:
    async def call(_progress: Progress) -> Profile:
        return await client.post(f"{PROFILES}/{profile_id}/duplicate", ProfileCopy(), Profile)

    return Op(tr("Duplicate"), call, PLANS)


def save_as_template(client: ApiClient, profile_id: int, wanted: ProfileCopy) -> Op[Profile]:
    async def call(_progress: Progress) -> Profile:
        return await client.post(f"{PROFILES}/{profile_id}/save-as-template", wanted, Profile)

    return Op(tr("Save as a template"), call, PLANS)


def instantiate(client: ApiClient, template_id: int, wanted: ProfileCopy) -> Op[Profile]:
    async def call(_progress: Progress) -> Profile:
        return await client.post(f"{TEMPLATES}/{template_id}/instantiate", wanted, Profile)

    return Op(tr("Make a profile from the template"), call, PLANS)


@dataclass(frozen=True)
class Removed:
    """How many were deleted, and the sentences about those that are in use."""

    count: int
    refused: tuple[str, ...] = ()


def delete(client: ApiClient, profile_ids: Sequence[int]) -> Op[Removed]:
    async def call(progress: Progress) -> Removed:
        refused: list[str] = []
        for profile_id in progress.each(profile_ids):
            try:
                await client.delete(f"{PROFILES}/{profile_id}")
            except ApiError as refusal:
                if refusal.status != 409:
                    raise
                refused.append(refusal.detail)
        return Removed(len(profile_ids) - len(refused), tuple(refused))

    return Op(plural(len(profile_ids), "Delete one", "Delete {count}"), call, PLANS)


def compliance(client: ApiClient, profile_id: int) -> Op[list[ProfileDevice]]:
    async def call(_progress: Progress) -> list[ProfileDevice]:
        return await client.get(f"{PROFILES}/{profile_id}/devices", list[ProfileDevice])

    return Op(tr("Look where the profile is"), call)


def assign(client: ApiClient, device_ids: Sequence[int], profile_id: int | None) -> Op[int]:
    """Gives these devices a profile, or none; nothing runs by that."""
    change = DeviceUpdate(profile_id=profile_id)
    title = plural(len(device_ids), "Assign the profile", "Assign the profile to {count} devices")
    return each_op(title, device_ids, lambda one: client.put(f"{DEVICES}/{one}", change, Device), DEVICE)


def load_starters(client: ApiClient) -> Op[Loaded]:
    """The scripts and templates that ship with the program, as far as they are missing."""

    async def call(progress: Progress) -> Loaded:
        return await load_starter_library(client, progress)

    return Op(tr("Load the starter templates"), call, (SCRIPT, *PLANS))


def named(name: str, description: str = "") -> ProfileCopy:
    return msgspec.structs.replace(ProfileCopy(), name=name, description=description or None)
