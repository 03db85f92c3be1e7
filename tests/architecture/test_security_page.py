"""What the page on security says can be looked up, and it passes over none of the requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import ROOT

PAGE = (ROOT / "resources" / "help" / "security.md").read_text("utf-8")
ASKED = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "3.2": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3,
    "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3,
    "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3,
    "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2,
    "11.2": 3, "11.3": 3, "11.4": 3, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1,
    "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
"""How many requirements of levels 1 and 2 each section of ASVS 5.0 has; they come first in it."""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE[PAGE.index("### V1 ") :].splitlines()
    if re.match(r"\| \d", line)
]


def numbers(cell: str) -> Iterator[str]:
    """Of `1.2.6 to 1.2.8` all three."""
    for part in cell.split(", "):
        first, _, last = part.partition(" to ")
        section, _, begin = first.rpartition(".")
        end = (last or first).rpartition(".")[2]
        yield from (f"{section}.{number}" for number in range(int(begin), int(end) + 1))


def test_every_requirement_has_its_row_and_only_one() -> None:
    found = [number for row in ROWS for number in numbers(row[0])]
    asked = {f"{section}.{number}" for section, many in ASKED.items() for number in range(1, many + 1)}
    assert sorted(found) == sorted(asked)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_says_how_it_is_and_proves_what_is_met(row: list[str]) -> None:
    _, _, state, how = row
    assert state in ("met", "n/a", "deviation", "not met")
    if state == "met":
        assert re.search(r"`[a-z_]+/[^`]+`|\]\(#", how), "a module, a test, or a part of this page"


def test_each_difference_is_explained_and_nothing_else() -> None:
    explained = re.findall(
        r"\d+\.\d+\.\d+", PAGE[PAGE.index("## Where it differs") : PAGE.index("## Who listens")]
    )
    different = [one for row in ROWS if row[2] in ("deviation", "not met") for one in numbers(row[0])]
    assert sorted(explained) == sorted(different)


def test_what_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:agent|backend_lite|build_spec|console|tests)/[^`]+)`", PAGE))
    assert len(named) > 80
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_its_links_lead_somewhere() -> None:
    headings = {
        line.lstrip("# ").lower().replace(" ", "-") for line in PAGE.splitlines() if line.startswith("##")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
