"""Output without what only a terminal understands."""

import pytest

from console.core.plain_output import plain


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"one\ntwo\n", "one\ntwo\n"),
        (b"one\r\ntwo", "one\ntwo"),
        (b"10 %\r50 %\r100 %\ndone", "100 %\ndone"),
        (b"\x1b[31mred\x1b[0m plain", "red plain"),
        ("\ufeffmit Umlaut ä".encode(), "mit Umlaut ä"),
        ("wide".encode("utf-16-le"), "wide"),
        (b"", ""),
    ],
)
def test_lines_are_as_a_person_would_see_them(raw: bytes, text: str) -> None:
    assert plain(raw) == text
