"""Whatever is changed in the audit is found at the event that it was done to."""

from pathlib import Path

import pytest

from backend_lite.features.audit import check
from tests.security.audit_rows import tampered

EVENTS = 120
"""`python -m tests.security audit` has 100,000."""


def test_every_change_is_found_at_its_event(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "SLICE", 50)
    found = tampered(migrated, tmp_path, EVENTS)
    assert found.wrong == []
    assert found.changes > 35
