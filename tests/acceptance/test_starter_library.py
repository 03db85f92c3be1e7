"""The starter library in a real service; a handful of its scripts run by a real agent, undo and all.

That each of them runs at all is shown by `tests/console/core/test_starter_scripts.py`, without an agent.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backend_lite.contract.library import SCRIPTS, Script
from backend_lite.contract.plans import TEMPLATES
from console.core.client import ApiClient
from console.core.ops import Progress
from console.core.script_tree import ImportKind, TreeScript, plan_import, read_tree, write_tree
from console.core.starter_library import Loaded, load_starter_library
from tests.helpers.processes import AgentProcess, Api, ServiceProcess, fleet
from tests.helpers.starter import LIBRARY

Fleet = tuple[ServiceProcess, AgentProcess, Api, int]

SYSTEM = "windows" if sys.platform == "win32" else "linux"
# Checks say by their exit code that something wants attention; which of them do depends on the machine.
RUN_HERE = {
    "linux": ["Linux: system overview", "Linux: failed services", "Any system: largest files"],
    "windows": [
        script.name
        for script in LIBRARY.values()
        if script.target_os_type == "windows" and {"inventory", "overview", "check"} & set(script.tags)
    ],
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet")) as parts:
        load(parts[2])
        yield parts


def load(api: Api) -> Loaded:
    client = ApiClient(api.url, token=api.token)

    async def both() -> Loaded:
        try:
            return await load_starter_library(client, Progress(lambda *_: None))
        finally:
            await client.aclose()

    return asyncio.run(both())


def script_id(api: Api, name: str) -> int:
    return next(int(one["id"]) for one in api.get(SCRIPTS) if one["name"] == name)


def test_the_service_takes_all_of_it(running: Fleet) -> None:
    api = running[2]
    assert len(api.get(SCRIPTS)) == len(LIBRARY)
    templates = {one["name"]: one for one in api.get(TEMPLATES)}
    assert set(templates) == {"Kiosk", "Linux baseline", "Windows baseline", "Workstation"}
    for one in templates.values():
        tasks = api.get(f"{TEMPLATES}/{one['id']}")["tasks"]
        assert tasks
        assert [task["problem"] for task in tasks] == [""] * len(tasks)
    again = load(api)
    assert (again.count, again.problems, again.kept) == (0, [], len(LIBRARY) + 4)


def test_what_is_exported_is_imported_as_the_same(running: Fleet, tmp_path: Path) -> None:
    library = msgspec.convert(running[2].get(SCRIPTS), list[Script])
    write_tree(tmp_path, library)
    plan = plan_import(read_tree(tmp_path), library)
    assert {item.kind for item in plan} == {ImportKind.SAME}
    shipped = {one.name: TreeScript.of(one) for one in library}
    assert {item.script.name: item.script for item in plan if item.script} == shipped


@pytest.mark.parametrize("name", RUN_HERE[SYSTEM])
def test_it_runs_and_has_something_to_say(running: Fleet, name: str) -> None:
    _, _, api, device = running
    parameters = {"Folder": "."} if name == "Any system: largest files" else {}
    run = api.ended(api.start(script_id(api, name), device, parameters=parameters))
    errors = api.output(run["id"], "stderr").decode()
    assert run["steps"][0]["exit_code"] in {0, 1, 2}, errors
    assert len(api.output(run["id"])) > 20
    assert "Traceback" not in errors


def test_what_is_there_is_left_alone_and_goes_again(running: Fleet, tmp_path: Path) -> None:
    """The agent looks with the detect script first; undo is a run of its own."""
    _, _, api, device = running
    number, path = script_id(api, "Any system: write a text file"), tmp_path / "a.conf"
    parameters = {"Path": str(path), "Text": "eins\nzwei é\n"}

    def output(**fields: str) -> str:
        run = api.ended(api.start(number, device, parameters=parameters, **fields))
        assert run["steps"][0]["state"] == "succeeded", api.output(run["id"], "stderr")
        return api.output(run["id"]).decode()

    assert "is written" in output()
    assert path.read_bytes().decode() == parameters["Text"]
    assert "is written" not in output()
    assert "is gone" in output(action="undo")
    assert not path.exists()
