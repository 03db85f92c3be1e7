"""What ships: scripts and templates that the service takes, and that are what their files say."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import tree_sitter_bash
import tree_sitter_powershell
import tree_sitter_python
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from backend_lite.contract.library import MAX_CONTENT, SCRIPTS, Language, ScriptCreate, os_matches
from backend_lite.contract.parameters import problems
from backend_lite.contract.plans import PROFILES, TEMPLATES
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.ops import Progress
from console.core.resources import resource
from console.core.script_tree import TreeScript, read_tree, write_tree
from console.core.script_tree.model import name_key
from console.core.starter_library import (
    DamagedLibrary,
    Loaded,
    load_starter_library,
    starter_scripts,
    starter_templates,
)
from tests.helpers.fake_service import Answer, FakeApi
from tests.helpers.starter import LIBRARY

GRAMMARS = {
    Language.POWERSHELL: tree_sitter_powershell.language,
    Language.BASH: tree_sitter_bash.language,
    Language.SH: tree_sitter_bash.language,
    Language.PYTHON: tree_sitter_python.language,
}
SHIPPED = list(LIBRARY.values())
TEMPLATES_SHIPPED = starter_templates()
BY_NAME = {name_key(script.name): script for script in SHIPPED}


def test_there_is_much_for_windows_and_for_linux() -> None:
    systems = [script.target_os_type for script in SHIPPED]
    assert len(SHIPPED) >= 44
    assert systems.count("linux") >= 18
    assert systems.count("windows") >= 20


def test_every_file_belongs_to_a_script() -> None:
    scripts = read_tree(resource("starter_library/scripts"))
    files = [path for path in resource("starter_library/scripts").rglob("*") if path.is_file()]
    parts = sum(2 + bool(one.detect) + bool(one.undo) for one in SHIPPED)
    assert len(files) == parts
    assert len(scripts) == len(BY_NAME)


def test_the_files_are_as_an_export_writes_them(tmp_path: Path) -> None:
    """So that an export into a copy of the library shows what a person changed, and nothing else."""
    copy = tmp_path / "scripts"
    shutil.copytree(resource("starter_library/scripts"), copy)
    scripts = [one for one in read_tree(copy) if isinstance(one, TreeScript)]
    assert write_tree(copy, scripts) == []


@pytest.mark.parametrize("script", SHIPPED, ids=lambda script: script.name)
def test_a_script_says_what_it_is(script: ScriptCreate) -> None:
    assert script.description
    assert script.tags
    assert script.timeout_s
    system = {"linux": "Linux", "windows": "Windows", None: "Any system"}[script.target_os_type]
    assert script.folder.startswith(f"{system}/")
    assert script.name.startswith(f"{system}: ")
    assert all(one.label or one.description for one in script.parameters)


@pytest.mark.parametrize("script", SHIPPED, ids=lambda script: script.name)
def test_the_texts_are_what_the_service_takes(script: ScriptCreate) -> None:
    for text in texts(script):
        assert 0 < len(text.encode()) <= MAX_CONTENT
        assert "\r" not in text
        assert "\t" not in text
        assert text.endswith("\n")
        assert text.isascii() or script.language != Language.CMD


@pytest.mark.parametrize("script", SHIPPED, ids=lambda script: script.name)
def test_the_texts_can_be_parsed(script: ScriptCreate) -> None:
    language = Language(script.language)
    for text in texts(script):
        if language in GRAMMARS:
            assert not Parser(Grammar(GRAMMARS[language]())).parse(text.encode()).root_node.has_error
        if language in (Language.BASH, Language.SH):
            shell = [language.value, "-n"]
            done = subprocess.run(shell, input=text, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
        if language is Language.PYTHON:
            compile(text, script.name, "exec")


@pytest.mark.parametrize("script", SHIPPED, ids=lambda script: script.name)
def test_the_texts_use_the_declared_parameters(script: ScriptCreate) -> None:
    declared = {one.name.upper() for one in script.parameters}
    assert used(script, script.content) == declared
    for text in texts(script):
        assert used(script, text) <= declared


@pytest.mark.parametrize("script", SHIPPED, ids=lambda script: script.name)
def test_a_secret_is_never_an_argument(script: ScriptCreate) -> None:
    """Arguments and variables are seen by others; PowerShell gets secrets as parameters, from its file."""
    if any(one.type == "secret" for one in script.parameters):
        assert script.language == Language.POWERSHELL


def texts(script: ScriptCreate) -> list[str]:
    return [text for text in (script.content, script.detect, script.undo) if text]


def used(script: ScriptCreate, text: str) -> set[str]:
    """The parameters that a text looks at, in upper case."""
    if script.language != Language.POWERSHELL:
        return set(re.findall(r"\bDF_([A-Z0-9_]+)", text))
    tree = Parser(Grammar(tree_sitter_powershell.language())).parse(text.encode())
    names = set(declared_in(tree.root_node))
    # Declared, and then used.
    return {name for name in names if len(re.findall(rf"\$\{{?{name}\b", text, re.IGNORECASE)) >= 2}


def declared_in(node: Node) -> Iterator[str]:
    """The names in the script's own `param()`."""
    if node.type == "script_parameter":
        yield from (
            (child.text or b"").decode()[1:].upper() for child in node.children if child.type == "variable"
        )
    for child in node.children:
        if child.type != "function_statement":
            yield from declared_in(child)


