"""Waiting for what must come, with a deadline."""

import asyncio
from collections.abc import Callable

WAIT_S = 5.0


async def until(holds: Callable[[], object], what: str = "it", timeout_s: float = WAIT_S) -> None:
    """Gives way until `holds()`; AssertionError naming `what` when it does not come."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, f"within {timeout_s} s: no {what}"
        await asyncio.sleep(0.001)
