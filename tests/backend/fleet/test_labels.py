"""What devices say about themselves, made safe."""

import dataclasses
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.codec import to_plain
from agent.wire.messages import Facts, Metrics
from backend_lite.features.fleet.labels import (
    LABEL_SIZES,
    bounded,
    clean,
    labels_of,
    real_identifier,
    within_bounds,
)
from tests.helpers.agents import FACTS, METRICS

NUMBERS = st.integers(-(10**30), 10**30)


@given(st.text(), st.integers(1, 50))
def test_clean_text_is_one_printable_line_within_its_size(text: str, size: int) -> None:
    cleaned = clean(text, size)
    assert len(cleaned) <= size
    assert cleaned == cleaned.strip()
    assert all(c == " " or unicodedata.category(c)[0] not in "CZ" for c in cleaned)
    assert clean(cleaned, size) == cleaned


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("web-1", "Büro-PC 3", "日本語", "AMD EPYC™ (16×)"):
        assert clean(text) == text


@given(st.builds(Facts, **dict.fromkeys(("hostname", "os_type", "serial", "model"), st.text(max_size=600)), memory_total=NUMBERS, cpu_count=NUMBERS, signed_in=st.lists(st.text(), max_size=80).map(tuple)))  # fmt: skip  # noqa: E501
def test_bounded_facts_fit_and_their_labels_fit_the_columns(facts: Facts) -> None:
    within = bounded(facts)
    assert bounded(within) == within
    assert len(within.signed_in) <= 64
    assert len(json.dumps(to_plain(within))) < 256_000
    for name, label in labels_of(within).items():
        assert label is None or 0 < len(label) <= LABEL_SIZES[name]
    assert labels_of(within)["hostname"]


@given(st.builds(Metrics, **dict.fromkeys((f.name for f in dataclasses.fields(Metrics)), NUMBERS)))
def test_metrics_are_within_bounds_exactly_when_bounding_changes_nothing(metrics: Metrics) -> None:
    assert within_bounds(metrics) == (bounded(metrics) == metrics)
    assert within_bounds(bounded(metrics))


def test_ordinary_metrics_are_within_bounds() -> None:
    assert within_bounds(METRICS)


@pytest.mark.parametrize(
    ("name", "version", "shown"),
    [
        ("Windows 11 Pro", "10.0.26100", "Windows 11 Pro 10.0.26100"),
        ("Debian GNU/Linux 12 (bookworm)", "12", "Debian GNU/Linux 12 (bookworm)"),
        ("Arch Linux", "", "Arch Linux"),
        ("", "6.1", "6.1"),
        ("", "", None),
    ],
)
def test_the_system_is_named_without_saying_the_version_twice(
    name: str, version: str, shown: str | None
) -> None:
    facts = dataclasses.replace(FACTS, os_name=name, os_version=version)
    assert labels_of(facts)["os_description"] == shown


def test_the_hardware_is_one_line() -> None:
    facts = dataclasses.replace(
        FACTS, manufacturer="Dell Inc.", model="Latitude 7440", memory_total=16_900_000_000
    )
    assert labels_of(facts)["hardware_summary"] == "Dell Inc. Latitude 7440, AMD EPYC, 4 threads, 16 GB"
    empty = dataclasses.replace(FACTS, cpu_model="", cpu_count=0, memory_total=0)
    assert labels_of(empty)["hardware_summary"] is None


def test_only_real_serial_numbers_identify() -> None:
    for text in (
        None,
        "",
        "0",
        "00000000",
        "None",
        "To Be Filled By O.E.M.",
        "Default string",
        "System Serial Number",
    ):
        assert real_identifier(text) is None
    for text in ("5CG1234XYZ", "VMware-56 4d 01"):
        assert real_identifier(text) == text
