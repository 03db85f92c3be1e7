"""The same run, seen by a client of the API and by a person at the window: the same bytes in both."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.library import SCRIPTS, Script, ScriptCreate
from backend_lite.contract.live import RUN, SCRIPT
from backend_lite.contract.runs import ROLLOUTS, RUNS, RolloutCreate, RolloutCreated, Run, Targets
from console.core.client import ApiClient
from console.features.enroll.add_device_page import AddDevicePage
from console.features.library.script_page import ScriptPage
from console.features.runs.run_dialog import RunDialog
from console.features.runs.run_page import RunPage
from tests.helpers.real_window import RealWindow, real_window
from tests.helpers.waiting import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is written for sh")

RunScene = Callable[..., Any]
DEADLINE_S = 120.0
WAIT_S = 30.0
CONTENT = "echo first; echo 'größer' ; echo trouble >&2; printf 'no end of line'\n"
STDOUT = "first\ngrößer\nno end of line"
STDERR = "trouble\n"


async def _this_pc(window: RealWindow) -> int:
    await window.live()
    window.app.context.navigator.open("add-device")
    page = window.app.context.navigator.page
    assert isinstance(page, AddDevicePage)
    assert page.this_pc is not None
    page.this_pc.enrol.click()
    return await window.connected_device()


async def _seen_by_api(client: ApiClient, run_id: int) -> tuple[str, str]:
    output = f"{RUNS}/{run_id}/steps/1/output"
    stdout = await client.get_bytes(output, {"stream": "stdout"})
    stderr = await client.get_bytes(output, {"stream": "stderr"})
    return stdout.decode(), stderr.decode()


async def _seen_in_window(window: RealWindow, run_id: int) -> list[str]:
    """The lines of the run page once the run has ended and all its output is shown."""
    navigator = window.app.context.navigator
    navigator.open("run", str(run_id))
    page = navigator.page
    assert isinstance(page, RunPage)
    ended = window.app.context.live
    await until(lambda: (ended.get(RUN, run_id) or {}).get("ended_at"), "end of the run", WAIT_S)
    await until(
        lambda: all(part in page.output.shown_text() for part in ("no end of line", "trouble")),
        "output on the page",
        WAIT_S,
    )
    return sorted(line for line in page.output.shown_text().splitlines() if line)


def test_a_run_of_the_api_is_in_the_window_as_it_is_in_the_api(
    tmp_path: Path, run: RunScene, qtbot: QtBot
) -> None:
    async def scene() -> None:
        async with real_window(tmp_path) as window:
            device = await _this_pc(window)
            client = window.app.context.client
            script = await client.post(SCRIPTS, ScriptCreate("both", CONTENT, "sh"), Script)
            wanted = RolloutCreate(script_id=script.id, targets=Targets(devices=[device]))
            (run_id,) = (await client.post(ROLLOUTS, wanted, RolloutCreated)).run_ids
            shown = await _seen_in_window(window, run_id)
            assert await _seen_by_api(client, run_id) == (STDOUT, STDERR)
            assert shown == sorted((STDOUT + "\n" + STDERR).splitlines())
            seen = await client.get(f"{RUNS}/{run_id}", Run)
            assert (seen.state, seen.steps[0].exit_code) == ("succeeded", 0)

    run(scene(), DEADLINE_S)


def test_a_run_started_at_the_window_is_in_the_api_as_it_is_in_the_window(
    tmp_path: Path, run: RunScene, qtbot: QtBot
) -> None:
    async def scene() -> None:
        async with real_window(tmp_path) as window:
            device = await _this_pc(window)
            context = window.app.context
            script = await context.client.post(SCRIPTS, ScriptCreate("both", CONTENT, "sh"), Script)
            await until(lambda: context.live.get(SCRIPT, script.id), "script in the window", WAIT_S)
            context.navigator.open("script", str(script.id))
            page = context.navigator.page
            assert isinstance(page, ScriptPage)
            await until(page.run.isEnabled, "loaded script", WAIT_S)
            page.run.click()
            dialogs: list[RunDialog] = []
            await until(lambda: _found(dialogs, window), "run dialog", WAIT_S)
            (dialog,) = dialogs
            dialog.picker.choose([device])
            await until(dialog.run.isEnabled, "a run that can be started", WAIT_S)
            dialog.run.click()
            await until(lambda: context.live.kind(RUN), "run", WAIT_S)
            (run_id,) = context.live.kind(RUN)
            shown = await _seen_in_window(window, run_id)
            assert shown == sorted((STDOUT + "\n" + STDERR).splitlines())
            assert await _seen_by_api(context.client, run_id) == (STDOUT, STDERR)

    run(scene(), DEADLINE_S)


def _found(dialogs: list[RunDialog], window: RealWindow) -> bool:
    dialogs[:] = [dialog for dialog in window.app.window.findChildren(RunDialog) if dialog.isVisible()]
    return bool(dialogs)
