"""What is said of a task, and why it cannot be carried out as it stands."""

from typing import Any

import msgspec
import pytest

from console.core import plan_words
from console.core.plan_tasks import EditedTask
from console.core.work import Work, action_type, actions_of

SCRIPT = {
    "id": 1,
    "name": "Clean",
    "language": "powershell",
    "target_os_type": "windows",
    "revision": 7,
    "revision_id": 70,
    "undo": "echo",
    "detect": None,
    "parameters": [
        {"name": "Days", "type": "number", "required": True, "minimum": 1},
        {"name": "Password", "type": "secret", "required": True},
    ],
}
SOFTWARE = {"id": 2, "name": "7-Zip", "version_text": "24.08", "target_os_type": "windows"}
KNOWN: dict[tuple[str, int], dict[str, Any]] = {("script", 1): SCRIPT, ("software", 2): SOFTWARE}


def find(kind: str, object_id: int) -> dict[str, Any] | None:
    return KNOWN.get((kind, object_id))


def task(**fields: Any) -> EditedTask:
    return EditedTask(1, **{"name": "Task", "script_id": 1, **fields})


@pytest.mark.parametrize(
    ("fields", "os_type", "sentence"),
    [
        ({}, "", ""),
        ({}, "windows_server", ""),
        ({"name": "  "}, "", "Give the task a name."),
        ({"script_id": None}, "", "Choose a script or a software item."),
        ({"script_id": 9}, "", "Its script was deleted: choose another one, or remove the task."),
        ({}, "linux", "“Clean” is for Windows, the profile is for Linux."),
        ({"os_type": "linux"}, "", "“Clean” is for Windows, its condition is for Linux."),
        ({"action": "undo"}, "", ""),
        ({"action": "detect"}, "", "“Clean” has no text for “Detect only”."),
        ({"parameters": {"Days": 0}}, "", "Days must be at least 1; 0 is less."),
        ({"script_id": None, "software_id": 2, "action": "install"}, "", ""),
    ],
)
def test_what_stands_against_a_task_is_a_sentence(
    fields: dict[str, Any], os_type: str, sentence: str
) -> None:
    converted = msgspec.convert({"key": 1, "name": "Task", "script_id": 1, **fields}, EditedTask)
    assert plan_words.problem(converted, os_type, find) == sentence


def test_a_query_is_checked() -> None:
    assert "no field" in plan_words.problem(task(query="colour:red"), "", find)


def test_what_it_does_in_words() -> None:
    software = task(script_id=None, software_id=2).with_work(Work("software", 2))
    assert plan_words.what(task(), find) == "Clean"
    assert plan_words.what(task(revision_id=50, revision=5), find) == "Clean · revision 5"
    assert plan_words.what(software, find) == "Install · 7-Zip 24.08"
    assert plan_words.what(task(script_id=None), find) == "Nothing is chosen yet"


def test_only_an_older_pinned_revision_is_behind() -> None:
    assert plan_words.behind(task(revision_id=50, revision=5), find) == 7
    assert plan_words.behind(task(revision_id=70, revision=7), find) is None
    assert plan_words.behind(task(), find) is None


def test_a_profile_keeps_no_secrets() -> None:
    definitions = plan_words.definitions_of(task(), find)
    assert definitions is not None
    assert [(one.name, one.required) for one in plan_words.kept(definitions)] == [("Days", False)]
    assert plan_words.definitions_of(task(revision_id=50), find) is None


def test_what_can_be_done_with_it() -> None:
    assert actions_of(Work("script", 1), SCRIPT) == ["run", "undo"]
    assert actions_of(Work("software", 2), SOFTWARE) == ["install", "uninstall"]


def test_the_documented_type_follows_the_language() -> None:
    script, run, uninstall = (
        Work("script", 1),
        task().action,
        msgspec.convert("uninstall", type(task().action)),
    )
    assert action_type(script, SCRIPT, run, "bash") == "powershell_script"
    assert action_type(script, SCRIPT, run, "powershell_inline") == "powershell_inline"
    assert action_type(Work("software", 2), SOFTWARE, uninstall, "bash") == "uninstall_software"
