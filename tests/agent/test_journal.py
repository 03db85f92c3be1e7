"""The journal: what it promises holds after a crash at any byte."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import journal as journal_module
from agent.journal import Journal, Phase
from agent.wire.messages import Offer
from tests.agent.outcomes_for_tests import done_of


def offer(step: int = 1, **more: object) -> Offer:
    return Offer(f"e1-{step}-1", "sh", "echo hi", 60.0, **more)  # type: ignore[arg-type]


def opened(folder: Path, boot_id: str = "boot") -> Journal:
    folder.mkdir(exist_ok=True)
    return Journal(folder, boot_id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def reopened(journal: Journal, folder: Path, **more: object) -> Journal:
    journal.close()
    return opened(folder, **more)  # type: ignore[arg-type]


def test_every_phase_is_found_again(folder: Path) -> None:
    journal = opened(folder)
    first = journal.received(offer(1, arguments=("a", "ü")), "n1")
    second, third = journal.received(offer(2), "n2"), journal.received(offer(3), "n3")
    journal.starting(second)
    journal.starting(third)
    journal.done(third, done_of(third))
    before = dict(journal.entries)
    journal = reopened(journal, folder)
    assert journal.entries == before
    assert first.offer == offer(1, arguments=("a", "ü"))
    assert [entry.phase for entry in journal.entries.values()] == [Phase.RECEIVED, Phase.STARTING, Phase.DONE]
    journal.close()


def test_a_closed_attempt_leaves_its_tombstone(folder: Path) -> None:
    journal = opened(folder)
    entry = journal.received(offer(), "n1")
    journal.done(entry, done_of(entry))
    journal.closed(entry)
    withdrawn = journal.received(offer(2), "n2")
    journal.closed(withdrawn)
    journal = reopened(journal, folder)
    assert journal.entries == {}
    assert journal.tombstones == {"e1-1-1": done_of(entry)}
    journal.close()


STEPS = st.lists(st.sampled_from(["received", "starting", "done", "closed"]), min_size=1, max_size=12)


@given(STEPS, st.data())
def test_a_journal_cut_off_anywhere_knows_everything_up_to_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = opened(folder)
    snapshots: list[tuple[int, dict[str, Phase]]] = [(0, {})]
    for step in steps:
        apply(journal, step)
        size = (folder / "records").stat().st_size
        snapshots.append((size, {name: entry.phase for name, entry in journal.entries.items()}))
    journal.close()
    cut = data.draw(st.integers(0, snapshots[-1][0]))
    os.truncate(folder / "records", cut)
    journal = opened(folder)
    known = {name: entry.phase for name, entry in journal.entries.items()}
    assert known == next(phases for size, phases in reversed(snapshots) if size <= cut)
    assert journal.damaged_lines == 0
    journal.received(offer(99), "n99")
    journal = reopened(journal, folder)
    assert journal.entries["e1-99-1"].phase is Phase.RECEIVED
    journal.close()
    shutil.rmtree(folder)


def apply(journal: Journal, step: str) -> None:
    entries = list(journal.entries.values())
    if step == "received":
        number = len(journal.entries) + len(journal.tombstones) + 1
        journal.received(offer(number), f"n{number}")
    elif entries and step == "starting" and entries[0].phase is Phase.RECEIVED:
        journal.starting(entries[0])
    elif entries and step == "done":
        journal.done(entries[-1], done_of(entries[-1]))
    elif entries and step == "closed" and entries[-1].phase is Phase.DONE:
        journal.closed(entries[-1])


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_byte_costs_one_line_and_no_more(
    tmp_path_factory: pytest.TempPathFactory, position: int, change: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = opened(folder)
    for number in range(5):
        journal.received(offer(number), f"n{number}")
    journal.close()
    raw = bytearray((folder / "records").read_bytes())
    raw[position % (len(raw) - 1)] ^= change
    (folder / "records").write_bytes(raw)
    journal = opened(folder)
    # A damaged line end makes one bad line of two.
    assert len(journal.entries) >= 3
    assert journal.damaged_lines in (1, 2)
    journal.close()
    shutil.rmtree(folder)


def test_compaction_keeps_what_counts_and_the_incarnation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "COMPACT_ABOVE", 20_000)
    journal = opened(folder)
    open_entry = journal.received(offer(1), "n1")
    incarnation = journal.incarnation
    for number in range(2, 60):
        entry = journal.received(offer(number), f"n{number}")
        journal.done(entry, done_of(entry))
        journal.closed(entry)
    assert (folder / "records").stat().st_size < 60_000
    journal = reopened(journal, folder)
    assert journal.entries == {"e1-1-1": open_entry}
    assert len(journal.tombstones) == 58
    assert journal.incarnation == incarnation
    journal.close()


def test_only_their_number_buries_tombstones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock has a say: one that jumps ten years ahead would bury what is still young."""
    monkeypatch.setattr(journal_module, "COMPACT_ABOVE", 0)
    monkeypatch.setattr(journal_module, "MOST_TOMBSTONES", 3)
    journal = opened(folder)
    for number in range(5):
        entry = journal.received(offer(number), f"n{number}")
        journal.done(entry, done_of(entry))
        journal.closed(entry)
    journal = reopened(journal, folder)
    assert list(journal.tombstones) == ["e1-2-1", "e1-3-1", "e1-4-1"]
    journal.close()


def test_a_copy_of_the_folder_is_another_incarnation(folder: Path, tmp_path: Path) -> None:
    journal = opened(folder)
    shutil.copytree(folder, tmp_path / "copy")
    copy = opened(tmp_path / "copy")
    assert copy.incarnation.journal_epoch == journal.incarnation.journal_epoch
    assert copy.incarnation != journal.incarnation
    copy.close()
    journal.close()


def test_a_restart_of_the_machine_is_another_incarnation(folder: Path) -> None:
    journal = opened(folder)
    before = journal.incarnation
    journal = reopened(journal, folder, boot_id="another")
    assert journal.incarnation != before
    journal.close()


def test_a_full_disk_breaks_no_promise_made_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(fd: int, data: bytes) -> None:
        os.write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "no space left on device")

    journal = opened(folder)
    journal.received(offer(1), "n1")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="no space"):
        patched.setattr(journal_module, "write_all", half)
        journal.received(offer(2), "n2")
    assert list(journal.entries) == ["e1-1-1"]
    journal.received(offer(3), "n3")
    journal = reopened(journal, folder)
    assert list(journal.entries) == ["e1-1-1", "e1-3-1"]
    assert journal.damaged_lines == 0
    journal.close()


def test_a_record_of_a_later_version_is_skipped(folder: Path) -> None:
    journal = opened(folder)
    journal.received(offer(1), "n1")
    journal._append({"is": "something new", "attempt": "e1-9-1"}, durable=True)
    journal = reopened(journal, folder)
    assert list(journal.entries) == ["e1-1-1"]
    journal.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists")
def test_nobody_else_may_read_it(folder: Path) -> None:
    journal = opened(folder)
    assert [path.stat().st_mode & 0o777 for path in sorted(folder.iterdir())] == [0o600, 0o600]
    journal.close()


def test_an_entry_knows_the_boot_on_which_it_was_received(folder: Path) -> None:
    journal = opened(folder, boot_id="one")
    journal.received(offer(), "n1")
    journal = reopened(journal, folder, boot_id="two")
    assert [entry.boot_id for entry in journal.entries.values()] == ["one"]
    journal.close()
