"""The agent's side of output: from the spool into frames, resuming where the service left off."""

from __future__ import annotations

from collections.abc import Iterator

from agent.spool import SpoolReader
from agent.wire.messages import OutputFrame

FRAME_SIZE = 64 << 10
TOGETHER_MS = 20


class OutputSource:
    """What is still to be sent of one attempt's output. The spool may not be there yet."""

    def __init__(self, attempt: str, spool: str) -> None:
        self.attempt = attempt
        self._spool = spool
        self._reader: SpoolReader | None = None
        self._marks = [0, 0]

    def rewind(self, stdout: int, stderr: int) -> None:
        """Start again after so many bytes of each stream."""
        self.close()
        self._marks = [stdout, stderr]

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def frames(self, most_bytes: int, *, ended: bool = False) -> list[OutputFrame]:
        """The next frames, in the order in which the output came; about `most_bytes` at most.

        The newest output of a script that wrote too much comes only when its runner has `ended`.
        """
        frames: list[OutputFrame] = []
        size = 0
        for elapsed_ms, stream, offset, data in self._unsent(ended):
            last = frames[-1] if frames else None
            if last is not None and _go_together(last, stream, elapsed_ms, len(data)):
                frames[-1] = OutputFrame(self.attempt, stream, last.offset, last.elapsed_ms, last.data + data)
            else:
                frames.append(OutputFrame(self.attempt, stream, offset, elapsed_ms, data))
            size += len(data)
            if size >= most_bytes:
                break
        return frames

    def _unsent(self, ended: bool) -> Iterator[tuple[int, int, int, bytes]]:
        if self._reader is None:
            try:
                self._reader = SpoolReader(self._spool)
            except FileNotFoundError:
                return
        for elapsed_ms, stream, offset, data in self._reader.pieces(ended=ended):
            known = self._marks[stream] - offset
            if known < len(data):
                skipped = max(0, known)
                yield elapsed_ms, stream, offset + skipped, data[skipped:]


def _go_together(last: OutputFrame, stream: int, elapsed_ms: int, size: int) -> bool:
    return (
        last.stream == stream
        and elapsed_ms - last.elapsed_ms <= TOGETHER_MS
        and len(last.data) + size <= FRAME_SIZE
    )
