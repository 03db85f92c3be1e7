"""What the readers of archives have in common: entries, limits, and how an archive is refused."""

from __future__ import annotations

import errno
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from backend_lite.errors import InvalidError

RATIO_FREE = 1 << 20
"""So many bytes may come out of however few."""
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError, ValueError, OverflowError,
    NotImplementedError, RecursionError,
)  # fmt: skip
_SHOWN = 120


class ArchiveRefusedError(InvalidError):
    """The archive is not unpacked; the text says what is wrong with it."""

    code = "bad_archive"


@dataclass(frozen=True)
class Limits:
    """At most so many entries, folders among them; so many bytes unpacked; and so many times the bytes that
    were sent."""

    entries: int
    total: int
    ratio: int = 200


@dataclass(frozen=True)
class Entry:
    """A file or folder of an archive; `size` is what the archive says. A stream's are opened in turn."""

    name: str
    size: int
    is_folder: bool
    open: Callable[[], IO[bytes] | None]


def refused(name: str, why: str) -> ArchiveRefusedError:
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in name[:_SHOWN])
    return ArchiveRefusedError(f'The archive is refused: its entry "{shown}" {why}. Pack it again without.')


def too_much(what: str) -> ArchiveRefusedError:
    return ArchiveRefusedError(f"The archive is refused: {what}. Pack less into it.")


def broken() -> ArchiveRefusedError:
    return ArchiveRefusedError("The archive is damaged or not complete. Make it anew, or send it again.")


@contextmanager
def reading() -> Iterator[None]:
    """Whatever the libraries raise over an archive that they cannot read is one refusal."""
    try:
        yield
    except _UNREADABLE as error:
        raise broken() from error
    except OSError as error:
        # zipfile seeks to wherever the archive says.
        if error.errno != errno.EINVAL:
            raise
        raise broken() from error
