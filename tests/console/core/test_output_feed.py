"""The reader's part of an output: at the end, earlier, later, and along with what comes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lite.contract.output import OutputIndex, OutputPiece
from console.core import output_feed
from console.core.errors import ApiError, ServiceGone
from console.core.output_feed import OutputFeed, Place
from console.core.output_lines import Gap, Line, Update
from console.core.output_parts import PART_BYTES, KnownParts
from tests.helpers.waiting import until

AT_ONCE = 7
"""Pieces the fake service answers at once."""


@dataclass
class FakeSource:
    pieces: list[OutputPiece] = field(default_factory=list)
    streams: list[bytearray] = field(default_factory=lambda: [bytearray(), bytearray()])
    fails: list[Exception] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def write(self, stream: int, data: bytes) -> None:
        offset = len(self.streams[stream])
        self.streams[stream] += data
        self.pieces.append(OutputPiece(stream, offset, len(data), len(self.pieces) * 10))

    async def index(self, start: int) -> OutputIndex:
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        self.asked.append(("index", start))
        return OutputIndex(self.pieces[start : start + AT_ONCE], len(self.pieces))

    async def read(self, stream: int, offset: int, limit: int) -> bytes:
        await asyncio.sleep(0)
        self.asked.append(("read", stream, offset, limit))
        return bytes(self.streams[stream][offset : offset + min(limit, 100_000)])


@dataclass
class FakeSink:
    lines: list[Line] = field(default_factory=list)
    at: Place | None = None
    anchor: tuple[int | None, bool] | None = None
    following: bool = True
    full: bool = False
    failed: str = ""

    def begin(self, anchor: int | None, *, at_top: bool = True) -> None:
        self.lines = []
        self.anchor = (anchor, at_top)
        self.following = anchor is None

    def take(self, update: Update) -> None:
        if update.replaces_last:
            self.lines.pop()
        self.lines += update.lines

    def place(self, place: Place) -> None:
        self.at = place

    def fail(self, sentence: str) -> None:
        self.failed = sentence

    def first_part(self) -> int | None:
        return self.lines[0].piece if self.lines else None

    def top_part(self) -> int | None:
        return self.first_part()

    def is_following(self) -> bool:
        return self.following

    def is_full(self) -> bool:
        return self.full

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


Story = Callable[[OutputFeed, FakeSource, FakeSink], Awaitable[None]]


def play(story: Story, source: FakeSource | None = None) -> FakeSink:
    source, sink = source or FakeSource(), FakeSink()
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.sleep(0)

    async def work() -> None:
        feed = OutputFeed(source, sink, sleep=nap)
        feed.start()
        try:
            await feed.idle.wait()
            await story(feed, source, sink)
        finally:
            feed.stop()

    asyncio.run(asyncio.wait_for(work(), 20))
    return sink


async def settled(feed: OutputFeed) -> None:
    await until(feed.idle.is_set, "the feed to be idle")


async def nothing(_feed: OutputFeed, _source: FakeSource, _sink: FakeSink) -> None:
    return


def test_what_is_there_is_shown_and_what_comes_follows() -> None:
    source = FakeSource()
    source.write(0, b"one\n")

    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        assert sink.texts == ["one"]
        source.write(0, b"tw")
        source.write(1, b"oops\n")
        feed.grown(6, 5)
        await settled(feed)
        source.write(0, b"o\n")
        feed.grown(8, 5)
        await settled(feed)

    sink = play(story, source)
    assert [(line.stream, line.text) for line in sink.lines] == [
        (0, "one"),
        (0, "tw"),
        (1, "oops"),
        (0, "o"),
    ]
    assert sink.at == Place(0, 0, 13, damaged=False)


def test_no_output_is_no_lines() -> None:
    assert play(nothing).texts == []


def test_bytes_of_a_cut_character_are_shown_when_the_step_has_ended() -> None:
    source = FakeSource()
    source.write(0, "€".encode()[:2])

    async def story(feed: OutputFeed, _source: FakeSource, sink: FakeSink) -> None:
        assert sink.texts == []
        feed.finish()
        await settled(feed)

    sink = play(story, source)
    assert sink.texts == ["\\xe2\\x82"]
    assert sink.at is not None
    assert sink.at.damaged


def large(lines: int) -> FakeSource:
    source = FakeSource()
    for number in range(0, lines, 10):
        source.write(0, b"".join(b"%06d %s\n" % (n, b"x" * 200) for n in range(number, number + 10)))
    return source


def numbers(sink: FakeSink) -> list[int]:
    return [int(text[:6]) for text in sink.texts if text[:6].isdigit() and len(text) == 207]


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_feed, "SHOWN_BYTES", 20_000)
    monkeypatch.setattr(output_feed, "MOST_BYTES", 60_000)
    monkeypatch.setattr(output_feed, "GULP_BYTES", 10_000)


@pytest.mark.usefixtures("small_window")
def test_of_much_output_the_end_is_shown_and_the_rest_can_be_reached() -> None:
    source = large(2_000)

    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        read = sum(limit for what, *_rest, limit in source.asked if what == "read")
        assert read <= 20_000
        assert numbers(sink)[-1] == 1_999
        assert sink.at is not None
        assert sink.at.before > 300_000
        seen = set(numbers(sink))
        while sink.at.before > 0:
            top = numbers(sink)[0]
            feed.earlier()
            await settled(feed)
            assert numbers(sink)[0] < top <= numbers(sink)[-1]
            seen |= set(numbers(sink))
        assert seen == set(range(2_000))
        while sink.at.behind > 0:
            bottom = numbers(sink)[-1]
            feed.later()
            await settled(feed)
            assert numbers(sink)[0] <= bottom < numbers(sink)[-1]
        assert numbers(sink)[-1] == 1_999
        feed.to_start()
        await settled(feed)
        assert numbers(sink)[0] == 0
        assert sink.anchor is not None
        assert sink.anchor[0] is not None
        feed.to_end()
        await settled(feed)
        assert numbers(sink)[-1] == 1_999
        assert sink.anchor == (None, True)

    play(story, source)


@pytest.mark.usefixtures("small_window")
def test_a_torrent_takes_a_following_reader_to_its_end_and_leaves_another_where_they_are() -> None:
    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        torrent = large(1_000)
        source.write(0, bytes(torrent.streams[0]))
        feed.grown(len(source.streams[0]), 0)
        await settled(feed)
        assert numbers(sink)[-1] == 999
        assert sum(len(text) for text in sink.texts) <= 20_000
        sink.following = False
        before = sink.texts
        source.write(0, bytes(torrent.streams[0]))
        feed.grown(len(source.streams[0]), 0)
        await settled(feed)
        assert sink.texts == before
        assert sink.at is not None
        assert sink.at.behind == len(torrent.streams[0])

    play(story)


@pytest.mark.usefixtures("small_window")
def test_a_part_begins_with_a_whole_line() -> None:
    source = FakeSource()
    source.write(0, b"".join(b"%08d\n" % number for number in range(10_000)))
    texts = play(nothing, source).texts
    assert [len(text) for text in texts] == [8] * len(texts)
    assert texts[-1] == "00009999"


def test_a_full_view_is_left_alone_while_somebody_reads_in_it() -> None:
    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        sink.full, sink.following = True, False
        source.write(0, b"more\n")
        feed.grown(5, 0)
        await settled(feed)
        assert sink.texts == []
        assert sink.at is not None
        assert sink.at.behind == 5

    play(story)


def test_a_service_that_is_gone_is_asked_again() -> None:
    source = FakeSource(fails=[ServiceGone("gone"), ServiceGone("gone")])
    source.write(0, b"here\n")
    assert play(nothing, source).texts == ["here"]


def test_a_refusal_is_said() -> None:
    assert play(nothing, FakeSource(fails=[ApiError("No such run.", status=404)])).failed == "No such run."


def test_another_encoding_shows_the_same_part_anew() -> None:
    source = FakeSource()
    source.write(0, "Größe\n".encode("cp850"))

    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        assert sink.at is not None
        asked = len(source.asked)
        feed.decode_as("utf-8")
        await settled(feed)
        assert sink.texts == ["Gr\\x94\\xe1e"]
        assert sink.at.damaged
        feed.decode_as("cp850")
        await settled(feed)
        assert sink.texts == ["Größe"]
        assert not sink.at.damaged
        assert len(source.asked) == asked

    play(story, source)


pieces_strategy = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 3 * PART_BYTES)), max_size=12)


@given(pieces_strategy, st.integers(0, 12), st.integers(0, 5 * PART_BYTES))
def test_known_parts_add_up(story: list[tuple[int, int]], split: int, budget: int) -> None:
    sizes, pieces = [0, 0], []
    for stream, length in story:
        pieces.append(OutputPiece(stream, sizes[stream], length, 0))
        sizes[stream] += length
    split = min(split, len(pieces))
    parts = KnownParts(split)
    parts.add_behind(OutputIndex(pieces[split:], len(pieces)))
    before = parts.bytes_before(parts.start) if pieces[split:] else None
    parts.add_before(0, OutputIndex(pieces, len(pieces)))
    assert parts.knows_end
    total = sum(sizes)
    assert parts.size(parts.start, parts.end) == total
    assert parts.bytes_before(parts.start) == 0
    if before is not None and {piece.stream for piece in pieces[split:]} == {0, 1}:
        assert before == sum(piece.length for piece in pieces[:split])
    for number in range(parts.start, parts.end + 1):
        low, high = parts.back(number, budget), parts.forth(number, budget)
        assert parts.size(low, number) <= budget or low == number - 1
        assert parts.size(number, high) <= budget or high == number + 1
        assert parts.start <= low <= number <= high <= parts.end
        assert low < number or number == parts.start
        assert high > number or number == parts.end


@pytest.mark.parametrize("where", [0, 3, 2_000, 39_000, 39_990])
def test_a_place_far_away_is_gone_to(monkeypatch: pytest.MonkeyPatch, where: int) -> None:
    monkeypatch.setattr(output_feed, "SHOWN_BYTES", 400)
    source = FakeSource()
    for n in range(2_000):
        source.write(0, b"out %05d |xxxxxxxx\n" % n)
        if 300 <= n < 330:
            source.write(1, b"err %05d\n" % n)

    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        feed.grown(40_000, 300)
        await settled(feed)
        feed.go_to(0, where)
        await settled(feed)
        assert sink.anchor is not None
        assert sink.anchor[0] is not None
        line = next(line for line in sink.lines if line.piece >= sink.anchor[0] and line.stream == 0)
        assert line.text == f"out {where // 20:05} |xxxxxxxx"
        assert sum(len(line.text) for line in sink.lines) < 1_000
        feed.go_to(1, 290)
        await settled(feed)
        assert "err 00329" in sink.texts
        feed.to_end()
        await settled(feed)
        assert sink.texts[-1] == "out 01999 |xxxxxxxx"

    play(story, source)


def test_the_encoding_is_guessed_and_said_and_can_change_when_more_is_known() -> None:
    source = FakeSource()
    source.write(0, b"plain\n")

    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        assert sink.at is not None
        assert sink.at.encoding == "utf-8"
        source.write(0, "Prüfen Sie die Größe\n".encode("cp850"))
        feed.grown(30, 0)
        await settled(feed)
        assert sink.texts == ["plain", "Prüfen Sie die Größe"]
        assert sink.at.encoding == "cp850"
        feed.decode_as("cp1252")
        await settled(feed)
        assert sink.texts[1] != "Prüfen Sie die Größe"
        feed.decode_as("auto")
        await settled(feed)
        assert sink.texts[1] == "Prüfen Sie die Größe"

    play(story, source)


def test_each_stream_has_its_own_encoding() -> None:
    source = FakeSource()
    source.write(0, "Größe\r\n".encode("utf-16-le"))
    source.write(1, "Größe\r\n".encode())
    assert play(nothing, source).texts == ["Größe", "Größe"]


def test_what_was_left_out_is_known_at_the_end() -> None:
    source = FakeSource()
    source.write(0, b"head\n")

    async def story(feed: OutputFeed, source: FakeSource, sink: FakeSink) -> None:
        source.write(0, b"tail\n")
        feed.grown(10, 0)
        await settled(feed)
        assert sink.texts == ["head", "tail"]
        feed.finish((Gap(5, 3_000), None))
        await settled(feed)
        assert sink.texts == ["head", "… 2.9 KB left out …", "tail"]

    play(story, source)