def test_a_damaged_library_says_where(tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_text("ls\n")
    (tmp_path / "x.yaml").write_text("name: x\ntimeout: 3\n")
    with pytest.raises(DamagedLibrary, match=r"x\.yaml:2: “timeout” is not known"):
        starter_scripts(tmp_path)


def test_the_templates_are_there() -> None:
    assert [one.name for one in TEMPLATES_SHIPPED] == [
        "Kiosk",
        "Linux baseline",
        "Windows baseline",
        "Workstation",
    ]


@pytest.mark.parametrize("template", TEMPLATES_SHIPPED, ids=lambda template: template.name)
def test_a_template_asks_only_for_what_there_is(template: Any) -> None:
    assert template.description
    for task in template.tasks:
        script = BY_NAME[name_key(task.script)]
        assert problems(script.parameters, task.parameters) == {}
        assert os_matches(script.target_os_type, task.condition.os_type or template.target_os_type)


class Service:
    """Keeps what is posted, as the real one does."""

    def __init__(self, scripts: list[str], templates: list[str]) -> None:
        self.api = FakeApi()
        self.scripts = [script(n, name) for n, name in enumerate(scripts, 1)]
        self.api.answers[f"GET {SCRIPTS}"] = lambda _: (200, self.scripts)
        self.api.answers[f"POST {SCRIPTS}"] = self.made_script
        self.api.answers[f"GET {TEMPLATES}"] = (200, [profile(name) for name in templates])
        self.api.answers[f"POST {PROFILES}"] = self.made_profile
        self.refused: dict[str, Answer] = {}
        self.profiles: list[dict[str, Any]] = []

    def made_script(self, request: httpx.Request) -> Answer:
        body = json.loads(request.content)
        if body["name"] in self.refused:
            return self.refused[body["name"]]
        self.scripts.append(script(len(self.scripts) + 1, body["name"], body["language"]))
        return 201, self.scripts[-1]

    def made_profile(self, request: httpx.Request) -> Answer:
        self.profiles.append(json.loads(request.content))
        return 201, {**profile(self.profiles[-1]["name"]), "tasks": []}

    def load(self) -> Loaded:
        client = ApiClient("http://service", transport=self.api.transport)
        return asyncio.run(load_starter_library(client, Progress(lambda *_: None)))


def test_what_is_missing_is_loaded() -> None:
    service = Service([SHIPPED[0].name.upper(), "Mine"], ["kiosk"])
    loaded = service.load()
    assert loaded.scripts == [one.name for one in SHIPPED[1:]]
    assert loaded.templates == ["Linux baseline", "Windows baseline", "Workstation"]
    assert (
        str(loaded) == f"{len(SHIPPED) - 1} scripts and 3 templates are new. 2 were there already and stay."
    )
    assert loaded.count == len(SHIPPED) + 2
    assert not any(call.startswith(("PUT", "DELETE")) for call in service.api.calls())


def test_a_template_names_the_scripts_of_the_service() -> None:
    service = Service([], [])
    service.load()
    linux = next(one for one in service.profiles if one["name"] == "Linux baseline")
    assert linux["is_template"] is True
    first = linux["tasks"][0]
    script_id = next(one["id"] for one in service.scripts if one["name"] == "Linux: install updates")
    assert (first["script_id"], first["action_type"], first["order_index"]) == (script_id, "bash", 10)
    kinds = {task["action_type"] for one in service.profiles for task in one["tasks"]}
    assert kinds == {"bash", "powershell_script", "python"}


def test_what_the_service_does_not_take_is_said_and_the_rest_is_loaded() -> None:
    service = Service([], [])
    service.refused["Linux: install updates"] = (400, {"detail": "No.", "code": "bad"})
    loaded = service.load()
    assert len(loaded.scripts) == len(SHIPPED) - 1
    assert loaded.problems == [
        "Linux: install updates: No.",
        "Linux baseline: Linux: install updates is not there.",
        "Workstation: Linux: install updates is not there.",
    ]


def test_whoever_may_not_load_it_is_told_so_once() -> None:
    service = Service([], [])
    service.refused = {one.name: (403, {"detail": "You may not.", "code": "forbidden"}) for one in SHIPPED}
    with pytest.raises(ApiError, match="You may not"):
        service.load()
    assert service.api.calls().count(f"POST {SCRIPTS}") == 1


def script(number: int, name: str, language: str = "bash") -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "description": "",
        "language": language,
        "target_os_type": None,
        "content": "",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "revision": 1,
        "revision_id": 1,
        "timeout_s": 60,
        "version": 1,
    }


def profile(name: str) -> dict[str, Any]:
    return {
        "id": 1,
        "name": name,
        "description": None,
        "target_os_type": None,
        "is_template": True,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "revision": 1,
        "task_count": 0,
        "os_image_id": None,
        "version": 1,
    }
