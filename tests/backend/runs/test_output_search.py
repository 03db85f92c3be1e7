"""Text in output is found wherever it is, a bounded part at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.contract.encodings import ENCODINGS
from backend_lite.contract.output import OutputMatch
from backend_lite.features.runs import output_search
from backend_lite.features.runs.output_search import Wanted, search


class Bytes:
    """Output that counts what is read of it at once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.largest = 0

    def __call__(self, offset: int, limit: int) -> bytes:
        self.largest = max(self.largest, limit)
        return self.data[offset : offset + limit]


def found(data: bytes, wanted: Wanted, limit: int = 1000) -> list[OutputMatch]:
    """All matches, over as many requests as it takes."""
    matches: list[OutputMatch] = []
    offset: int | None = 0
    while offset is not None:
        answer = search(Bytes(data), 0, wanted, offset, limit)
        assert answer.next_offset is None or answer.next_offset > offset
        matches += answer.matches
        offset = answer.next_offset
    return matches


def test_lines_are_found_with_their_numbers_and_places() -> None:
    data = b"one\nTwo here\nthree\ntwo again"
    assert [(m.line, m.offset, m.text) for m in found(data, Wanted("two"))] == [
        (2, 4, "Two here"),
        (4, 19, "two again"),
    ]
    assert [m.line for m in found(data, Wanted("two", match_case=True))] == [4]
    assert found(data, Wanted("four")) == []


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    data = b"".join(b"line %d\n" % n for n in range(500))
    assert found(data, Wanted("line"), limit=7) == found(data, Wanted("line"))
    assert [m.line for m in found(data, Wanted("line"), limit=7)] == list(range(1, 501))


def test_a_request_reads_a_bounded_part_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_search, "SCANNED", 1 << 20)
    data = (b"x" * 99 + b"\n") * 40_000 + b"the needle\n"
    source = Bytes(data)
    first = search(source, 0, Wanted("needle"), 0, 10)
    assert first.matches == []
    assert first.next_offset is not None
    assert 1 << 20 <= first.next_offset < 2 << 20
    assert source.largest <= 1 << 20
    (match,) = found(data, Wanted("needle"))
    assert (match.line, match.offset) == (40_001, 4_000_000)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encoding_is_that_of_the_reader(encoding: str) -> None:
    word = next(w for w in ("Größe", "Łódź", "Ошибка", "エラー", "错误", "ΦΑΚ", "שלום", "şey", "خطأ", "Đá")
                if w.encode(encoding, "replace").decode(encoding) == w)  # fmt: skip
    data = f"first\r\n{word} 1\r\nlast\r\n".encode(encoding)
    (match,) = found(data, Wanted(word.upper(), encoding=encoding))
    assert (match.line, match.text) == (2, f"{word} 1")


def test_without_a_word_the_bytes_tell_the_encoding() -> None:
    data = "eins\r\nzwei Größe\r\n".encode("utf-16-le")
    (match,) = found(data, Wanted("größe"))
    assert (match.line, match.offset, match.text) == (2, 12, "zwei Größe")


def test_what_lies_across_the_end_of_a_block_is_found() -> None:
    block = 256 << 10
    data = b"x" * (block - 3) + b"needle" + b"y" * block + b"\nneedle\n"
    matches = found(data, Wanted("needle"))
    assert [m.line for m in matches] == [1, 2]
    assert matches[-1].offset == data.rindex(b"needle")


def test_a_long_line_is_shown_around_what_was_found() -> None:
    (match,) = found(b"x" * 5_000 + b"needle" + b"y" * 5_000, Wanted("NEEDLE"))
    assert "needle" in match.text
    assert len(match.text) < 500


def test_bytes_that_are_no_text_do_not_end_a_search() -> None:
    (match,) = found(b"\xff\xfe\xfa" * 10 + b"\nneedle \xff\n", Wanted("needle", encoding="utf-8"))
    assert match.text == "needle \\xff"


@given(
    lines=st.lists(st.text("ab\u010a\u0a0a", max_size=5), max_size=30),
    encoding=st.sampled_from(("utf-8", "utf-16-le")),
    limit=st.integers(1, 5),
    end=st.booleans(),
)
def test_exactly_the_lines_that_hold_it_are_found(
    lines: list[str], encoding: str, limit: int, end: bool
) -> None:
    data = ("\n".join(lines) + ("\n" if end else "")).encode(encoding)
    numbers = [n for n, line in enumerate(lines, 1) if "a" in line]
    assert [m.line for m in found(data, Wanted("A", encoding=encoding), limit)] == numbers
