"""Tables as text: what is written is read again, and every cell knows its place."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.core.csv_text import CsvError, read_rows, write_rows

TEXT = st.text(alphabet=st.sampled_from("ab ;,\t\"'=+-@\r\nä😀"), max_size=8)
ROWS = st.lists(st.lists(TEXT, min_size=2, max_size=4), min_size=1, max_size=6)


def texts(text: str) -> list[list[str]]:
    return [[cell.text for cell in row] for row in read_rows(text)]


def visible(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if any(cell and not cell.isspace() for cell in row)]


@given(ROWS)
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    # The first line decides on the separator: it is one of names in every real table.
    rows = [["one", "two", "three"], *rows]
    assert texts(write_rows(rows)) == visible(rows)


@given(ROWS)
def test_no_spreadsheet_takes_a_written_cell_for_a_formula(rows: list[list[str]]) -> None:
    for row in csv.reader(io.StringIO(write_rows(rows).removeprefix("\ufeff"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@given(st.text(alphabet=st.sampled_from('ab,;"\r\n'), max_size=40))
def test_whatever_the_text_it_is_a_table_or_has_a_place_where_it_stops_being_one(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    try:
        cells = [cell for row in read_rows(text) for cell in row]
    except CsvError as error:
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(text) + 1
        return
    assert [(cell.line, cell.column) for cell in cells] == sorted({(c.line, c.column) for c in cells})


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_line_ends_and_the_mark_of_utf_8_are_understood(separator: str, end: str) -> None:
    text = "\ufeff" + end.join((separator.join(("a", "b")), separator.join(('"x ""1"""', "")), "")) + end
    assert texts(text) == [["a", "b"], ['x "1"', ""]]


def test_every_cell_knows_its_line_and_column() -> None:
    rows = list(read_rows('a,b\n"x\ny",z\n\n,last'))
    places = [(cell.text, cell.line, cell.column) for row in rows for cell in row]
    assert places == [
        ("a", 1, 1), ("b", 1, 3), ("x\ny", 2, 1), ("z", 3, 4), ("", 5, 1), ("last", 5, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [('a,b\n1,"2\n3', 2, 3, "never closed"), ('a,b\n"1"2,3', 2, 4, "closing quote")],
)
def test_broken_quotes_are_pointed_at(text: str, line: int, column: int, word: str) -> None:
    with pytest.raises(CsvError, match=word) as refused:
        list(read_rows(text))
    assert (refused.value.line, refused.value.column) == (line, column)
