"""Lengths of time and moments as a person types them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.spans import parse_moment, parse_span, span_text

NOW = datetime(2026, 3, 4, 10, 42, 7, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90 s", 90),
        ("15", 900),
        ("1h30m", 5400),
        ("1.5 hours", 5400),
        ("7 days", 604_800),
        ("2 w", 1_209_600),
        ("0 s", 0),
    ],
)
def test_a_span(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "9" * 400, "-5 min", "1 h x", "5,5"])
def test_no_span(text: str) -> None:
    assert parse_span(text) is None


@given(st.integers(0, 100_000_000))
def test_what_is_shown_is_read_back(seconds: int) -> None:
    assert parse_span(span_text(seconds)) == seconds


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(text: str) -> None:
    parse_span(text)
    parse_moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("22:00", (2026, 3, 4, 22, 0)),
        ("6:30", (2026, 3, 5, 6, 30)),
        ("today 6:30", (2026, 3, 4, 6, 30)),
        ("tomorrow 06:00", (2026, 3, 5, 6, 0)),
        ("Sat 22:00", (2026, 3, 7, 22, 0)),
        ("wednesday 9:00", (2026, 3, 11, 9, 0)),
        ("2026-11-24 18:00", (2026, 11, 24, 18, 0)),
        ("24 Nov 18:00", (2026, 11, 24, 18, 0)),
        ("1. feb 18:00", (2027, 2, 1, 18, 0)),
        ("24 Nov 2028 18:00", (2028, 11, 24, 18, 0)),
        ("in 2 h", (2026, 3, 4, 12, 42)),
        ("+30 min", (2026, 3, 4, 11, 12)),
    ],
)
def test_a_moment(text: str, moment: tuple[int, ...]) -> None:
    found = parse_moment(text, NOW)
    assert found is not None
    assert (found.year, found.month, found.day, found.hour, found.minute) == moment


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12:60", "31 Feb 12:00", "sometime 12:00", "in x"])
def test_no_moment(text: str) -> None:
    assert parse_moment(text, NOW) is None
