"""Searching all of an output, also the parts that are not here: page by page on the service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from backend_lite.contract.output import OutputMatch, OutputMatches
from backend_lite.contract.streams import STREAMS
from console.core.errors import ConsoleError

MOST_FOUND = 2_000
PAGE = 500


class SearchSource(Protocol):
    """Raises ConsoleError."""

    async def search(
        self, stream: int, text: str, offset: int, *, limit: int, match_case: bool, encoding: str | None
    ) -> OutputMatches:
        """Lines of a stream that hold the text, from `offset` on."""


class SearchSink(Protocol):
    def found(self, matches: Sequence[OutputMatch]) -> None: ...

    def ended(self, *, whole: bool) -> None:
        """Nothing more comes; not `whole`: there is more than is shown."""

    def fail(self, sentence: str) -> None: ...


class OutputSearch:
    """One search at a time: a new one ends that before it."""

    def __init__(self, sink: SearchSink) -> None:
        self._sink = sink
        self._task: asyncio.Task[None] | None = None

    def start(self, source: SearchSource, text: str, *, match_case: bool, encodings: tuple[str, str]) -> None:
        self.stop()
        work = self._run(source, text, match_case, encodings)
        self._task = asyncio.get_running_loop().create_task(work, name="search of output")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(
        self, source: SearchSource, text: str, match_case: bool, encodings: tuple[str, str]
    ) -> None:
        found = 0
        try:
            for stream in range(len(STREAMS)):
                offset: int | None = 0
                while offset is not None:
                    answer = await source.search(
                        stream, text, offset, limit=PAGE, match_case=match_case, encoding=encodings[stream]
                    )
                    found += len(answer.matches)
                    self._sink.found(answer.matches)
                    offset = answer.next_offset
                    if found >= MOST_FOUND and offset is not None:
                        self._sink.ended(whole=False)
                        return
        except ConsoleError as error:
            self._sink.fail(str(error))
            return
        self._sink.ended(whole=True)
