from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core import formatting

NOW = datetime(2026, 3, 4, 10, 42, 7, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "0.2 s"),
        (2.0, "2 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (3 * 3600, "3 h"),
        (3 * 3600 + 300, "3 h 5 min"),
        (86400, "1 day"),
        (6 * 86400 + 2 * 3600, "6 days 2 h"),
        (-5, "0 s"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 KB"), (1536, "1.5 KB"), (10 << 30, "10 GB"), (None, "–")],
)
def test_a_size_has_three_digits_at_most(count: int | None, text: str) -> None:
    assert formatting.size(count) == text


def test_used_and_total_share_one_unit() -> None:
    assert formatting.size_of(int(9.1 * 2**30), 16 << 30) == "9.1 of 16 GB"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "never"),
        ("2026-03-04T10:42:06.500Z", "just now"),
        ("2026-03-04T10:30:07.000Z", "12 min ago"),
        ("2026-03-04T13:42:07.000Z", "in 3 h"),
    ],
)
def test_ago(value: str | None, text: str) -> None:
    assert formatting.ago(value, NOW) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-03-04T09:00:00.000Z", "10:00"),
        ("2026-03-03T23:30:00.000Z", "00:30"),
        ("2026-03-03T09:00:00.000Z", "yesterday 10:00"),
        ("2026-03-05T09:00:00.000Z", "tomorrow 10:00"),
        ("2026-01-02T09:00:00.000Z", "2 Jan 10:00"),
        ("2025-11-02T09:00:00.000Z", "2 Nov 2025 10:00"),
    ],
)
def test_a_time_is_as_short_as_it_is_clear_where_the_reader_is(value: str, text: str) -> None:
    assert formatting.local_time(value, NOW, BERLIN) == text


@given(st.integers(0, 2**60))
def test_every_size_is_short(count: int) -> None:
    assert len(formatting.size(count)) <= len("1023 PB")
