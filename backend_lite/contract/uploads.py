"""Files brought to the service in pieces: an installer, an image. They are kept by their SHA-256.

Each artifact that takes files has its own address `<artifact>/uploads` with these shapes: POST begins,
PUT `/{id}?offset=` appends a piece (`application/octet-stream`, at most MAX_PIECE bytes; an offset that
is not `received` answers 409 with the one that is), GET `/{id}` tells where to go on, POST `/{id}/finish`
verifies and keeps, DELETE `/{id}` gives up. An upload that rests for a day is removed.
"""

from __future__ import annotations

from msgspec import Struct

from backend_lite.contract.common import Time

MAX_PIECE = 8 << 20
MAX_FILE = 64 << 30
MAX_FILE_NAME = 255


class UploadCreate(Struct):
    """`sha256`: 64 hex digits, where the sender knows it: a file that differs is refused when it is
    finished."""

    file_name: str
    size: int
    sha256: str | None = None


class Upload(Struct):
    id: str
    file_name: str
    size: int
    received: int
    sha256: str | None
    expires_at: Time


class StoredFile(Struct):
    """A file that the service keeps: what software items and images refer to."""

    sha256: str
    size: int
    file_name: str
