"""Waiting for what must come, with a deadline."""

import asyncio
from collections.abc import Callable

WAIT_S = 30.0
"""Ends what hangs, and measures nothing: a machine that is busy with other tests takes many times as long."""


async def until(holds: Callable[[], object], what: str = "it", timeout_s: float = WAIT_S) -> None:
    """Gives way until `holds()`; AssertionError naming `what` when it does not come."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    while not holds():
        waited = clock() - begun
        assert waited < timeout_s, f"within {timeout_s} s: no {what}"
        # Who looks all the time takes the processor from whom it waits for.
        await asyncio.sleep(min(max(waited / 20, 0.001), 0.02))
