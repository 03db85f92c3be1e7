"""A token for a few lets a few in, however many come at once."""

from pathlib import Path

import pytest

from tests.security.enrolments import enrolled


@pytest.mark.sockets
def test_fifty_agents_on_a_token_for_five_are_five(tmp_path: Path) -> None:
    seen = enrolled(tmp_path, agents=50, uses=5)
    assert (seen.ends["enrolled"], seen.devices, seen.used) == (5, 5, 5)
    assert seen.ends.total() == 50
