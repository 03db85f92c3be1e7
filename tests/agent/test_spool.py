"""What is kept of a script's output: the beginning, the end, and how much there was."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import spool, spool_tail
from agent.files import write_both
from agent.output import OutputSource
from agent.spool import SpoolReader, SpoolWriter, measure

PIECES = st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=60)), max_size=60)


def writer(path: Path, keep: int, tail: int) -> SpoolWriter:
    return SpoolWriter(str(path), keep, lambda: 0, lambda: None, tail)


def read(path: Path, *, ended: bool = True) -> list[bytes]:
    reader = SpoolReader(str(path))
    streams = [b"", b""]
    for _, stream, offset, data in reader.pieces(ended=ended):
        assert offset == len(streams[stream])
        streams[stream] += data
    reader.close()
    return streams


def whole(pieces: list[tuple[int, bytes]]) -> list[bytes]:
    return [b"".join(data for stream, data in pieces if stream == number) for number in (0, 1)]


def check(path: Path, written: list[bytes], totals: list[int]) -> None:
    """The spool holds a beginning and an end of each stream, and says what is missing between them."""
    kept, streams = measure(str(path)), read(path)
    gaps = kept.gaps_in(totals)
    assert totals == [len(stream) for stream in written]
    assert kept.sizes == [len(stream) for stream in streams]
    assert kept.hashes == [hashlib.sha256(stream).hexdigest() for stream in streams]
    for stream, all_of_it, gap in zip(streams, written, gaps, strict=True):
        if len(stream) == len(all_of_it):
            assert (stream, gap) == (all_of_it, 0)
        else:
            assert stream[:gap] == all_of_it[:gap]
            assert all_of_it.endswith(stream[gap:])


@given(PIECES, st.integers(0, 200), st.integers(0, 400))
def test_the_beginning_and_the_end_are_kept(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes]], keep: int, tail: int
) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool"
    spool_writer = writer(path, keep, tail)
    for stream, data in pieces:
        spool_writer.add(stream, data)
    spool_writer.close()
    written = whole(pieces)
    check(path, written, spool_writer.total)
    kept, size = measure(str(path)), sum(map(len, written))
    assert sum(kept.sizes) <= keep + max(tail, 10 if tail else 0)
    assert sum(kept.sizes) >= min(size, keep + 9 * (tail // 10))
    assert len(list(path.parent.iterdir())) <= 11


@given(PIECES, st.integers(0, 60))
def test_what_a_killed_runner_left_is_measured_as_far_as_it_goes(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool"
    spool_writer = writer(path, 100, 200)
    for number, data in pieces:
        spool_writer.add(number, data)
    newest = max(path.parent.glob("spool.*"), key=lambda file: int(file.suffix[1:]), default=path)
    os.truncate(newest, max(0, newest.stat().st_size - cut))
    kept, streams = measure(str(path)), read(path)
    gaps = kept.gaps_in(kept.totals)
    for stream, all_of_it, gap, total in zip(streams, whole(pieces), gaps, kept.totals, strict=True):
        assert stream[:gap] == all_of_it[:gap]
        tail = stream[gap:] if gap or len(stream) < total else stream
        assert all_of_it[:total].endswith(tail)
        assert total <= len(all_of_it)
    spool_writer.close()


def test_the_tail_is_sent_only_when_the_runner_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool_writer = writer(path, 10, 100)
    source = OutputSource("e1-1-1", str(path))
    spool_writer.add(0, b"0123456789abc")
    assert b"".join(frame.data for frame in source.frames(1000)) == b"0123456789"
    spool_writer.add(0, b"x" * 500 + b"the end")
    spool_writer.close()
    assert source.frames(1000) == []
    [frame] = source.frames(1000, ended=True)
    assert frame.offset == 10
    assert frame.data.endswith(b"xthe end")
    source.rewind(frame.offset + len(frame.data) - 3, 0)
    assert [frame.data for frame in source.frames(1000, ended=True)] == [b"end"]
    source.close()


def test_the_ring_takes_no_more_space_than_it_may(tmp_path: Path) -> None:
    spool_writer = writer(tmp_path / "spool", 1000, 10_000)
    for number in range(3000):
        spool_writer.add(number % 2, b"%0100d" % number)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 15_000
    spool_writer.close()
    assert read(tmp_path / "spool")[1].endswith(b"%0100d" % 2999)


class Disk:
    """Full for as long as it says so; then every write fails, half done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        monkeypatch.setattr(spool, "write_both", self.write_both)
        monkeypatch.setattr(spool_tail, "write_both", self.write_both)

    def write_both(self, fd: int, head: bytes, data: bytes) -> None:
        if self.is_full:
            os.write(fd, (head + data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        write_both(fd, head, data)


@given(st.lists(st.tuples(st.integers(0, 1), st.binary(min_size=1, max_size=60), st.booleans()), max_size=40))
def test_a_full_disk_costs_the_middle_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes, bool]]
) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool"
    with pytest.MonkeyPatch.context() as patches:
        disk = Disk(patches)
        spool_writer = writer(path, 100, 300)
        for stream, data, full in pieces:
            disk.is_full = full
            spool_writer.add(stream, data)
        spool_writer.close()
    check(path, whole([(stream, data) for stream, data, _ in pieces]), spool_writer.total)
    assert ("could not be kept: No space" in spool_writer.trouble) >= (
        sum(measure(str(path)).sizes) < min(sum(spool_writer.total), 100)
    )
