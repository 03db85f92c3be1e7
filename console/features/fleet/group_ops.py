"""What can be done with groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend_lite.contract.fleet import DEVICES, GROUPS, Group, GroupCreate, GroupUpdate, MembersChange
from backend_lite.contract.live import GROUP
from console.core.client import ApiClient, if_match
from console.core.ops import Op, Progress
from console.core.texts import plural, tr


def load(client: ApiClient, group_id: int) -> Op[Group]:
    async def call(_progress: Progress) -> Group:
        return await client.get(f"{GROUPS}/{group_id}", Group)

    return Op(tr("Load the group"), call)


def load_all(client: ApiClient) -> Op[list[Group]]:
    """With the number of their devices now."""

    async def call(_progress: Progress) -> list[Group]:
        return await client.get(GROUPS, list[Group])

    return Op(tr("Count the devices of the groups"), call)


def member_ids(client: ApiClient, group_id: int) -> Op[list[int]]:
    async def call(_progress: Progress) -> list[int]:
        return await client.get(f"{GROUPS}/{group_id}/members", list[int])

    return Op(tr("Load the devices of the group"), call)


def of_device(client: ApiClient, device_id: int) -> Op[list[Group]]:
    """The groups that it is in now."""

    async def call(_progress: Progress) -> list[Group]:
        return await client.get(f"{DEVICES}/{device_id}/groups", list[Group])

    return Op(tr("Load the groups of the device"), call)


def create(client: ApiClient, wanted: GroupCreate) -> Op[Group]:
    async def call(_progress: Progress) -> Group:
        return await client.post(GROUPS, wanted, Group)

    return Op(tr("Save the group"), call, (GROUP,))


def update(client: ApiClient, group_id: int, change: GroupUpdate, version: int) -> Op[Group]:
    """Refused with the code `stale` when the group is no longer at `version`."""

    async def call(_progress: Progress) -> Group:
        return await client.put(f"{GROUPS}/{group_id}", change, Group, if_match(version))

    return Op(tr("Save the group"), call, (GROUP,))


@dataclass(frozen=True)
class Moved:
    """The devices that came into the group or left it by a change; those that were there before are none."""

    group: Group
    added: list[int]
    removed: list[int]


def change_members(
    client: ApiClient, group_id: int, add: Sequence[int] = (), remove: Sequence[int] = ()
) -> Op[Moved]:
    """Whatever else was changed meanwhile: nobody's devices are overwritten by it."""

    async def call(_progress: Progress) -> Moved:
        path = f"{GROUPS}/{group_id}/members"
        before = set(await client.get(path, list[int]))
        added, removed = sorted(set(add) - before), sorted(set(remove) & before)
        group = await client.post(path, MembersChange(added, removed), Group)
        return Moved(group, added, removed)

    return Op(tr("Change the devices of the group"), call, (GROUP,))


def naming(client: ApiClient, group_ids: Sequence[int], device_ids: Sequence[int]) -> Op[dict[int, int]]:
    """How many of the devices each of these groups names; groups that name none are left out."""

    async def call(progress: Progress) -> dict[int, int]:
        wanted, found = set(device_ids), {}
        for group_id in progress.each(group_ids):
            count = len(wanted.intersection(await client.get(f"{GROUPS}/{group_id}/members", list[int])))
            if count:
                found[group_id] = count
        return found

    return Op(tr("Look into the groups"), call)


def delete(client: ApiClient, groups: Sequence[Group]) -> Op[list[GroupCreate]]:
    """Answers what makes them again."""

    async def call(progress: Progress) -> list[GroupCreate]:
        gone: list[GroupCreate] = []
        for group in progress.each(groups):
            named = group.query is None
            devices = await client.get(f"{GROUPS}/{group.id}/members", list[int]) if named else []
            await client.delete(f"{GROUPS}/{group.id}")
            gone.append(GroupCreate(group.name, group.description, group.query, devices))
        return gone

    return Op(plural(len(groups), "Delete the group", "Delete {count} groups"), call, (GROUP,))


def create_all(client: ApiClient, wanted: Sequence[GroupCreate]) -> Op[list[Group]]:
    async def call(progress: Progress) -> list[Group]:
        return [await client.post(GROUPS, one, Group) for one in progress.each(wanted)]

    return Op(plural(len(wanted), "Make the group again", "Make {count} groups again"), call, (GROUP,))
