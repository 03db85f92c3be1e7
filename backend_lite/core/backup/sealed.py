"""A stream of bytes under a passphrase: every changed, missing, added or swapped byte is noticed.

    magic | 2 bytes: length of the header | header (JSON) | chunks

The key is argon2id of the passphrase with the header's salt and cost. Each chunk is AES-256-GCM over up to
CHUNK bytes with the nonce `prefix (7) | number (4) | last (1)`, bound to the magic and the header; only the
last one says so, and nothing follows it.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend_lite.errors import InvalidError

MAGIC = b"DeployFlow recovery kit 1\n"
CHUNK = 1 << 20
_TAG = 16
_PREFIX = 7
_MOST_CHUNKS = 1 << 32
_LENGTH = struct.Struct(">H")
_NUMBER = struct.Struct(">IB")
_MOST_MEMORY_KIB = 1 << 21
_MOST_TIME = 100
DAMAGED = "The recovery kit is damaged: it is not as it was written. Use another copy of it."
WRONG = "The passphrase does not open this recovery kit, or its beginning is damaged. Type it once more."


class Header(msgspec.Struct, frozen=True):
    """What is needed to make the key anew; `memory` in KiB."""

    salt: bytes
    prefix: bytes
    time: int = 4
    memory: int = 1 << 18
    lanes: int = 2


def new_header() -> Header:
    return Header(os.urandom(16), os.urandom(_PREFIX))


class SealingFile:
    """Write to it, then `close` it: before that it is not whole."""

    def __init__(self, target: BinaryIO, passphrase: str) -> None:
        header = new_header()
        raw = msgspec.json.encode(header)
        self._bound = MAGIC + _LENGTH.pack(len(raw)) + raw
        self._target = target
        self._box = AESGCM(_key(passphrase, header))
        self._prefix = header.prefix
        self._number = 0
        self._rest = bytearray()
        target.write(self._bound)

    def write(self, data: bytes) -> int:
        self._rest += data
        while len(self._rest) > CHUNK:
            self._seal(bytes(self._rest[:CHUNK]), last=False)
            del self._rest[:CHUNK]
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._rest), last=True)
        self._rest.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        nonce = self._prefix + _NUMBER.pack(self._number, last)
        self._target.write(self._box.encrypt(nonce, plain, self._bound))
        self._number += 1


class OpenedFile:
    """Reads what a SealingFile wrote. `read` raises InvalidError at the first byte that is not as it was;
    what came before it was."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        header, self._bound = _read_header(source)
        self._source = source
        self._box = AESGCM(_key(passphrase, header))
        self._prefix = header.prefix
        self._number = 0
        self._ready = bytearray()
        self._next = source.read(CHUNK + _TAG)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Fewer bytes than `size` only at the end."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._open()
        taken = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(taken)]
        return taken

    def _open(self) -> None:
        sealed, self._next = self._next, self._source.read(CHUNK + _TAG)
        self._ended = not self._next
        nonce = self._prefix + _NUMBER.pack(self._number, self._ended)
        try:
            self._ready += self._box.decrypt(nonce, sealed, self._bound)
        except InvalidTag as error:
            raise InvalidError(DAMAGED if self._number else WRONG, code="damaged_kit") from error
        self._number += 1
        if self._number >= _MOST_CHUNKS:
            raise InvalidError(DAMAGED, code="damaged_kit")


def _read_header(source: BinaryIO) -> tuple[Header, bytes]:
    magic = source.read(len(MAGIC))
    length = source.read(_LENGTH.size)
    if magic != MAGIC or len(length) < _LENGTH.size:
        raise InvalidError("This file is no recovery kit.", code="damaged_kit")
    raw = source.read(_LENGTH.unpack(length)[0])
    try:
        header = msgspec.json.decode(raw, type=Header)
    except msgspec.DecodeError as error:
        raise InvalidError(DAMAGED, code="damaged_kit") from error
    within = (
        0 < header.time <= _MOST_TIME and 0 < header.memory <= _MOST_MEMORY_KIB and 0 < header.lanes <= 16
    )
    if not within or len(header.prefix) != _PREFIX or not 8 <= len(header.salt) <= 64:
        raise InvalidError(DAMAGED, code="damaged_kit")
    return header, magic + length + raw


def _key(passphrase: str, header: Header) -> bytes:
    return hash_secret_raw(
        passphrase.encode(),
        header.salt,
        time_cost=header.time,
        memory_cost=max(header.memory, 8 * header.lanes),
        parallelism=header.lanes,
        hash_len=32,
        type=Type.ID,
    )
