import asyncio
from pathlib import Path

import msgspec
import pytest
import tree_sitter_bash
import tree_sitter_powershell
import tree_sitter_python
from tree_sitter import Language as Grammar
from tree_sitter import Parser

from backend_lite.contract.library import MAX_CONTENT, SCRIPTS, TARGET_OS_TYPES, Language, ScriptCreate
from console.core.client import ApiClient
from console.core.ops import Progress
from console.core.resources import resource
from console.core.starter_library import load_starter_library, starter_scripts
from tests.helpers.fake_service import FakeApi

GRAMMARS = {
    Language.POWERSHELL: tree_sitter_powershell.language,
    Language.BASH: tree_sitter_bash.language,
    Language.SH: tree_sitter_bash.language,
    Language.PYTHON: tree_sitter_python.language,
}
SHIPPED = starter_scripts()


def test_there_is_something_for_windows_and_for_linux() -> None:
    systems = [script.target_os_type for script in SHIPPED]
    assert systems.count("linux") >= 6
    assert systems.count("windows") >= 6


def test_every_script_file_has_its_description() -> None:
    folder = resource("starter_library/scripts")
    stems = {file.stem for file in folder.iterdir()}
    assert len(stems) == len(SHIPPED)
    assert len({script.name for script in SHIPPED}) == len(SHIPPED)


@pytest.mark.parametrize("script", SHIPPED, ids=lambda script: script.name)
def test_a_script_is_what_the_service_takes(script: ScriptCreate) -> None:
    assert script.target_os_type is None or script.target_os_type in TARGET_OS_TYPES
    assert 0 < len(script.content.encode()) <= MAX_CONTENT
    assert script.description
    assert "\r" not in script.content


@pytest.mark.parametrize(
    "script", [s for s in SHIPPED if s.language in GRAMMARS], ids=lambda script: script.name
)
def test_a_script_can_be_parsed(script: ScriptCreate) -> None:
    tree = Parser(Grammar(GRAMMARS[Language(script.language)]())).parse(script.content.encode())
    assert not tree.root_node.has_error


def test_only_missing_scripts_are_loaded() -> None:
    there = {"name": SHIPPED[0].name}
    api = FakeApi()
    api.answers[f"GET {SCRIPTS}"] = (200, [_script(there["name"])])
    api.answers[f"POST {SCRIPTS}"] = (201, _script("new"))
    seen: list[str] = []
    client = ApiClient("http://service", transport=api.transport)
    count = asyncio.run(load_starter_library(client, Progress(lambda _, text: seen.append(text))))
    assert count == len(SHIPPED) - 1
    assert seen == [script.name for script in SHIPPED[1:]]


def test_a_mistake_in_a_description_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('name = "x"\nlanguage = "bash"\ndescription = ""\ntimeout = 3\n')
    with pytest.raises(msgspec.ValidationError, match="timeout"):
        starter_scripts(tmp_path)


def _script(name: str) -> dict[str, object]:
    return {
        "id": 1,
        "name": name,
        "description": "",
        "language": "bash",
        "target_os_type": None,
        "content": "",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "revision": 1,
        "revision_id": 1,
        "timeout_s": 60,
        "version": 1,
    }
