"""The database as the areas see it: `write` and `read`."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from backend_lite.core.db.engine import reader_engine, writer_engine
from backend_lite.core.db.unit import Unit
from backend_lite.core.db.writer import Writer
from backend_lite.core.events.bus import Event
from backend_lite.errors import DiskFullError

T = TypeVar("T")
READERS = 2
_DISK_FULL = (
    "The disk of the service is full, so nothing was changed. Free some space where its data folder lies; "
    "it goes on by itself."
)


class Database:
    """An open database file whose schema is current (see `migrate`)."""

    def __init__(self, path: Path, publish: Callable[[Iterable[Event]], None]) -> None:
        self._write_engine = writer_engine(path)
        self._read_engine = reader_engine(path, READERS)
        self._writer = Writer(self._write_engine, publish)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="database reader")
        self._writer.start()

    async def write(self, work: Callable[[Unit], T]) -> T:
        """Run `work` in the writer; return its value once it is durable, or raise what it raised.

        Raises DiskFullError when there is no room to keep it.
        """
        try:
            return await self._writer.run(work)
        except OperationalError as error:
            if _is_disk_full(error):
                raise DiskFullError(_DISK_FULL) from error
            raise

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a read-only snapshot, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, work)

    async def answers(self) -> bool:
        """Whether anything can be read from it."""
        try:
            await self.read(lambda session: session.execute(text("SELECT 1")).one())
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        self._writer.close()
        self._pool.shutdown()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _read(self, work: Callable[[Session], T]) -> T:
        with Session(self._read_engine) as session:
            return work(session)


def _is_disk_full(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    # A log that cannot grow is reported as a failed write, not as a full disk.
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
