"""What this device has promised: an append-only file of checksummed lines, fsynced where it matters.

A line is `<crc32, 8 hex digits> <JSON>`. A torn or damaged line is skipped: the gate of its attempt still
stands between a lost line and a second execution. The journal's identity lives in a file of its own that is
never written again, because compaction replaces the file of records.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.files import BINARY, read_file, replace_durably, sync_folder, write_all, write_new
from agent.wire.codec import WireError, from_plain, to_plain
from agent.wire.messages import Done, Incarnation, Offer

MOST_TOMBSTONES = 2000
"""The oldest go first, by their number alone: a clock that jumps by years must not bury what is still young,
and where there are fewer, a tombstone stands for far more than 90 days."""
COMPACT_ABOVE = 1 << 20


log = logging.getLogger(__name__)


class Phase(StrEnum):
    """How far an open attempt has come. Sent in the hello."""

    RECEIVED = "received"
    STARTING = "starting"
    DONE = "done"


@dataclass(slots=True)
class Entry:
    """An open attempt. `offer` is kept until it is handed to a runner, `done` from its outcome on. A
    `parallel` one does not wait for others."""

    attempt: str
    nonce: str
    boot_id: str
    phase: Phase
    offer: Offer | None = None
    done: Done | None = None
    parallel: bool = False


class Journal:
    """The open attempts in the order they came, and the tombstones: the outcomes of acknowledged attempts,
    which are never executed again but can be told again. Not thread-safe."""

    def __init__(self, folder: Path, boot_id: str) -> None:
        self._path = str(folder / "records")
        self.entries: dict[str, Entry] = {}
        self.tombstones: dict[str, Done] = {}
        self.incarnation = _incarnation(folder, boot_id)
        self.damaged_lines = 0
        self._open()
        if self._size > COMPACT_ABOVE:
            self._compact()

    def received(self, offer: Offer, nonce: str) -> Entry:
        """Promise to deal with an offer. It need not be durable: STARTING takes it along, and what a former
        boot received and never started counts for nothing."""
        boot_id = self.incarnation.boot_id
        entry = Entry(offer.attempt, nonce, boot_id, Phase.RECEIVED, offer, parallel=offer.parallel)
        self._append(_received_record(entry), durable=False)
        self.entries[offer.attempt] = entry
        return entry

    def starting(self, entry: Entry) -> None:
        """From now on a runner may have it; durable before this returns."""
        self._append(_starting_record(entry), durable=True)
        entry.phase, entry.offer = Phase.STARTING, None

    def done(self, entry: Entry, done: Done) -> None:
        """The outcome. It need not be durable: gate and exit record in the attempt's folder say the same."""
        entry.phase, entry.offer, entry.done = Phase.DONE, None, done
        self._append(_done_record(entry), durable=False)

    def closed(self, entry: Entry) -> None:
        """Nobody will ask for this attempt again; durable before this returns, so that its folder may go."""
        self._append({"is": "closed", "attempt": entry.attempt}, durable=True)
        del self.entries[entry.attempt]
        if entry.done is not None:
            self.tombstones[entry.attempt] = entry.done
        if self._size > COMPACT_ABOVE:
            self._compact()

    def drop(self, entry: Entry) -> None:
        """Forget an attempt that a former boot received and never started. It need not be durable: the next
        life would do the same."""
        del self.entries[entry.attempt]
        with contextlib.suppress(OSError):
            self._append({"is": "closed", "attempt": entry.attempt}, durable=False)

    def close(self) -> None:
        os.close(self._fd)

    def _append(self, record: dict[str, Any], *, durable: bool) -> None:
        line = self._line(record)
        try:
            write_all(self._fd, line)
            if durable:
                os.fsync(self._fd)
        except OSError:
            # Half a line, on a full disk, would spoil the next one too.
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(line)

    def _line(self, record: dict[str, Any]) -> bytes:
        return _checked({**record, "file": self.incarnation.journal_file} if "boot" in record else record)

    def _boot_of(self, record: dict[str, Any]) -> str:
        """The boot on which a record was made; none that ever is where it was made in another file, for then
        this is a copy of the folder, and what it knows of the present boot is not the whole story."""
        mine = self.incarnation.journal_file
        return str(record["boot"]) if record.get("file", mine) == mine else ""

    def _open(self) -> None:
        """Read what is there and cut off what a crash left half written; needs no free space."""
        self._fd = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND | BINARY, 0o600)
        # What is fsynced into a file is no use while the file's own name can still be lost.
        sync_folder(str(Path(self._path).parent))
        raw = read_file(self._path) or b""
        self._size = raw.rfind(b"\n") + 1
        os.ftruncate(self._fd, self._size)
        for line in raw[: self._size].split(b"\n")[:-1]:
            try:
                self._apply(_parse(line))
            except (WireError, KeyError, ValueError):
                self.damaged_lines += 1

    def _apply(self, record: dict[str, Any]) -> None:
        attempt = record["attempt"]
        if record["is"] == "received":
            offer = from_plain(record["offer"], Offer, "offer")
            self.entries[attempt] = Entry(
                attempt,
                record["nonce"],
                self._boot_of(record),
                Phase.RECEIVED,
                offer,
                parallel=offer.parallel,
            )
        elif record["is"] == "starting":
            parallel = record.get("parallel", False)
            self.entries[attempt] = Entry(
                attempt, record["nonce"], self._boot_of(record), Phase.STARTING, parallel=parallel
            )
        elif record["is"] == "done":
            done = from_plain(record["done"], Done, "done")
            self.entries[attempt] = Entry(attempt, done.nonce, self._boot_of(record), Phase.DONE, done=done)
        elif record["is"] == "closed":
            entry = self.entries.pop(attempt, None)
            if entry is not None and entry.done is not None:
                self.tombstones[attempt] = entry.done
        elif record["is"] == "tombstone":
            self.tombstones[attempt] = from_plain(record["done"], Done, "done")

    def _compact(self) -> None:
        """Write only what still counts. Leaves the file open for appending."""
        self.tombstones = dict(list(self.tombstones.items())[-MOST_TOMBSTONES:])
        records = [_tombstone_record(name, done) for name, done in self.tombstones.items()]
        for entry in self.entries.values():
            records.append(_record_of(entry))
        os.close(self._fd)
        try:
            replace_durably(self._path, b"".join(self._line(record) for record in records))
        except OSError as error:
            # The long file says the same as the short one that found no room.
            log.warning("the journal stays long for now: %s", error.strerror)
        finally:
            self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | BINARY)
            self._size = os.fstat(self._fd).st_size


