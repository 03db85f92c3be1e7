"""A search of all output goes through both streams, page by page, and can be given up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from backend_lite.contract.output import OutputMatch, OutputMatches
from console.core import output_search
from console.core.errors import ConsoleError, ServiceGone
from console.core.output_search import OutputSearch
from tests.helpers.waiting import until


@dataclass
class FakeSource:
    pages: dict[tuple[int, int], OutputMatches] = field(default_factory=dict)
    asked: list[tuple[int, int, str | None]] = field(default_factory=list)
    fails: ConsoleError | None = None
    answers: asyncio.Event | None = None

    async def search(
        self, stream: int, text: str, offset: int, *, limit: int, match_case: bool, encoding: str | None
    ) -> OutputMatches:
        self.asked.append((stream, offset, encoding))
        if self.answers is not None:
            await self.answers.wait()
        if self.fails is not None:
            raise self.fails
        return self.pages.get((stream, offset), OutputMatches([], None))


@dataclass
class FakeSink:
    matches: list[OutputMatch] = field(default_factory=list)
    end: str = ""

    def found(self, matches: Sequence[OutputMatch]) -> None:
        self.matches += matches

    def ended(self, *, whole: bool) -> None:
        self.end = "whole" if whole else "part"

    def fail(self, sentence: str) -> None:
        self.end = sentence


def _match(line: int, stream: int = 0) -> OutputMatch:
    return OutputMatch(stream, line, line * 10, f"line {line}")


async def _searched(source: FakeSource) -> FakeSink:
    sink = FakeSink()
    search = OutputSearch(sink)
    search.start(source, "line", match_case=False, encodings=("utf-8", "cp850"))
    await until(lambda: sink.end)
    return sink


def test_pages_of_both_streams_are_asked_for_in_their_encodings() -> None:
    source = FakeSource(
        {
            (0, 0): OutputMatches([_match(1)], 500),
            (0, 500): OutputMatches([_match(60)], None),
            (1, 0): OutputMatches([_match(2, 1)], None),
        }
    )
    sink = asyncio.run(_searched(source))
    assert [match.line for match in sink.matches] == [1, 60, 2]
    assert sink.end == "whole"
    assert source.asked == [(0, 0, "utf-8"), (0, 500, "utf-8"), (1, 0, "cp850")]


def test_too_many_are_not_all_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_search, "MOST_FOUND", 2)
    page = OutputMatches([_match(1), _match(2)], 500)
    source = FakeSource({(0, 0): page})
    assert asyncio.run(_searched(source)).end == "part"
    assert len(source.asked) == 1


def test_a_refusal_is_said() -> None:
    sink = asyncio.run(_searched(FakeSource(fails=ServiceGone("The service does not answer."))))
    assert sink.end == "The service does not answer."


def test_a_new_search_ends_the_one_before() -> None:
    async def story() -> None:
        sink, slow = FakeSink(), FakeSource(answers=asyncio.Event())
        search = OutputSearch(sink)
        search.start(slow, "line", match_case=False, encodings=("utf-8", "utf-8"))
        await until(lambda: slow.asked)
        quick = FakeSource({(0, 0): OutputMatches([_match(7)], None)})
        search.start(quick, "line", match_case=False, encodings=("utf-8", "utf-8"))
        assert slow.answers is not None
        slow.answers.set()
        await until(lambda: sink.end)
        assert [match.line for match in sink.matches] == [7]
        assert slow.asked == [(0, 0, "utf-8")]

    asyncio.run(story())
