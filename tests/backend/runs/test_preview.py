"""What a rollout would do, said before it is started: devices, problems, history, waves, refusals."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.wire.states import RunState
from backend_lite.contract.fleet import Admission
from backend_lite.contract.runs import (
    Policy,
    Preview,
    Retries,
    RolloutCreate,
    RunAs,
    Targets,
    TaskAction,
    TaskCreate,
    Waves,
)
from backend_lite.core.db.unit import Unit
from backend_lite.errors import ServiceError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.library.tables import ScriptRevisionRow, ScriptRow
from backend_lite.features.runs.preview import Previews
from tests.backend.runs.harness import OWNER, Harness

pytestmark = pytest.mark.anyio


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Harness]:
    harness = Harness(tmp_path / "data")
    yield harness
    harness.close()


async def preview(core: Harness, *devices: int, **fields: Any) -> Preview:
    fields.setdefault("targets", Targets(devices=list(devices)))
    fields.setdefault("script_id", 1)
    previews = Previews(LibraryApi(), core.fleet, core.area.plans, core.area.findings, core.area.gate)
    return await core.database.read(lambda session: previews.make(session, RolloutCreate(**fields), OWNER))


async def edit(core: Harness, content: str = "reboot\n", **fields: Any) -> None:
    """Another revision of the script."""

    def work(unit: Unit) -> None:
        script = unit.session.get_one(ScriptRow, 1)
        script.revision += 1
        for name in ("target_os_type", "idempotent"):
            if name in fields:
                setattr(script, name, fields[name])
        unit.session.add(
            ScriptRevisionRow(
                script_id=1, number=script.revision, language="sh", content=content, content_hash="",
                message="", created_at=0, parameters=fields.get("parameters", []),
                detect=fields.get("detect"), undo=fields.get("undo"),
            )
        )  # fmt: skip

    await core.database.write(work)


async def finish(core: Harness, device_id: int, *, exit_code: int = 0) -> int:
    """A run on the device, from start to end."""
    (run_id,) = await core.start(device_id)
    await core.connect(device_id)
    attempt = core.offers(device_id)[-1].attempt
    await core.permit(attempt, device_id=device_id)
    await core.done(attempt, device_id=device_id, exit_code=exit_code)
    return run_id


async def test_devices_and_who_is_not_there(core: Harness) -> None:
    core.hub.here.add(1)
    found = await preview(core, targets=Targets(devices=[1], groups=[1]))
    assert [(one.device_id, one.hostname, one.connected) for one in found.devices] == [
        (1, "pc-1", True),
        (2, "pc-2", False),
        (3, "pc-3", False),
    ]
    assert (found.offline, found.problems, found.revision, found.errors) == (2, 0, 1, [])
    assert (found.expected_ms, found.waves, found.devices[0].last_run_id) == (None, [], None)


async def test_it_starts_nothing(core: Harness) -> None:
    await core.connect(1)
    core.changes.clear()
    await preview(core, 1)
    assert (core.offers(1), core.changes) == ([], [])
    page = await core.database.read(lambda session: core.lists.rollouts(session, 10, None, None))
    assert page.items == []


async def test_who_cannot_run_it_is_skipped_or_refused(core: Harness) -> None:
    await edit(core, target_os_type="linux")
    core.fleet.systems, core.fleet.admissions = {2: "windows"}, {3: Admission.PENDING}
    by_group = await preview(core, targets=Targets(devices=[1], groups=[1]))
    assert [(one.problem, one.skipped) for one in by_group.devices] == [
        ("", False),
        ("os_mismatch", True),
        ("not_approved", True),
    ]
    assert (by_group.problems, by_group.errors) == (2, [])
    by_name = await preview(core, 2, 3)
    assert [(one.problem, one.skipped) for one in by_name.devices] == [
        ("os_mismatch", False),
        ("not_approved", False),
    ]
    (error,) = by_name.errors
    assert "script linux, device windows (pc-2 is windows)" in error


async def test_what_became_of_it_where_it_ran(core: Harness) -> None:
    first = await finish(core, 1, exit_code=3)
    second = await finish(core, 1)
    third = await finish(core, 2)
    await edit(core)
    await core.start(1)
    found = await preview(core, 1, 2, 3)
    assert first < second < third
    assert [(one.last_run_id, one.last_state, one.last_revision) for one in found.devices] == [
        (second, RunState.SUCCEEDED, 1),
        (third, RunState.SUCCEEDED, 1),
        (None, None, None),
    ]
    assert found.devices[0].last_ended_at is not None
    assert (found.revision, found.expected_ms) == (2, 5)


async def test_findings_name_their_task(core: Harness) -> None:
    await edit(core, "echo hi\nreboot\n")
    tasks = [TaskCreate(script_id=1), TaskCreate(revision_id=1)]
    found = await preview(core, 1, script_id=None, tasks=[*tasks, TaskCreate(script_id=1)])
    assert [(one.task, one.line, one.rule) for one in found.findings] == [
        (1, 2, "restart"),
        (3, 2, "restart"),
    ]
    assert (found.revision, found.errors) == (None, [])


async def test_findings_are_also_of_what_is_run_before(core: Harness) -> None:
    await edit(core, "echo hi\n", detect="reboot\n", undo="true\nreboot\n")
    for action, found in (
        (TaskAction.RUN, [("detect", 1)]),
        (TaskAction.DETECT, [("detect", 1)]),
        (TaskAction.UNDO, [("undo", 2)]),
    ):
        said = await preview(core, 1, action=action)
        assert [(one.part, one.line) for one in said.findings] == found


async def test_waves_are_of_those_that_can_run_it(core: Harness) -> None:
    core.fleet.admissions = {2: Admission.QUARANTINED}
    policy = Policy(waves=Waves(["1"]))
    found = await preview(core, targets=Targets(devices=[1, 4, 5], groups=[1]), policy=policy)
    assert found.waves == [1, 3]


async def test_an_agent_may_be_too_old_for_it(core: Harness) -> None:
    core.hub.here |= {1, 2}
    core.hub.versions = {1: 1}
    found = await preview(core, 1, 2, 3, policy=Policy(run_as=RunAs.USER))
    assert [one.problem for one in found.devices] == ["agent_too_old", "", ""]
    assert [one.problem for one in (await preview(core, 1)).devices] == [""]
    secret = [{"name": "key", "type": "secret"}]
    await edit(core, parameters=secret)
    assert [one.problem for one in (await preview(core, 1)).devices] == [""]
    given = await preview(core, 1, parameters={"key": "pass"})
    assert [one.problem for one in given.devices] == ["agent_too_old"]
    assert b"pass" not in msgspec.json.encode(given)


REFUSED: list[dict[str, Any]] = [
    {"targets": Targets()},
    {"targets": Targets(devices=[99])},
    {"targets": Targets(groups=[2])},
    {"script_id": 7},
    {"script_id": None},
    {"script_id": None, "revision_id": 7},
    {"tasks": [TaskCreate(script_id=1)]},
    {"arguments": ["a\0"]},
    {"parameters": {"a b": 1}},
    {"policy": Policy(retries=Retries(1))},
    {"policy": Policy(waves=Waves(["many"]))},
    {"policy": Policy(concurrency=0)},
    {"policy": Policy(timeout_s=0)},
]


@pytest.mark.parametrize("fields", REFUSED)
async def test_what_would_be_refused_is_said(core: Harness, fields: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {"script_id": 1, "targets": Targets(devices=[1])} | fields
    with pytest.raises(ServiceError) as caught:
        await core.database.write(
            lambda unit: core.rollouts.create(unit, RolloutCreate(**wanted), OWNER, None)
        )
    assert (await preview(core, **wanted)).errors == [caught.value.detail]


async def test_everything_that_is_wrong_is_said_at_once(core: Harness) -> None:
    wrong = Policy(concurrency=0)
    found = await preview(core, 99, policy=wrong, parameters={"a b": 1})
    assert len(found.errors) == 3
