"""Profiles with what their tasks need, for those who apply them."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lite.contract.library import SCRIPTS, Script, ScriptRevision
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.plans import PROFILES, ProfileTask, ProfileWithTasks
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.script_revisions import script_revisions
from console.core.texts import tr


@dataclass(frozen=True)
class Applicable:
    """A profile, and by the ids of its tasks the parameters that their scripts declare."""

    profile: ProfileWithTasks
    definitions: dict[int, list[ScriptParameter]] = field(default_factory=dict)


def load_profile(client: ApiClient, profile_id: int) -> Op[ProfileWithTasks]:
    async def call(_progress: Progress) -> ProfileWithTasks:
        return await client.get(f"{PROFILES}/{profile_id}", ProfileWithTasks)

    return Op(tr("Load the profile"), call)


def load_applicable(client: ApiClient, profile_id: int) -> Op[Applicable]:
    async def call(progress: Progress) -> Applicable:
        profile = await client.get(f"{PROFILES}/{profile_id}", ProfileWithTasks)
        found = Applicable(profile)
        for task in profile.tasks:
            if task.script_id is not None:
                found.definitions[task.id] = await _definitions(client, progress, task, task.script_id)
        return found

    return Op(tr("Load the profile"), call)


async def _definitions(
    client: ApiClient, progress: Progress, task: ProfileTask, script_id: int
) -> list[ScriptParameter]:
    """None where the script or its revision is gone: the profile says that itself."""
    try:
        if task.script_revision_id is None:
            return (await client.get(f"{SCRIPTS}/{script_id}", Script)).parameters
        revisions = await script_revisions(client, script_id, task.script_revision_id).call(progress)
    except ApiError as refusal:
        if refusal.status != 404:
            raise
        return []
    return next((one.parameters for one in revisions if _is(one, task)), [])


def _is(revision: ScriptRevision, task: ProfileTask) -> bool:
    return revision.id == task.script_revision_id
