"""The two streams of output: their numbers in `OutputPiece`, their names in addresses."""

from __future__ import annotations

from agent.wire.messages import STDERR, STDOUT, STREAMS

__all__ = ["STDERR", "STDOUT", "STREAMS"]
