"""Every text that a person reads goes through `tr`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.core import texts

ROOT = Path(__file__).resolve().parents[2] / "console"
# What shows its first argument.
SHOWING = {
    "label",
    "button",
    "setText",
    "setWindowTitle",
    "setToolTip",
    "setAccessibleName",
    "setPlaceholderText",
    "addTab",
    "notice",
    "banner",
    "PageHeader",
    "spin_box",
    "Field",
}
NAMES = {"DeployFlow", "Linux", "Windows", "Ctrl K", "brand"}


def untranslated(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            # A banner's first argument is its key.
            shown = node.args[1] if name == "banner" and len(node.args) > 1 else node.args[0]
            if name in SHOWING and is_text(shown):
                yield f"line {node.lineno}: {ast.unparse(node)}"


def is_text(shown: ast.expr) -> bool:
    if not isinstance(shown, ast.Constant) or not isinstance(shown.value, str):
        return False
    return shown.value not in NAMES and any(sign.isalpha() for sign in shown.value)


@pytest.mark.parametrize(
    "file", sorted(ROOT.rglob("*.py")), ids=lambda file: file.relative_to(ROOT).as_posix()
)
def test_no_text_goes_round_the_translator(file: Path) -> None:
    assert list(untranslated(file.read_text("utf-8"))) == []


def test_such_a_text_is_found() -> None:
    assert list(untranslated('label("Save")')) == ["line 1: label('Save')"]
    assert list(untranslated('label(tr("Save"))')) == []


def test_a_translator_is_asked_before_places_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_translator", [texts._as_it_is])
    texts.install_translator({"{n} of {m}": "{m} davon {n}"}.__getitem__)
    assert texts.tr("{n} of {m}", n=1, m=2) == "2 davon 1"


def test_one_and_many_are_two_texts() -> None:
    assert texts.plural(1, "{count} device", "{count} devices") == "1 device"
    assert texts.plural(1204, "{count} device", "{count} devices") == "1,204 devices"
