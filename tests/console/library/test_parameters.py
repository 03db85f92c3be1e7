"""Declaring the parameters of a script."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.parameters import ParameterType, ScriptParameter
from console.features.library.parameter_text import described, name_forms
from console.features.library.parameters_editor import ParametersEditor
from console.features.library.script_page import ScriptPage
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import GET, PUT, STALE, Make, Run, echo, type_in
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
DAYS = ScriptParameter("Days", ParameterType.NUMBER, required=True, default=14, minimum=1, maximum=90)
MODE = ScriptParameter("Mode", ParameterType.CHOICE, choices=["report", "delete"], default="report")


@pytest.fixture
def editor(qtbot: QtBot, world: World) -> ParametersEditor:
    made = ParametersEditor()
    qtbot.addWidget(made)
    made.show_saved([DAYS, MODE])
    made.show()
    return made


def names(editor: ParametersEditor) -> list[str]:
    return [one.name for one in editor.value]


def choose(editor: ParametersEditor, place: int) -> None:
    item = editor.list.topLevelItem(place)
    assert item is not None
    editor.list.setCurrentItem(item)


def retype(box: Any, text: str) -> None:
    box.selectAll()
    QTest.keyClicks(box, text)


def test_a_list_says_name_type_and_default(editor: ParametersEditor) -> None:
    rows = [[item.text(at) for at in range(3)] for item in editor.list._items()]
    assert rows == [["Days · required", "Number", "14"], ["Mode", "Choice", "report"]]
    assert not editor.fields.isVisible()
    choose(editor, 0)
    assert editor.fields.isVisible()
    assert unnamed(editor) == []


def test_by_keys_it_is_added_named_moved_removed_and_brought_back(editor: ParametersEditor) -> None:
    QTest.keyClick(editor.list, Qt.Key.Key_Insert)
    assert editor.fields.name.hasFocus()
    QTest.keyClicks(editor.fields.name, "Folder")
    assert names(editor) == ["Days", "Mode", "Folder"]
    QTest.keyClick(editor.list, Qt.Key.Key_Up, ALT)
    QTest.keyClick(editor.list, Qt.Key.Key_Up, ALT)
    QTest.keyClick(editor.list, Qt.Key.Key_Up, ALT)
    assert names(editor) == ["Folder", "Days", "Mode"]
    assert editor.fields.name.text() == "Folder"
    QTest.keyClick(editor.list, Qt.Key.Key_Delete)
    assert names(editor) == ["Days", "Mode"]
    QTest.keyClick(editor.list, Qt.Key.Key_Z, CONTROL)
    assert names(editor) == ["Folder", "Days", "Mode"]
    QTest.keyClick(editor.list, Qt.Key.Key_Y, CONTROL)
    assert names(editor) == ["Days", "Mode"]


def test_what_is_typed_into_one_field_is_one_step_of_undo(editor: ParametersEditor) -> None:
    choose(editor, 0)
    retype(editor.fields.name, "Weeks")
    QTest.keyClicks(editor.fields.label, "How long")
    editor.back.click()
    assert editor.value[0] == ScriptParameter("Weeks", ParameterType.NUMBER, "", "", True, 14, [], 1, 90)
    editor.back.click()
    assert editor.value == (DAYS, MODE)
    assert not editor.back.isVisible()


def test_a_dragged_row_takes_its_parameter_along(editor: ParametersEditor) -> None:
    choose(editor, 1)
    editor.list.moved.emit([1, 0])
    assert names(editor) == ["Mode", "Days"]
    assert editor.fields.name.text() == "Mode"
    editor.up.click()
    editor.down.click()
    assert names(editor) == ["Days", "Mode"]
    editor.remove.click()
    assert names(editor) == ["Days"]


@pytest.mark.parametrize(
    ("kind", "shown", "default"),
    [
        (ParameterType.TEXT, "default_text", "14"),
        (ParameterType.SECRET, "", None),
        (ParameterType.FILE, "", None),
        (ParameterType.BOOLEAN, "default_choice", None),
    ],
)
def test_another_type_drops_what_does_not_belong_to_it(
    editor: ParametersEditor, kind: ParameterType, shown: str, default: str | None
) -> None:
    choose(editor, 0)
    fields = editor.fields
    fields.type.setCurrentIndex(fields.type.findData(kind.value))
    assert editor.value[0] == ScriptParameter("Days", kind, required=True, default=default)
    assert not fields.minimum.isVisible()
    assert [name for name in ("default_text", "default_choice") if getattr(fields, name).isVisible()] == (
        [shown] if shown else []
    )


def test_choices_are_edited_and_offered_as_default(editor: ParametersEditor) -> None:
    choose(editor, 1)
    fields = editor.fields
    fields.choices.add.click()
    QTest.keyClicks(fields.choices.rows[2].cells[0], "list")
    assert editor.value[1].choices == ["report", "delete", "list"]
    fields.default_choice.setCurrentIndex(fields.default_choice.findText("list"))
    assert editor.value[1].default == "list"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda fields: retype(fields.name, "a-b"), '"a-b" cannot be the name'),
        (lambda fields: retype(fields.name, "mode"), "would be the same variable"),
        (lambda fields: retype(fields.default_text, "100"), "must be at most 90"),
        (lambda fields: retype(fields.default_text, "many"), "takes a number"),
        (lambda fields: retype(fields.minimum.box, "95"), "is above its largest"),
    ],
)
def test_what_is_wrong_is_said_at_the_parameter(editor: ParametersEditor, change: Any, sentence: str) -> None:
    choose(editor, 0)
    change(editor.fields)
    place = min(editor.problems())
    choose(editor, place)
    assert sentence in editor.fields.problem.text()
    item = editor.list.topLevelItem(place)
    assert item is not None
    assert item.text(1) == "not right"


def test_a_secret_of_a_cmd_script_is_refused(editor: ParametersEditor) -> None:
    editor.show_saved([ScriptParameter("Password", ParameterType.SECRET)])
    assert editor.problems() == {}
    editor.set_language("cmd")
    assert "cannot be a secret" in editor.go_to_problem()
    assert editor.fields.isVisible()


# ---- on the page


def test_parameters_are_saved_with_the_script(greet: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = echo
    greet.parameters.add.click()
    retype(greet.parameters.fields.name, "Folder")
    assert greet.header.mark.text() == "unsaved"

    async def story() -> None:
        greet.save_now()
        await until(lambda: not greet._saving)

    run(story())
    assert [one["name"] for one in world.api.body(PUT)["parameters"]] == ["Folder"]
    assert not greet.editor.dirty


def test_what_is_wrong_is_not_saved(greet: ScriptPage, world: World) -> None:
    greet.parameters.add.click()
    retype(greet.parameters.fields.name, "1st")
    greet.save_now()
    assert PUT not in world.api.calls()
    assert greet.parameters.fields.problem.text().startswith('"1st" cannot be the name')


def test_undo_to_what_is_saved_is_not_a_change(greet: ScriptPage) -> None:
    greet.parameters.add.click()
    greet.parameters.back.click()
    assert not greet.editor.dirty


def test_a_draft_keeps_them(make: Make, greet: ScriptPage, world: World, run: Run) -> None:
    greet.parameters.add.click()
    greet._drafts.keep()
    again = make()

    async def story() -> None:
        again.show_target("1")
        await until(lambda: again.info.revisions)

    run(story())
    assert names(again.parameters) == ["Parameter1"]
    assert again.editor.dirty


def test_going_back_takes_those_of_the_revision(greet: ScriptPage) -> None:
    greet.info.revisions[1].parameters = [DAYS]
    greet.info.choose(1)
    greet.info.compare.click()
    assert any(line.startswith("-   Days: number, required, 1 to 90, default 14") for line in diff(greet))
    greet.info.back.click()
    assert names(greet.parameters) == ["Days"]
    greet.parameters.back.click()
    assert names(greet.parameters) == []


def diff(page: ScriptPage) -> list[str]:
    return [f"{line.sign} {line.text}" for line in page.editor.comparison.diff.lines]


def test_somebody_elses_parameters_can_be_taken(greet: ScriptPage, world: World, run: Run) -> None:
    theirs = objects.script(
        1, "Greet", version=2, revision=2, parameters=[{"name": "Theirs", "type": "text"}], idempotent=True
    )
    world.api.answers |= {PUT: STALE, GET: (200, theirs)}
    greet.parameters.add.click()

    async def story() -> None:
        greet.save_now()
        await until(lambda: greet.editor.notice.text.text().startswith("Somebody else"))
        greet.editor.notice.press("Take theirs")
        await until(lambda: names(greet.parameters) == ["Theirs"])

    run(story())
    assert greet.editor.fields.idempotent.isChecked()
    assert not greet.editor.dirty


# ---- in the text


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("powershell", ["$Days", "$env:DF_DAYS"]),
        ("bash", ["${DF_DAYS}", "$DF_DAYS"]),
        ("cmd", ["%DF_DAYS%"]),
        ("python", ['os.environ["DF_DAYS"]']),
    ],
)
def test_each_language_has_its_own_names(language: str, forms: list[str]) -> None:
    assert name_forms(language, ["Days"]) == forms


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("$DF", ["$DF_DAYS", "$DF_MODE"]),
        ("$DF_M", ["$DF_MODE"]),
        ("${DF_D", ["${DF_DAYS}"]),
        ("Da", ["${DF_DAYS}", "$DF_DAYS"]),
        ("echo", []),
    ],
)
def test_names_are_offered_while_typing(greet: ScriptPage, typed: str, offered: list[str]) -> None:
    greet.parameters.show_unsaved([DAYS, MODE])
    greet.parameters.changed.emit()
    type_in(greet, typed)
    assert greet.editor.code.edit.completion.offered == offered
    greet.editor.code.edit.completion.popup.hide()


def test_a_name_is_taken_by_tab_and_not_by_esc(greet: ScriptPage) -> None:
    greet.parameters.show_unsaved([DAYS, MODE])
    greet.parameters.changed.emit()
    edit = greet.editor.code.edit
    type_in(greet, "echo $DF_M")
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    assert greet.editor.code.text().startswith("echo $DF_MODEecho")
    QTest.keyClicks(edit, " $DF_D")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert not edit.completion.is_open
    QTest.keyClick(edit, Qt.Key.Key_Space, CONTROL)
    assert edit.completion.offered == ["$DF_DAYS"]
    edit.completion.popup.hide()


def test_a_parameter_in_one_line() -> None:
    assert described(MODE) == "Mode: choice, one of report | delete, default report"
