"""What the README promises can be looked up."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_sentence_of_the_promise_names_tests_that_are_there() -> None:
    promise = README[README.index("## The promise") : README.index("## Without the demo")]
    rows = [line for line in promise.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 8
    for row in rows:
        named = re.findall(r"`(tests/[^`]+\.py)`", row)
        assert named, row
        for name in named:
            assert re.search(
                r"^(async )?def test_|^Test\w+ = ", (ROOT / name).read_text("utf-8"), re.MULTILINE
            ), name


def test_folders_and_modules_that_it_names_are_there() -> None:
    for module in re.findall(r"python -m ([\w.]+)", README):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
