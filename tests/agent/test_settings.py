"""What an administrator may set for one agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.settings import load_settings


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.json").least_free is None


@pytest.mark.parametrize(("text", "least_free"), [("{}", None), ('{"least_free_mb": 2048}', 2 << 30)])
def test_a_number_of_megabytes(tmp_path: Path, text: str, least_free: int | None) -> None:
    (tmp_path / "settings.json").write_text(text)
    assert load_settings(tmp_path / "settings.json").least_free == least_free


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON; correct it or delete it"),
        ("[]", "may only hold an object with least_free_mb"),
        ('{"least_fre_mb": 1}', "may only hold an object with least_free_mb"),
        ('{"least_free_mb": -1}', "must be a whole number of megabytes, 0 or more"),
        ('{"least_free_mb": true}', "must be a whole number of megabytes, 0 or more"),
        ('{"least_free_mb": "1 GB"}', "must be a whole number of megabytes, 0 or more"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(AgentError, match=sentence):
        load_settings(tmp_path / "settings.json")
