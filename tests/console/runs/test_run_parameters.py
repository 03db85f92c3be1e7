"""The typed parameters of the run dialog."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from backend_lite.contract.parameters import MAX_FILES_BYTES, FileValue, ScriptParameter
from console.widgets.parameter_form import ParameterForm
from console.widgets.parameter_inputs import BooleanInput, FileInput, NumberInput, SecretInput
from tests.console.conftest import World
from tests.console.runs.starting import POST, TYPED, Open, Run, created, parameter
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until


def declared(*found: dict[str, Any]) -> list[ScriptParameter]:
    return msgspec.convert(list(found), list[ScriptParameter])


@pytest.fixture
def form(qtbot: QtBot, world: World) -> ParameterForm:
    made = ParameterForm()
    qtbot.addWidget(made)
    made.show_definitions(declared(*TYPED))
    made.show()
    return made


def typed(form: ParameterForm, name: str, text: str) -> None:
    box = getattr(form.inputs[name], "box")  # noqa: B009
    assert isinstance(box, QLineEdit)
    box.selectAll()
    QTest.keyClicks(box, text)


def test_defaults_are_there_and_what_is_needed_is_marked(form: ParameterForm) -> None:
    assert form.values() == {"Cache": True, "Mode": "report"}
    days = form.inputs["Days"]
    assert isinstance(days, NumberInput)
    assert days.field.label.text() == "Older than · required"
    assert days.field.note.text() == "1 to 90."
    assert form.wrong() == "Fill in “Older than”."
    assert days.field.error == ""
    assert form.first_missing() is days
    assert unnamed(form) == []


def test_each_type_gives_its_own_value(form: ParameterForm, world: World, run: Run, tmp_path: Path) -> None:
    typed(form, "Days", "7")
    typed(form, "Password", "s3cret")
    typed(form, "Note", " as it is ")
    cache, config = form.inputs["Cache"], form.inputs["Config"]
    assert isinstance(cache, BooleanInput)
    assert isinstance(config, FileInput)
    cache.box.click()
    (tmp_path / "a.ini").write_bytes(b"x=1")

    async def story() -> None:
        config.read(tmp_path / "a.ini")
        await until(config.value)

    run(story())
    assert config.box.text() == "a.ini · 3 B"
    assert form.values() == {
        "Days": 7,
        "Cache": False,
        "Mode": "report",
        "Password": "s3cret",
        "Config": FileValue("a.ini", base64.b64encode(b"x=1").decode()),
        "Note": " as it is ",
    }
    assert form.wrong() == ""
    config.drop.click()
    assert "Config" not in form.values()


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("Days", "soon", "“soon” is not a number."),
        ("Days", "0", "Days must be at least 1; 0 is less."),
        ("Days", "91", "Days must be at most 90; 91 is more."),
        ("Days", "nan", "“nan” is not a number."),
    ],
)
def test_what_is_wrong_is_said_in_place(form: ParameterForm, name: str, text: str, wrong: str) -> None:
    typed(form, name, text)
    assert form.wrong() == wrong
    days = form.inputs[name]
    assert isinstance(days, NumberInput)
    assert days.field.error == wrong


def test_a_file_that_is_too_large_is_not_taken(
    form: ParameterForm, world: World, run: Run, tmp_path: Path
) -> None:
    config = form.inputs["Config"]
    assert isinstance(config, FileInput)
    (tmp_path / "big.bin").write_bytes(bytes(MAX_FILES_BYTES + 1))

    async def story() -> None:
        config.read(tmp_path / "big.bin")
        await until(config.problem)
        assert config.problem() == "big.bin has 512 KB; a file may have 512 KB at most."
        config.read(tmp_path / "missing.bin")
        await until(lambda: "cannot be read" in config.problem())

    run(story())
    assert config.value() is None


def test_a_secret_is_masked_and_shown_only_on_request(form: ParameterForm) -> None:
    secret = form.inputs["Password"]
    assert isinstance(secret, SecretInput)
    assert secret.box.echoMode() == QLineEdit.EchoMode.Password
    secret.show_it.click()
    assert secret.box.echoMode() == QLineEdit.EchoMode.Normal
    secret.show_it.click()
    assert secret.box.echoMode() == QLineEdit.EchoMode.Password


def test_what_was_given_stays_when_the_declaration_changes(form: ParameterForm) -> None:
    typed(form, "Note", "mine")
    typed(form, "Days", "7")
    form.show_definitions(declared(parameter("Note", description="new"), parameter("Days")))
    assert form.values() == {"Note": "mine"}


def test_a_proposed_secret_is_never_filled_in(form: ParameterForm) -> None:
    form.show_values({"Password": "old", "Days": 3, "Cache": False, "Unknown": "x"})
    assert form.values() == {"Days": 3, "Cache": False, "Mode": "report"}


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([("", "x")], "A parameter needs a name."),
        ([("a-b", "x")], '"a-b" cannot be the name of a parameter'),
        ([("grün", "x")], '"grün" cannot be the name of a parameter'),
        ([("a", "x"), ("a", "y")], "The parameter “a” stands there twice."),
        ([("a", "x"), ("A", "y")], "would be the same variable on Windows"),
    ],
)
def test_a_script_that_declares_none_takes_any_with_a_proper_name(
    qtbot: QtBot, world: World, rows: list[tuple[str, str]], wrong: str
) -> None:
    form = ParameterForm()
    qtbot.addWidget(form)
    form.show_definitions([])
    form.rows.set_values(rows)
    assert wrong in form.wrong()
    form.rows.set_values([("a", "x")])
    assert form.wrong() == ""
    assert form.values() == {"a": "x"}


# ---- in the dialog


def test_run_waits_for_what_is_needed_and_sends_it(open_: Open, world: World, trips: Trips, run: Run) -> None:
    dialog = open_(script_id=3, device_ids=(1,))
    world.api.answers[POST] = created(31)
    assert dialog.sentence.text() == "Fill in “Older than”."
    form = dialog.what.tasks[0].parameters
    box = form.inputs["Days"].focusProxy()
    assert dialog.focusWidget() is box

    async def story() -> None:
        typed(form, "Days", "7")
        typed(form, "Password", "s3cret")
        await until(lambda: not dialog.loader.checking)
        dialog.run.click()
        await until(lambda: trips.opened)

    run(story())
    assert world.api.body(POST)["parameters"] == {
        "Days": 7,
        "Cache": True,
        "Mode": "report",
        "Password": "s3cret",
    }
    kept = Path(world.context.settings.fileName())
    world.context.settings.sync()
    written = [path.read_bytes() for path in kept.parent.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in content for content in written)
