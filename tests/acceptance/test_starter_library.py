"""Every starter script that can run on this machine is run, by a real agent."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

import pytest

from backend_lite.contract.library import ScriptCreate
from console.core.starter_library import starter_scripts
from tests.helpers.processes import AgentProcess, Api, ServiceProcess, fleet

Fleet = tuple[ServiceProcess, AgentProcess, Api, int]

SYSTEM = "windows" if sys.platform == "win32" else "linux"
HERE = [script for script in starter_scripts() if script.target_os_type in (None, SYSTEM)]
# Checks say by their exit code that something wants attention; which of them do depends on the machine.
CHECKS = {"Linux: failed services", "Windows: stopped automatic services", "Windows: is a restart due"}
# A small folder: their default may be large.
ARGUMENTS = {
    "Any system: largest files": ["."],
    "Linux: what fills the disk": ["/etc"],
    "Any system: live output test": ["1"],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet")) as parts:
        yield parts


@pytest.mark.skipif(SYSTEM == "linux" and not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("script", HERE, ids=lambda script: script.name)
def test_it_runs_and_has_something_to_say(running: Fleet, script: ScriptCreate) -> None:
    _, _, api, device = running
    script_id = api.make_script(
        script.name,
        script.content,
        script.language,
        description=script.description,
        target_os_type=script.target_os_type,
        timeout_s=script.timeout_s,
    )
    run = api.ended(api.start(script_id, device, arguments=ARGUMENTS.get(script.name, [])))
    errors = api.output(run["id"], "stderr").decode()
    expected = {0, 1} if script.name in CHECKS else {0}
    assert run["steps"][0]["exit_code"] in expected, errors
    assert len(api.output(run["id"])) > 20
    assert "command not found" not in errors
    assert "syntax error" not in errors
    assert "Traceback" not in errors
