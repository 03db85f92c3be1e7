"""What a device's public key is called: the uid in messages and the words that a person compares."""

from __future__ import annotations

import hashlib
import uuid

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"


def device_uid(public_key: bytes) -> str:
    """The device's uid: a version-8 UUID (RFC 9562) over the SHA-256 of the Ed25519 public key."""
    raw = bytearray(hashlib.sha256(public_key).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def fingerprint_words(public_key: bytes) -> str:
    """Four pronounceable words (64 bits of the key's hash) joined by dashes, in the proquint alphabet."""
    digest = hashlib.sha256(b"deployflow-fingerprint-1" + public_key).digest()
    return "-".join(_word(int.from_bytes(digest[i : i + 2])) for i in range(0, 8, 2))


def _word(bits: int) -> str:
    return (
        _CONSONANTS[bits >> 12]
        + _VOWELS[bits >> 10 & 3]
        + _CONSONANTS[bits >> 6 & 15]
        + _VOWELS[bits >> 4 & 3]
        + _CONSONANTS[bits & 15]
    )
