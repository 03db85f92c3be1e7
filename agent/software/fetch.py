"""Getting an installer's file: from wherever it lies into the attempt's folder, whole and checked.

What breaks off is taken up again where it broke, as far as the other side can, with longer and longer waits.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import random
import shutil
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Protocol

from agent.software import ShorterError, SoftwareError

PIECE = 1 << 18
NEWS_EVERY_S = 5.0
TRIES_IN_VAIN = 10
LONGEST_WAIT_S = 60.0
RESERVE = 32 << 20
"""So much of the disk stays free, for what the installer unpacks and for everybody else."""
MEGABYTE = 1_000_000


class Answer(Protocol):
    """A file from `start` on. `total` is the whole file's size where it is known, `tag` names its version."""

    start: int
    total: int | None
    tag: str

    def read(self, size: int) -> bytes: ...

    def close(self) -> None: ...


class Source(Protocol):
    """Where a file lies. `name` is for people."""

    name: str

    def open(self, start: int, tag: str) -> Answer:
        """From `start`, or from 0 where it cannot be had from there or is no longer the version of `tag`.

        Raises SoftwareError where trying again is no use; OSError, HTTPException where it may be.
        """


class Fetch:
    """One file on its way to `target`, which must not be there."""

    def __init__(
        self,
        source: Source,
        target: Path,
        size: int,
        say: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`size` is 0 where it is not known."""
        self._source = source
        self._target = target
        self._size = size
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._uniform = uniform
        self._have = 0
        self._tag = ""
        self._told_at = 0.0

    def run(self, sha256: str) -> None:
        """Raises SoftwareError; then there is no file."""
        self._say(f"Fetch: {self._amount()} from {self._source.name}.")
        try:
            self._fetch()
            self._check(sha256)
        except BaseException:
            self._target.unlink(missing_ok=True)
            raise

    def _amount(self) -> str:
        return megabytes(self._size) if self._size else "a file"

    def _fetch(self) -> None:
        in_vain = 0
        self._told_at = self._clock()
        with self._target.open("xb") as file:
            while True:
                before = self._have
                try:
                    return self._take(file)
                except (OSError, http.client.HTTPException) as error:
                    in_vain = 1 if self._have > before else in_vain + 1
                    if isinstance(error, ShorterError):
                        self._have, self._tag = 0, ""
                    self._wait(in_vain, error)

    def _wait(self, in_vain: int, error: Exception) -> None:
        reason = _reason(error)
        if in_vain > TRIES_IN_VAIN:
            raise SoftwareError(
                f"The file could not be fetched from {self._source.name}: {reason}."
            ) from None
        seconds = self._uniform(0.5, 1.0) * min(LONGEST_WAIT_S, 2.0**in_vain)
        self._say(f"Fetch: {reason}; next try in {seconds:.0f} s, from {megabytes(self._have)} on.")
        self._sleep(seconds)

    def _take(self, file: IO[bytes]) -> None:
        with closing(self._source.open(self._have, self._tag)) as answer:
            self._have, self._tag = answer.start, answer.tag
            self._compare(answer.total)
            self._make_sure_of_room(answer.total)
            file.seek(self._have)
            file.truncate()
            while piece := answer.read(PIECE):
                self._write(file, piece)
                self._tell_progress(answer.total)
                self._compare(self._have if self._have > self._size else None)
            if answer.total is not None and self._have < answer.total:
                raise ConnectionError("it broke off")

    def _compare(self, total: int | None) -> None:
        if self._size and total is not None and total != self._size:
            raise SoftwareError(
                f"The file from {self._source.name} has {total} bytes and not {self._size}, "
                "as it should; nothing was run."
            )

    def _make_sure_of_room(self, total: int | None) -> None:
        needed = max(0, (total or self._size) - self._have)
        free = shutil.disk_usage(self._target.parent).free
        if free < needed + RESERVE:
            raise SoftwareError(
                f"The disk has {megabytes(free)} free, and {megabytes(needed + RESERVE)} are needed for the "
                "file; make room and run it again."
            )

    def _write(self, file: IO[bytes], piece: bytes) -> None:
        try:
            file.write(piece)
            file.flush()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
            why = "the disk is full; make room and run it again" if full else _reason(error)
            raise SoftwareError(f"The file could not be kept: {why}.") from None
        self._have += len(piece)

    def _tell_progress(self, total: int | None) -> None:
        now = self._clock()
        if now - self._told_at < NEWS_EVERY_S:
            return
        self._told_at = now
        whole = total or self._size
        of = f" of {megabytes(whole)}, {100 * self._have // whole} %" if whole else ""
        self._say(f"Fetch: {megabytes(self._have)}{of}.")

    def _check(self, sha256: str) -> None:
        self._compare(self._have)
        if not sha256:
            self._say(f"Fetch: {megabytes(self._have)} are here; nobody said what its SHA-256 should be.")
            return
        with self._target.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256.lower():
            raise SoftwareError(
                f"The SHA-256 of the file is {found} and not {sha256.lower()}, as it should; nothing was run."
            )
        self._say(f"Fetch: {megabytes(self._have)} are here, and the SHA-256 is right.")


def megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
