"""What the description of the interface allows, and what it does not: neither breaks the service."""

import asyncio
from pathlib import Path

import pytest

from tests.helpers.service import in_process
from tests.security.site import furnished

EXAMPLES, EVERY = 1, 4
"""`python -m tests.security described` tries more of all."""


@pytest.mark.sockets
def test_every_answer_is_one_of_the_described(tmp_path: Path, migrated: Path) -> None:
    # Its imports take a second, which no other test needs to wait for.
    from tests.security.described import Teller

    with asyncio.Runner() as runner:
        living = in_process(tmp_path / "data", migrated)
        service = runner.run(living.__aenter__())
        try:
            told = Teller(runner, runner.run(furnished(service))).tell_all(EXAMPLES, EVERY)
        finally:
            runner.run(living.__aexit__(None, None, None))
    assert told.wrong == {}
    assert told.operations > 50
    assert len(told.reached) > told.operations / 3, "they must get past the doors"
