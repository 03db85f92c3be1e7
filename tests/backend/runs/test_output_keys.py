"""Identical output has the same key, and what was left out has its place."""

from __future__ import annotations

import dataclasses
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from agent.wire.messages import Done
from backend_lite.features.runs.output import KeptOutput
from backend_lite.features.runs.output_keys import record_output
from backend_lite.features.runs.tables import AttemptRow
from tests.backend.runs.harness import outcome

OUTPUTS = st.binary(max_size=3)


def _recorded(stdout: bytes, stderr: bytes, message: Done | None = None) -> AttemptRow:
    attempt = AttemptRow()
    hashes = hashlib.sha256(stdout).hexdigest(), hashlib.sha256(stderr).hexdigest()
    record_output(attempt, message or outcome("e-1-1"), KeptOutput((len(stdout), len(stderr)), hashes))
    return attempt


@given(OUTPUTS, OUTPUTS, OUTPUTS, OUTPUTS)
def test_the_key_is_the_same_exactly_where_all_bytes_are(a: bytes, b: bytes, c: bytes, d: bytes) -> None:
    assert (_recorded(a, b).output_key == _recorded(c, d).output_key) == ((a, b) == (c, d))


def test_what_was_left_out_differs_by_how_much_it_was() -> None:
    said = dataclasses.replace(outcome("e-1-1"), stdout_total=1_000, stdout_gap=2)
    more = dataclasses.replace(said, stdout_total=1_001)
    assert _recorded(b"abc", b"", said).output_key != _recorded(b"abc", b"", more).output_key


def test_a_gap_lies_within_what_is_kept() -> None:
    for gap, expected in ((2, 2), (9, 3), (0, 3)):
        said = dataclasses.replace(outcome("e-1-1"), stdout_total=1_000, stdout_gap=gap)
        recorded = _recorded(b"abc", b"", said)
        assert (recorded.stdout_gap, recorded.stdout_total, recorded.stderr_gap) == (expected, 1_000, 0)
    assert _recorded(b"abc", b"").stdout_gap == 0
