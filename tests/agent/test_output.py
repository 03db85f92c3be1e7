"""Output on its way: whole, in order, from wherever the service left off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal import Entry, Phase
from agent.outbox import BATCH_S, Outbox
from agent.output import FRAME_SIZE, OutputSource
from agent.spool import SpoolWriter
from agent.wire.messages import Done, OutputFrame
from tests.agent.outcomes_for_tests import done_of

PIECES = st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=40)), max_size=20)


def write(path: Path, pieces: list[tuple[int, bytes]], step_ms: int = 0) -> None:
    elapsed = iter(range(0, 1_000_000, step_ms or 1))
    spool = SpoolWriter(str(path), 1 << 24, lambda: next(elapsed) if step_ms else 0, lambda: None)
    for stream, data in pieces:
        spool.add(stream, data)
    spool.close()


def put_together(frames: list[OutputFrame], known: tuple[bytes, bytes] = (b"", b"")) -> tuple[bytes, bytes]:
    streams = [bytearray(known[0]), bytearray(known[1])]
    for frame in frames:
        assert frame.offset == len(streams[frame.stream])
        streams[frame.stream] += frame.data
    return bytes(streams[0]), bytes(streams[1])


@given(PIECES, st.integers(1, 100), st.integers(0, 30), st.data())
def test_every_byte_behind_the_marks_is_sent_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    pieces: list[tuple[int, bytes]],
    most_bytes: int,
    step_ms: int,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool"
    write(path, pieces, step_ms)
    whole = [b"".join(piece for stream, piece in pieces if stream == number) for number in (0, 1)]
    marks = [data.draw(st.integers(0, len(stream))) for stream in whole]
    source = OutputSource("e-1-1", str(path))
    source.rewind(*marks)
    sent: list[OutputFrame] = []
    while frames := source.frames(most_bytes):
        sent += frames
    assert put_together(sent, (whole[0][: marks[0]], whole[1][: marks[1]])) == tuple(whole)
    source.rewind(0, 0)
    assert put_together(source.frames(1 << 20)) == tuple(whole)
    source.close()


def test_a_spool_that_grows_is_followed(tmp_path: Path) -> None:
    source = OutputSource("e-1-1", str(tmp_path / "spool"))
    assert source.frames(1000) == []
    spool = SpoolWriter(str(tmp_path / "spool"), 1000, lambda: 7, lambda: None)
    assert source.frames(1000) == []
    spool.add(0, b"one")
    assert source.frames(1000) == [OutputFrame("e-1-1", 0, 0, 7, b"one")]
    spool.add(1, b"two")
    spool.add(0, b"three")
    assert source.frames(1000) == [
        OutputFrame("e-1-1", 1, 0, 7, b"two"),
        OutputFrame("e-1-1", 0, 3, 7, b"three"),
    ]
    spool.close()
    source.close()


@given(st.integers(0, 60))
def test_half_a_piece_waits_for_its_rest(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool"
    write(path, [(0, b"0123456789"), (1, b"abcdefghij")])
    raw = path.read_bytes()
    path.write_bytes(raw[: min(cut, len(raw))])
    source = OutputSource("e-1-1", str(path))
    before = source.frames(1000)
    assert sum(len(frame.data) for frame in before) == 10 * (min(cut, len(raw)) // 22)
    with path.open("ab") as file:
        file.write(raw[min(cut, len(raw)) :])
    assert put_together(before + source.frames(1000)) == (b"0123456789", b"abcdefghij")
    source.close()


def test_small_pieces_soon_after_one_another_travel_together(tmp_path: Path) -> None:
    write(tmp_path / "spool", [(0, b"x")] * 30, step_ms=5)
    source = OutputSource("e-1-1", str(tmp_path / "spool"))
    assert [(frame.elapsed_ms, len(frame.data)) for frame in source.frames(1000)][:2] == [(0, 5), (25, 5)]
    source.close()


def test_a_frame_has_a_limit(tmp_path: Path) -> None:
    write(tmp_path / "spool", [(0, b"x" * 30_000)] * 10)
    source = OutputSource("e-1-1", str(tmp_path / "spool"))
    assert all(len(frame.data) <= FRAME_SIZE for frame in source.frames(1 << 20))
    source.close()


class Recorder:
    """A channel that only remembers, and breaks when it is told to."""

    def __init__(self) -> None:
        self.said: list[OutputFrame | Done] = []
        self.breaks_after = 1_000_000

    async def send(self, message: Done) -> None:
        self._note(message)

    async def send_output(self, frame: OutputFrame) -> None:
        self._note(frame)

    def _note(self, item: OutputFrame | Done) -> None:
        if len(self.said) >= self.breaks_after:
            raise ConnectionError
        self.said.append(item)

    @property
    def frames(self) -> list[OutputFrame]:
        return [item for item in self.said if isinstance(item, OutputFrame)]

    @property
    def dones(self) -> list[Done]:
        return [item for item in self.said if isinstance(item, Done)]


async def settle(turns: int = 50) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


DONE = done_of(Entry("e1-1-1", "n1", "boot", Phase.STARTING))


def test_the_outcome_goes_out_after_all_output_and_again_on_every_connection(tmp_path: Path) -> None:
    write(tmp_path / "spool", [(0, b"x" * 60_000)] * 20)

    async def run() -> None:
        outbox = Outbox(lambda: 0.0)
        outbox.open("e1-1-1", str(tmp_path / "spool"))
        outbox.done("e1-1-1", DONE)
        first, second = Recorder(), Recorder()
        first.breaks_after = 7
        with pytest.raises(ConnectionError):
            await outbox.send_all(first)
        outbox.resume({"e1-1-1": (60_000, 0)})
        task = asyncio.create_task(outbox.send_all(second))
        await settle()
        assert first.dones == []
        assert second.frames[0].offset == 60_000
        assert sum(len(frame.data) for frame in second.frames) == 19 * 60_000
        assert second.said[-1] == DONE
        assert second.dones == [DONE]
        outbox.resend("e1-1-1", 19 * 60_000, 0)
        await settle()
        assert [frame.offset for frame in second.frames[-1:]] == [19 * 60_000]
        assert second.dones == [DONE, DONE]
        outbox.close("e1-1-1")
        outbox.resume({})
        await settle()
        assert second.dones == [DONE, DONE]
        task.cancel()

    asyncio.run(run())


def test_the_first_output_goes_at_once_and_what_follows_waits_a_moment(tmp_path: Path) -> None:
    now = 100.0

    async def run() -> None:
        nonlocal now
        outbox = Outbox(lambda: now)
        outbox.open("e1-1-1", str(tmp_path / "spool"))
        recorder = Recorder()
        task = asyncio.create_task(outbox.send_all(recorder))
        spool = SpoolWriter(str(tmp_path / "spool"), 1000, lambda: 0, outbox.said)
        spool.add(0, b"first")
        await settle()
        assert [frame.data for frame in recorder.frames] == [b"first"]
        spool.add(0, b"second ")
        await settle()
        spool.add(0, b"third")
        await settle()
        assert len(recorder.frames) == 1
        now += BATCH_S
        outbox.said()
        await settle()
        assert [frame.data for frame in recorder.frames] == [b"first", b"second third"]
        spool.close()
        outbox.close("e1-1-1")
        task.cancel()

    asyncio.run(run())
