"""Secrets stand in the clear nowhere that the programs write, nor in what they show."""

import sys
from pathlib import Path

import pytest

from tests.security.canary import searched


@pytest.mark.sockets
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_secret_is_written_or_shown(tmp_path: Path) -> None:
    seen = searched(tmp_path)
    assert seen.found == []
    assert seen.secrets > 15
    assert seen.processes >= 4, "the service, the agent, what runs a step, and the step"
    assert seen.files > 20
