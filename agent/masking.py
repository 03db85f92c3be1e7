"""Secrets are masked in a script's output before it is written anywhere.

A secret is found as it stands, in UTF-8, in UTF-16LE and in the code pages of the console, whole or line by
line, also when it arrives in pieces. What a script makes of it (Base64, a hash, one letter per line) is not
found, and one of fewer than `LEAST_CHARACTERS` is not looked for, because half of all output would be masked.

Imported by the runner: standard library only.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST_CHARACTERS = 4
MASK = "***"


def too_short(secret: str) -> bool:
    return len(secret) < LEAST_CHARACTERS


def code_pages() -> list[str]:
    """The encodings, apart from UTF-8 and UTF-16LE, in which programs of this system write."""
    if sys.platform == "win32":
        import ctypes

        kernel32 = ctypes.windll.kernel32
        return [f"cp{page}" for page in (kernel32.GetOEMCP(), kernel32.GetACP())]
    return [os.device_encoding(1) or sys.getfilesystemencoding()]


class Masker:
    """Masks one stream. Bytes that may be the beginning of a secret are held back until that is clear."""

    def __init__(self, secrets: Iterable[str], encodings: Iterable[str]) -> None:
        patterns: dict[bytes, bytes] = {}
        names = ["utf-8", "utf-16-le", *encodings]
        for secret in secrets:
            for text in _spellings(secret):
                for encoding in names:
                    raw = _encoded(text, encoding)
                    if raw:
                        patterns.setdefault(raw, _encoded(MASK, encoding))
        self._patterns = patterns
        self._rest = b""
        self._covered = 0
        """So many bytes at the beginning of `_rest` belong to a secret whose mask went out already."""

    def feed(self, data: bytes) -> bytes:
        """What can be let go of, now that this came."""
        self._rest += data
        return self._let_go(len(self._rest) - self._held())

    def end(self) -> bytes:
        """What is left at the end of the stream."""
        return self._let_go(len(self._rest))

    def _held(self) -> int:
        """Length of the longest end of what is here that may be the beginning of a secret."""
        most = 0
        for pattern in self._patterns:
            end = self._rest[max(0, len(self._rest) - len(pattern) + 1) :]
            at = end.find(pattern[:1])
            while at >= 0 and len(end) - at > most:
                if pattern.startswith(end[at:]):
                    most = len(end) - at
                    break
                at = end.find(pattern[:1], at + 1)
        return most

    def _let_go(self, size: int) -> bytes:
        out = []
        at = self._covered
        for begin, end, mask in self._found():
            if begin >= size:
                break
            if begin >= at:
                out += [self._rest[at:begin], mask]
            at = max(at, end)
        out.append(self._rest[at:size])
        self._rest = self._rest[size:]
        self._covered = max(0, at - size)
        return b"".join(out)

    def _found(self) -> list[tuple[int, int, bytes]]:
        """(begin, end, mask) of every secret, overlapping ones too, in order."""
        found = []
        for pattern, mask in self._patterns.items():
            at = self._rest.find(pattern)
            while at >= 0:
                found.append((at, at + len(pattern), mask))
                at = self._rest.find(pattern, at + 1)
        return sorted(found)


def _spellings(secret: str) -> set[str]:
    """The secret with either line end, and its lines, because programs print line by line."""
    lines = secret.replace("\r\n", "\n").split("\n")
    found = {"\n".join(lines), "\r\n".join(lines), secret, *lines}
    return {text for text in found if not too_short(text)}


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return b""
