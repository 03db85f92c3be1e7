"""Sealed segments: old events in files of their own, with their hashes: the chain goes on over them."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend_lite.core.audit.chain import first_broken
from backend_lite.core.durable import sync_folder

PROBLEM_CHANGED = "The file of this sealed segment was changed after it was written."
PROBLEM_HASH = "The sealed segment does not lead to the events after it."


def write_segment(folder: Path, events: Sequence[Mapping[str, Any]], sealed_at: int) -> dict[str, Any]:
    """The row for a file that is safely on the disk now; one of the same events is written anew."""
    first, last = events[0], events[-1]
    name = f"segment-{first['id']}-{last['id']}.jsonl.gz"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    coming = folder / f"{name}.part"
    lines = b"".join(_line(event) for event in events)
    with coming.open("wb") as file:
        # Without a time in it, the same events are the same bytes.
        file.write(gzip.compress(lines, mtime=0))
        file.flush()
        os.fsync(file.fileno())
    coming.replace(folder / name)
    sync_folder(folder)
    return {
        "first_id": first["id"],
        "last_id": last["id"],
        "first_at": first["at"],
        "last_at": last["at"],
        "events": len(events),
        "last_hash": last["hash"],
        "sealed_at": sealed_at,
        "file_name": name,
        "file_sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
    }


def broken_in(folder: Path, segment: Mapping[str, Any], previous: str) -> tuple[int, str] | None:
    """The first event of the segment's file that does not fit, and why; None where all do, and where the
    file was taken elsewhere."""
    path = folder / segment["file_name"]
    if not path.exists():
        return None
    try:
        broken, last = first_broken(previous, read_segment(path))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
        return segment["first_id"], PROBLEM_CHANGED
    if broken is not None:
        return broken, PROBLEM_CHANGED
    if last != segment["last_hash"]:
        return segment["last_id"], PROBLEM_HASH
    if hashlib.sha256(path.read_bytes()).hexdigest() != segment["file_sha256"]:
        return segment["first_id"], PROBLEM_CHANGED
    return None


def read_segment(path: Path) -> Iterator[dict[str, Any]]:
    """Its events, the oldest first."""
    with gzip.open(path, "rt", encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            yield json.loads(line)


def _line(event: Mapping[str, Any]) -> bytes:
    return (json.dumps(event, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
