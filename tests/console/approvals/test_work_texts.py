"""The very texts that a second person is shown."""

from typing import Any

import msgspec
from pytestqt.qtbot import QtBot

from backend_lite.contract.approvals import ApprovalText
from backend_lite.contract.runs import Rollout
from console.features.approvals.texts_view import TextsView
from console.features.approvals.work_texts import WorkText, work_texts
from tests.console import objects
from tests.console.approvals.conftest import pinned

Object = dict[str, Any]


def rollout(*tasks: Object) -> Rollout:
    return msgspec.convert(objects.rollout(8, "held", tasks=list(tasks)), Rollout, strict=False)


def texts(tasks: list[Object], *told: Object) -> list[WorkText]:
    return work_texts(rollout(*tasks), msgspec.convert(list(told), list[ApprovalText]))


def test_each_text_is_named_by_its_task_and_part() -> None:
    tasks = [objects.task(1), objects.task(2, "Back") | {"action": "undo"}]
    told = [pinned("exit 1\n", part="detect"), pinned("echo main\n"), pinned("echo back\n", 2)]
    found = texts(tasks, *told)
    assert [(one.title, one.language, one.text) for one in found] == [
        ("1 · Script 1 · Bash, revision 1 · detect script", "bash", "exit 1\n"),
        ("1 · Script 1 · Bash, revision 1", "bash", "echo main\n"),
        ("2 · Undo · Back · Bash, revision 1", "bash", "echo back\n"),
    ]
    assert [bool(one.note) for one in found] == [True, False, False]


def test_software_says_what_it_installs_and_from_where() -> None:
    task = objects.task(1, "Tool") | {"software_id": 5, "action": "install", "revision": None}
    software = {
        "installer_type": "msi",
        "source_type": "url",
        "source": "https://example.org/tool.msi",
        "arguments": "/qn",
        "sha256": "ab" * 32,
    }
    (found,) = texts([task], pinned("", language="", software=software))
    assert found.title == "1 · Install · Tool"
    assert found.text == (
        "# Installer: Windows Installer (MSI)\n"
        "# From: https://example.org/tool.msi (Download address)\n"
        f"# Checksum: {'ab' * 32}\n"
        "# Arguments: /qn"
    )
    assert found.note == ""


def test_what_runs_no_script_says_so() -> None:
    (found,) = texts([objects.task(1, "reboot") | {"revision": None}], pinned("", language="reboot"))
    assert (found.text, found.note) == ("", "It runs no script: the agent does this by itself.")


def test_several_texts_are_chosen_from_with_what_each_is_given(qtbot: QtBot) -> None:
    view = TextsView()
    qtbot.addWidget(view)
    given = {"parameters": {"Days": 30}, "secrets": ["Password"], "files": {"Config": "lab.ini"}}
    first, second = rollout(objects.task(1), objects.task(2) | given | {"continue_on_error": True}).tasks
    view.show_texts([WorkText(first, "One", "bash", "echo 1\n"), WorkText(second, "Two", note="Gone.")])
    assert (view.box.count(), view.code.text()) == (2, "echo 1\n")
    view.box.setCurrentIndex(1)
    assert view.facts.value("Parameters") == "Days = 30\nPassword = (secret)\nConfig = file lab.ini"
    assert view.facts.value("On error") == "the next task goes on"
    assert view.note.text() == "Gone."
    assert view.code.isHidden()
    view.show_texts([WorkText(first, "One", "bash", "echo 1\n"), WorkText(second, "Two", note="Gone.")])
    assert view.box.currentIndex() == 1
