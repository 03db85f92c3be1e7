"""Software as steps: what an agent is offered, which exit codes count, who is too old, restarts by task."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.wire.messages import Download, Receipt
from agent.wire.software import SoftwareDetection, SoftwareJob
from agent.wire.states import RunState, StepState
from backend_lite.contract.runs import (
    Policy,
    RebootPolicy,
    Retries,
    RunRerun,
    TaskAction,
    TaskCreate,
    TaskReboot,
)
from backend_lite.core.db.unit import Unit
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.library.tables import ScriptRevisionRow
from backend_lite.features.runs.needed_files import is_file_needed
from tests.backend.runs.harness import OWNER, Harness, add_software
from tests.backend.runs.test_engine import Play

SHA = "ab" * 32


async def guard(core: Harness, **texts: str) -> None:
    """Give the script a detect or an undo script."""

    def work(unit: Unit) -> None:
        row = unit.session.get_one(ScriptRevisionRow, 1)
        for name, text in texts.items():
            setattr(row, name, text)

    await core.database.write(work)


def test_software_is_offered_as_a_job(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await add_software(core, detection={"type": "file", "value": "/opt/7z"})
        await core.here(1)
        (run_id,) = await core.start(1, script_id=None, software_id=1)
        (offer,) = core.offers(1)
        assert (offer.type, offer.timeout_s, offer.downloads) == ("install_software", 77.0, ())
        job = msgspec.json.decode(offer.payload, type=SoftwareJob)
        assert (job.action, job.name, job.detection) == (
            "install",
            "7-Zip",
            SoftwareDetection("file", "/opt/7z"),
        )
        await core.carry_out(1, exit_code=5)
        assert (await core.run(run_id)).state == RunState.SUCCEEDED
        rollout = await core.rollout(await core.rollout_of(run_id))
        assert (rollout.title, rollout.software_id, rollout.script_id) == ("Install 7-Zip", 1, None)
        assert (rollout.tasks[0].action, rollout.tasks[0].software_id) == (TaskAction.INSTALL, 1)

    play(scenario)


def test_its_exit_codes_are_not_those_of_the_policy(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await add_software(core)
        await core.here(1)
        policy = Policy(exit_codes=[9])
        tasks = [TaskCreate(software_id=1, continue_on_error=True), TaskCreate(script_id=1)]
        run_id = await core.start_tasks(tasks, 1, policy=policy)
        await core.carry_out(1, exit_code=9)
        await core.carry_out(1, exit_code=9)
        steps = (await core.run(run_id)).steps
        assert [step.state for step in steps] == [StepState.FAILED, StepState.SUCCEEDED]

    play(scenario)


def test_a_file_of_the_service_is_offered_as_a_download_and_kept(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(_self: Any, device_id: int, file: Any) -> Download:
        return Download(f"/files/{device_id}", file.sha256, file.size, file.file_name)

    monkeypatch.setattr(LibraryApi, "download", download)

    async def scenario(core: Harness) -> None:
        await add_software(core, source_type="upload", sha256=SHA, file_size=9, file_name="setup.bin")
        await core.here(1)
        await core.start(1, script_id=None, software_id=1)
        assert core.offers(1)[0].downloads == (Download("/files/1", SHA, 9, "setup.bin"),)
        assert await core.database.read(lambda session: is_file_needed(session, SHA))
        assert not await core.database.read(lambda session: is_file_needed(session, "cd" * 32))
        core = core.restarted()
        await core.here(1)
        assert core.offers(1)[0].downloads == (Download("/files/1", SHA, 9, "setup.bin"),)
        await core.carry_out(1)
        assert not await core.database.read(lambda session: is_file_needed(session, SHA))

    play(scenario)


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_agent_is_not_asked(play: Play, version: int) -> None:
    async def scenario(core: Harness) -> None:
        await add_software(core)
        await guard(core, detect="test -e /etc/done")
        core.hub.versions[1] = version
        await core.here(1)
        for fields in ({"software_id": 1, "script_id": None}, {"script_id": 1}):
            (run_id,) = await core.start(1, **fields)
            step = (await core.run(run_id)).steps[0]
            assert (step.state, "too old" in step.reason) == (StepState.REJECTED, True)
        assert core.offers(1) == []

    play(scenario)


def test_what_is_run_of_a_script_follows_from_the_action(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await guard(core, detect="test -e /done", undo="rm /done")
        await core.here(1)
        offered = []
        for action in (None, TaskAction.UNDO, TaskAction.DETECT):
            await core.start(1, action=action)
            offered.append((core.offers(1)[-1].payload, core.offers(1)[-1].detect))
            await core.carry_out(1)
        assert offered == [("echo hi\n", "test -e /done"), ("rm /done", ""), ("test -e /done", "")]
        core = core.restarted()
        await core.here(1)
        await core.start(1, action=TaskAction.UNDO)
        core = core.restarted()
        await core.here(1)
        assert core.offers(1)[-1].payload == "rm /done"

    play(scenario)


def test_what_detects_that_nothing_is_left_may_be_retried(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        policy = Policy(retries=Retries(1, 5))
        with pytest.raises(InvalidError, match="Only work that may be repeated"):
            await core.start(1, policy=policy)
        await guard(core, detect="test -e /done")
        await core.start(1, policy=policy)
        await add_software(core, detection={"type": "file", "value": "/opt/7z"})
        await core.start(1, script_id=None, software_id=1, policy=policy)

    play(scenario)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"software_id": 1}, 'Nothing says how "7-Zip" is removed'),
        ({"software_id": 1, "action": TaskAction.RUN}, "use install or uninstall"),
        ({"software_id": 1, "action": TaskAction.INSTALL, "arguments": ["/S"]}, "neither arguments"),
        ({"script_id": 1}, "use run, undo or detect"),
        ({"script_id": 1, "action": TaskAction.UNDO}, '"hi" has no undo script'),
        ({"script_id": 1, "action": TaskAction.DETECT}, '"hi" has no detect script'),
        ({"profile_id": 1}, "use task_parameters"),
    ],
)
def test_what_cannot_be_done_is_said(play: Play, fields: dict[str, Any], sentence: str) -> None:
    async def scenario(core: Harness) -> None:
        await add_software(core)
        wanted = {"script_id": None, "action": TaskAction.UNINSTALL} | fields
        with pytest.raises(InvalidError, match=sentence):
            await core.start(1, **wanted)

    play(scenario)


def test_software_that_is_not_there_or_for_another_system(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        with pytest.raises(NotFoundError, match="Software not found"):
            await core.start(1, script_id=None, software_id=1)
        await add_software(core, target_os_type="windows")
        with pytest.raises(InvalidError) as refused:
            await core.start(1, script_id=None, software_id=1)
        assert refused.value.detail == (
            "Software target_os_type is not compatible with device os_type: software windows, device linux "
            "(pc-1 is linux)"
        )

    play(scenario)


def test_it_is_done_again_as_it_was(play: Play) -> None:
    async def scenario(core: Harness) -> None:
        await add_software(core)
        await core.here(1)
        (run_id,) = await core.start(1, script_id=None, software_id=1)
        await core.carry_out(1, exit_code=1)
        offered = core.offers(1)[-1].payload
        await core.database.write(lambda unit: core.area.reruns.run(unit, run_id, RunRerun(), OWNER, None))
        assert core.offers(1)[-1].payload == offered
        await core.carry_out(1, exit_code=5)
        again = await core.run(run_id + 1)
        assert again.state == RunState.SUCCEEDED

    play(scenario)


@pytest.mark.parametrize(
    ("reboot", "code", "restarts"),
    [
        (TaskReboot.ANNOUNCED, 194, True),
        (TaskReboot.ANNOUNCED, 0, False),
        (TaskReboot.ALWAYS, 0, True),
        (TaskReboot.NEVER, 194, False),
    ],
)
def test_a_task_says_whether_a_restart_follows(
    play: Play, reboot: TaskReboot, code: int, restarts: bool
) -> None:
    async def scenario(core: Harness) -> None:
        await core.here(1)
        tasks = [TaskCreate(script_id=1, reboot=reboot), TaskCreate(script_id=1)]
        run_id = await core.start_tasks(tasks, 1, policy=Policy(reboot=RebootPolicy.NOW))
        await core.carry_out(1, exit_code=code)
        assert core.answers(Receipt)[-1].reboot is restarts
        run = await core.run(run_id)
        assert [step.state for step in run.steps] == [
            StepState.SUCCEEDED,
            StepState.WAITING if restarts else StepState.OFFERED,
        ]

    play(scenario)
