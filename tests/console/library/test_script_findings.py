"""What a person should have seen in a script, said beside its text."""

import json
from typing import Any

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from backend_lite.contract.library import SCRIPTS
from console.features.library import script_check
from console.features.library.script_page import ScriptPage
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import Make, Run
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

FINDINGS = f"POST {SCRIPTS}/findings"
TEXT = "echo hi\n  rm -rf /srv\nreboot\n"


def look(request: httpx.Request) -> tuple[int, Any]:
    """One finding for each line that deletes, one for each that restarts."""
    found = []
    for number, line in enumerate(json.loads(request.content)["content"].splitlines(), 1):
        for word, severity in (("rm", "danger"), ("reboot", "warning")):
            if word in line:
                found.append({"severity": severity, "rule": word, "text": f"It says {word}.", "line": number})
    return 200, found


@pytest.fixture
def page(make: Make, world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> ScriptPage:
    monkeypatch.setattr(script_check, "AFTER_MS", 1)
    world.api.answers[FINDINGS] = look
    made = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, content=TEXT), objects.script(2)])
        made.show_target("1")
        await until(lambda: made.editor.findings.shown)

    run(story())
    return made


def test_findings_are_named_and_lead_to_their_lines(page: ScriptPage) -> None:
    findings = page.editor.findings
    assert findings.title.text() == "2 things to look at before it runs"
    spoken = [findings.list.item(at).data(Qt.ItemDataRole.AccessibleTextRole) for at in range(2)]
    assert spoken == ["Danger. Line 2. It says rm.", "Careful. Line 3. It says reboot."]
    findings.list.setCurrentRow(0)
    QTest.keyClick(findings.list, Qt.Key.Key_Return)
    cursor = page.editor.code.edit.textCursor()
    assert (cursor.blockNumber(), cursor.positionInBlock()) == (1, 2)
    assert unnamed(page.editor.findings) == []


def test_they_follow_the_text_though_it_is_not_saved(page: ScriptPage, run: Run) -> None:
    async def story() -> None:
        page.editor.code.replace_text("echo hi\nreboot\n")
        await until(lambda: [found.line for found in page.editor.findings.shown] == [2])
        page.editor.code.replace_text("echo hi\n")
        await until(lambda: not page.editor.findings.isVisible())

    run(story())


def test_nothing_is_said_of_another_script(page: ScriptPage, world: World, run: Run) -> None:
    async def story() -> None:
        page.show_target("2")
        assert not page.editor.findings.isVisible()
        await until(lambda: world.api.body(FINDINGS)["content"] == "echo hi\n")

    run(story())
    assert page.editor.findings.shown == []


def test_where_the_service_refuses_nothing_is_said(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[FINDINGS] = (403, {"detail": "Not allowed.", "code": "forbidden"})

    async def story() -> None:
        page.editor.code.replace_text("rm -rf /tmp/x\n")
        await until(lambda: not page.editor.findings.shown)

    run(story())
    assert world.notices == []