def _incarnation(folder: Path, boot_id: str) -> Incarnation:
    path = folder / "epoch"
    if not path.exists():
        draft = folder / "epoch.new"
        draft.unlink(missing_ok=True)
        write_new(str(draft), os.urandom(16).hex().encode())
        draft.rename(path)
    status = path.stat()
    return Incarnation(path.read_text("ascii"), f"{status.st_dev}:{status.st_ino}", boot_id)


def _record_of(entry: Entry) -> dict[str, Any]:
    if entry.phase is Phase.RECEIVED:
        return _received_record(entry)
    return _starting_record(entry) if entry.phase is Phase.STARTING else _done_record(entry)


def _received_record(entry: Entry) -> dict[str, Any]:
    return {
        "is": "received",
        "attempt": entry.attempt,
        "nonce": entry.nonce,
        "boot": entry.boot_id,
        "offer": to_plain(entry.offer),
    }


def _starting_record(entry: Entry) -> dict[str, Any]:
    return {
        "is": "starting",
        "attempt": entry.attempt,
        "nonce": entry.nonce,
        "boot": entry.boot_id,
        "parallel": entry.parallel,
    }


def _done_record(entry: Entry) -> dict[str, Any]:
    return {"is": "done", "attempt": entry.attempt, "boot": entry.boot_id, "done": to_plain(entry.done)}


def _tombstone_record(attempt: str, done: Done) -> dict[str, Any]:
    return {"is": "tombstone", "attempt": attempt, "done": to_plain(done)}


def _checked(record: dict[str, Any]) -> bytes:
    body = json.dumps(record, separators=(",", ":")).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _parse(line: bytes) -> dict[str, Any]:
    checksum, _, body = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        raise ValueError("damaged")
    record: dict[str, Any] = json.loads(body)
    return record
