"""The bytes of a piece as they come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from litestar.exceptions import HTTPException

from backend_lite.errors import ServiceError

IDLE_S = 60.0
"""A sender that is silent for longer has gone: others may go on where it was."""
_BUFFER = 1 << 20


async def gathered(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in blocks worth a write. What came before an error is given on before it is raised."""
    waiting = bytearray()
    failure: Exception | None = None
    piece: bytes | None = b""
    while piece is not None:
        try:
            async with asyncio.timeout(IDLE_S):
                piece = await anext(pieces, None)
        except TimeoutError:
            piece, failure = None, _too_slow()
        except HTTPException as error:
            # The sender is gone, or sends more than a piece may have.
            piece, failure = None, error
        waiting += piece or b""
        if len(waiting) >= _BUFFER or (waiting and piece is None):
            yield bytes(waiting)
            waiting.clear()
    if failure is not None:
        raise failure


def _too_slow() -> ServiceError:
    detail = f"Nothing came for {IDLE_S:.0f} seconds. Ask where to go on."
    return ServiceError(detail, code="too_slow", status=408)
