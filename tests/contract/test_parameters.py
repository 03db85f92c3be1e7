"""Typed parameters: what can be declared, and which values will do."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.contract.parameters import (
    MAX_FILES_BYTES,
    MAX_PARAMETERS,
    FileValue,
    ParameterType,
    ParameterValue,
    ScriptParameter,
    definition_problems,
    file_name_problem,
    problems,
)

TEXT, NUMBER, BOOLEAN, CHOICE, FILE, SECRET = ParameterType
SIZE = ScriptParameter("Size", NUMBER, required=True, minimum=1, maximum=10)
COLOR = ScriptParameter("color", CHOICE, choices=["red", "dark blue"], default="red")
FORCE = ScriptParameter("force", BOOLEAN)
NOTE = ScriptParameter("note")
KEY = ScriptParameter("key", SECRET, required=True)
LICENCE = ScriptParameter("licence", FILE)
ALL = [SIZE, COLOR, FORCE, NOTE, KEY, LICENCE]
ENOUGH: dict[str, ParameterValue] = {"Size": 5, "key": "pass"}


def content(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_values_that_do() -> None:
    given: dict[str, ParameterValue] = {
        "Size": 2.5,
        "color": "dark blue",
        "force": False,
        "note": "",
        "key": "p ass",
        "licence": FileValue("licence.dat", content(b"\0\xff")),
    }
    assert problems(ALL, given) == {}
    assert problems(ALL, ENOUGH) == {}
    assert problems([], {"anything": 1, "b": True, "c": "d"}) == {}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("Size", "5", "Size takes a number."),
        ("Size", True, "Size takes a number."),
        ("Size", 10**400, "too large"),
        ("Size", float("nan"), "too large"),
        ("Size", 0, "Size must be at least 1; 0 is less."),
        ("Size", 10.5, "at most 10; 10.5 is more"),
        ("color", "blue", '"blue" is not a choice of color: use red or dark blue.'),
        ("force", 1, "yes or no"),
        ("force", "true", "yes or no"),
        ("note", 5, "note takes a text."),
        ("note", "a\0b", "NUL"),
        ("note", "\ud800", "half a character"),
        ("note", "x" * 32_001, "at most 32,000"),
        ("key", "", "key is needed"),
        ("licence", "text", "licence takes a file."),
        ("licence", FileValue("../x", ""), "plain file name"),
        ("licence", FileValue("x", "no base64!"), "no valid base64"),
        ("licence", FileValue("x", content(b"x" * (MAX_FILES_BYTES + 1))), "at most 524,288"),
        ("sise", 5, "Did you mean Size?"),
        ("colour of it all", 5, "It has Size, color,"),
    ],
)
def test_values_that_do_not(name: str, value: ParameterValue, says: str) -> None:
    found = problems(ALL, ENOUGH | {name: value})
    assert set(found) == {name}
    assert says in found[name]


def test_what_is_needed_is_asked_for() -> None:
    assert problems(ALL, {}) == {
        "Size": "Size is needed: give a number.",
        "key": "key is needed: give a text.",
    }
    assert problems([ScriptParameter("a", required=True, default="x")], {}) == {}


def test_all_together_are_limited() -> None:
    many = [ScriptParameter(f"p{n}", SECRET) for n in range(3)]
    found = problems(many, {"p0": "x" * 30_000, "p1": "x" * 30_001, "p2": "x" * 30_000})
    assert list(found) == ["p1"]
    assert "65,536" in found["p1"]
    files = [ScriptParameter(f"f{n}", FILE) for n in range(2)]
    half = FileValue("x", content(b"x" * (MAX_FILES_BYTES // 2 + 1)))
    assert "All files together" in problems(files, {"f0": half, "f1": half})["f0"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a b": 1}, "cannot be the name"),
        ({"Name": 1, "NAME": 2}, "same variable on Windows"),
        ({"a": FileValue("x", "")}, "does not declare"),
        ({"a": "\0"}, "NUL"),
        ({"a": 2**64}, "too large"),
        ({f"p{n}": n for n in range(MAX_PARAMETERS + 1)}, "At most 100"),
    ],
)
def test_undeclared_values_are_plain(given: dict[str, ParameterValue], says: str) -> None:
    assert any(says in sentence for sentence in problems([], given).values())


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        (ScriptParameter(""), "needs a name"),
        (ScriptParameter("1a"), "not beginning with a digit"),
        (ScriptParameter("größe"), "letters, digits and _"),
        (ScriptParameter("x" * 65), "up to 64"),
        (ScriptParameter("a", CHOICE), "at least one choice"),
        (ScriptParameter("a", CHOICE, choices=["x", "x"]), "there once"),
        (ScriptParameter("a", CHOICE, choices=[""]), "not empty"),
        (ScriptParameter("a", CHOICE, choices=["x"], default="y"), 'The default of a will not do. "y"'),
        (ScriptParameter("a", TEXT, choices=["x"]), "is no choice"),
        (ScriptParameter("a", TEXT, minimum=1), "is no number"),
        (ScriptParameter("a", NUMBER, minimum=3, maximum=2), "above its largest"),
        (ScriptParameter("a", NUMBER, minimum=3, default=2), "at least 3"),
        (ScriptParameter("a", BOOLEAN, default="yes"), "yes or no"),
        (ScriptParameter("a", SECRET, default="x"), "given for each run"),
        (ScriptParameter("a", FILE, default="x"), "given for each run"),
        (ScriptParameter("a", label="x" * 201), "label of a is too long"),
    ],
)
def test_what_cannot_be_declared(definition: ScriptParameter, says: str) -> None:
    found = definition_problems([NOTE, definition])
    assert set(found) == {1}
    assert says in found[1]


def test_names_are_unique_as_windows_sees_them() -> None:
    found = definition_problems([ScriptParameter("Path"), ScriptParameter("b"), ScriptParameter("PATH")])
    assert found == {2: "PATH and Path would be the same variable on Windows: give one of them another name."}
    assert definition_problems(ALL) == {}


def test_a_script_has_a_hundred_parameters_at_most() -> None:
    found = definition_problems([ScriptParameter(f"p{n}") for n in range(MAX_PARAMETERS + 2)])
    assert set(found) == {MAX_PARAMETERS, MAX_PARAMETERS + 1}


def test_cmd_gets_no_secrets() -> None:
    assert "PowerShell" in definition_problems([KEY], "cmd")[0]
    assert definition_problems([LICENCE, NOTE], "cmd") == {}
    assert definition_problems([KEY], "powershell") == {}


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "C:x",
        "a?",
        "con",
        "NUL.txt",
        "lpt1",
        "a.",
        "a ",
        " a",
        "x" * 201,
        "a\nb",
        "...",
    ],
)
def test_no_plain_file_name(name: str) -> None:
    assert file_name_problem(name)


@pytest.mark.parametrize("name", ["a", ".profile", "Größe 1.msi", "console.txt", "x" * 200])
def test_plain_file_names(name: str) -> None:
    assert file_name_problem(name) == ""


_PLAIN: Any = st.text(max_size=5) | st.integers() | st.floats() | st.booleans()
_VALUES: Any = _PLAIN | st.builds(FileValue, st.text(max_size=5), st.text(max_size=5))


@given(
    st.dictionaries(st.sampled_from(["Size", "color", "force", "note", "key", "licence", "x", ""]), _VALUES)
)
def test_any_value_does_or_has_a_sentence(given: dict[str, ParameterValue]) -> None:
    for definitions in (ALL, []):
        found = problems(definitions, given)
        assert all(sentence.endswith((".", "|")) for sentence in found.values())


@given(
    st.builds(
        ScriptParameter,
        name=st.text(max_size=4),
        type=st.sampled_from(ParameterType),
        default=st.none() | _PLAIN,
        choices=st.lists(st.text(max_size=3), max_size=3),
        minimum=st.none() | st.floats(),
        maximum=st.none() | st.floats(),
    )
)
def test_any_definition_does_or_has_a_sentence(definition: ScriptParameter) -> None:
    found = definition_problems([definition])
    if not found and definition.default is not None:
        assert problems([definition], {definition.name: definition.default}) == {}


def test_values_travel_as_json() -> None:
    raw = b'{"a":"x","b":1,"c":1.5,"d":true,"e":{"file_name":"x","content":""}}'
    decoded = msgspec.json.decode(raw, type=dict[str, ParameterValue])
    assert decoded == {"a": "x", "b": 1, "c": 1.5, "d": True, "e": FileValue("x", "")}
