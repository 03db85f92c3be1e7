"""Output arrives once, whole and in order, whatever is repeated, lost or killed in between."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.codec import WireError
from agent.wire.messages import STDERR, STDOUT, OutputFrame
from backend_lite.features.runs.output import PIECE_SIZE, SMALL, OpenOutput, OutputFiles, unpack_pieces


def _frame(stream: int, offset: int, data: bytes, elapsed_ms: int = 0) -> OutputFrame:
    return OutputFrame("e-1-1", stream, offset, elapsed_ms, data)


def _all(output: OpenOutput, stream: int) -> bytes:
    return output.read(stream, 0, 1 << 30)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def _files_end_at(size: int) -> Iterator[None]:
    """As on a disk that is full there: a part of what is written, then a refusal."""
    if sys.platform == "win32":
        pytest.skip("limits of files are POSIX's")
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_repeated_piece_counts_once(tmp_path: Path) -> None:
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    assert output.append(_frame(STDOUT, 0, b"abc"))
    assert output.append(_frame(STDOUT, 0, b"abc"))
    assert output.append(_frame(STDOUT, 1, b"bcde"))
    assert _all(output, STDOUT) == b"abcde"
    assert output.sizes == (5, 0)


@pytest.mark.parametrize("piece", [b"x" * 100, b"x"])
def test_a_device_that_sends_without_end_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    """Nor does the list of its pieces grow without end where each is tiny."""
    monkeypatch.setattr("backend_lite.features.runs.output.MOST", 1_000)
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    with pytest.raises(WireError):
        for number in range(1_000):
            output.append(_frame(STDOUT, number * len(piece), piece))
    assert sum(output.sizes) <= 1_000
    assert output.pieces_size() <= 1_000 + PIECE_SIZE
    assert output.append(_frame(STDOUT, 0, piece))


def test_a_gap_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    assert not output.append(_frame(STDERR, 4, b"later"))
    assert output.sizes == (0, 0)


def test_small_output_makes_no_file(tmp_path: Path) -> None:
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    output.append(_frame(STDOUT, 0, b"hi\n", 3))
    small = output.small()
    assert small is not None
    assert (small.stdout, small.stderr) == (b"hi\n", b"")
    assert unpack_pieces(small.pieces) == [(STDOUT, 0, 3, 3)]
    assert not list(tmp_path.rglob("*.*"))


def test_large_output_goes_to_files_and_survives_a_kill(tmp_path: Path) -> None:
    files = OutputFiles(tmp_path)
    data = bytes(range(256)) * 1024
    output = OpenOutput(files, 7, 0.0)
    for offset in range(0, len(data), 50_000):
        output.append(_frame(STDOUT, offset, data[offset : offset + 50_000]))
    assert output.small() is None

    # Nothing of the first object is closed or flushed by hand: a kill does neither.
    again = OpenOutput(files, 7, 0.0)
    assert again.sizes == (len(data), 0)
    assert again.append(_frame(STDOUT, len(data), b"end"))
    assert again.kept() == ((len(data) + 3, 0), (_hash(data + b"end"), _hash(b"")))
    assert files.read(7, "stdout", len(data) - 2, 10) == data[-2:] + b"end"
    output.close()
    again.close()


def test_pieces_cover_all_bytes_after_a_kill_that_lost_some(tmp_path: Path) -> None:
    files = OutputFiles(tmp_path)
    output = OpenOutput(files, 7, 0.0)
    for index in range(4):
        output.append(_frame(STDOUT, index * SMALL, b"x" * SMALL, index))
    output.close()
    pieces = files.path(7, "pieces")
    pieces.write_bytes(pieces.read_bytes()[: 2 * PIECE_SIZE])

    again = OpenOutput(files, 7, 0.0)
    found = unpack_pieces(again.read_pieces(0, 1 << 20))
    assert found == [(STDOUT, 0, SMALL, 0), (STDOUT, SMALL, SMALL, 1), (STDOUT, 2 * SMALL, 2 * SMALL, 1)]
    again.close()


def test_what_a_full_disk_did_not_take_is_asked_for_again(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1024
    begun, rest = data[: SMALL + 1], data[SMALL + 1 :]
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    output.append(_frame(STDOUT, 0, begun, 1))
    for _ in range(3):
        with _files_end_at(len(begun) + 100), pytest.raises(OSError, match="large"):
            output.append(_frame(STDOUT, len(begun), rest, 2))
        assert output.sizes == (len(begun), 0)
        assert output.kept() == ((len(begun), 0), (_hash(begun), _hash(b"")))
    assert output.append(_frame(STDOUT, len(begun), rest, 3))
    assert _all(output, STDOUT) == data
    assert output.kept().hashes[0] == _hash(data)
    pieces = unpack_pieces(output.read_pieces(0, 1 << 20))
    assert pieces == [(STDOUT, 0, len(begun), 1), (STDOUT, len(begun), len(rest), 3)]
    output.close()


def test_what_does_not_fit_on_the_disk_stays_in_memory(tmp_path: Path) -> None:
    data = b"x" * (SMALL + 1)
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    with _files_end_at(100), pytest.raises(OSError, match="large"):
        output.append(_frame(STDOUT, 0, data))
    assert _all(output, STDOUT) == data
    assert output.append(_frame(STDOUT, len(data), b"end"))
    assert _all(output, STDOUT) == data + b"end"
    assert output.kept() == ((len(data) + 3, 0), (_hash(data + b"end"), _hash(b"")))
    output.close()
    again = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    assert _all(again, STDOUT) == data + b"end"
    again.close()


def test_restart_forgets_files_too(tmp_path: Path) -> None:
    output = OpenOutput(OutputFiles(tmp_path), 7, 0.0)
    output.append(_frame(STDOUT, 0, b"x" * (SMALL + 1)))
    output.restart()
    output.append(_frame(STDOUT, 0, b"right"))
    assert _all(output, STDOUT) == b"right"
    assert output.kept() == ((5, 0), (_hash(b"right"), _hash(b"")))
    asyncio.run(output.sync())
    output.close()


@given(
    data=st.binary(max_size=400),
    sends=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 120)), max_size=30),
    spill_at=st.integers(0, 30),
)
def test_any_order_of_sends_gives_a_prefix_of_what_was_written(
    data: bytes, sends: list[tuple[int, int]], spill_at: int, tmp_path_factory: object
) -> None:
    folder = tmp_path_factory.mktemp("output")  # type: ignore[attr-defined]
    output = OpenOutput(OutputFiles(folder), 1, 0.0)
    for index, (offset, length) in enumerate(sends):
        if index == spill_at:
            output.spill()
        output.append(_frame(STDERR, offset, data[offset : offset + length]))
        kept = _all(output, STDERR)
        assert data.startswith(kept)
        assert output.sizes == (0, len(kept))
    covered = sum(length for _, _, length, _ in unpack_pieces(output.read_pieces(0, 1 << 20)))
    assert covered == output.sizes[1]
    output.close()
