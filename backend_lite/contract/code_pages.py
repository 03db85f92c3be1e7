"""Which code page makes the most likely text of bytes that are no Unicode: how letters stand together.

A byte alone says little; words do. In a wrong code page capital letters stand behind small ones, scripts are
mixed, and lines and letters touch.
"""

from __future__ import annotations

import re
from functools import lru_cache

CANDIDATES = ("cp850", "cp1252", "cp437", "cp852", "cp1250", "cp866", "cp1251", "cp932", "cp936")
"""In the order in which they win when nothing tells them apart. Others are for the reader to choose."""

_SAMPLE = 2 << 10
_SURROUNDED = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")
_COMMON = {"cp932": (b"\x88", b"\x98"), "cp936": (b"\xb0", b"\xd8")}
"""First bytes of the ideographs that are used every day."""
_FREQUENT = frozenset("äöüßÄÖÜéèêàçâîñóíáú")
_MARKS = frozenset(
    "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u20ac\u00ab\u00bb\u00a9\u00ae\u00b0\u00a7\u00b5\u00bf\u00a1"
)


def likely_code_page(data: bytes) -> str:
    sample = b"".join(_SURROUNDED.findall(data[: _SAMPLE * 32]))[:_SAMPLE]
    return max(CANDIDATES, key=lambda name: (_score(sample, name), -CANDIDATES.index(name)))


def _score(sample: bytes, name: str) -> int:
    text = sample.decode(name, "replace")
    around = zip(" " + text, text, text[1:] + " ", strict=False)
    return sum(_likely(before, char, behind, name) for before, char, behind in around if char > "\x7f")


@lru_cache(8192)
def _likely(before: str, char: str, behind: str, name: str) -> int:
    kind = _kind(char)
    if kind in ("latin", "cyrillic"):
        beside = [other for other in (before, behind) if other.isalpha()]
        if any(_kind(other) != kind for other in beside):
            return -4
        if char.isupper() and before.islower():
            return -4
        if before == char == behind:
            return -4
        if kind == "latin" and len(beside) == 2 and min(beside) > "\x7f":
            # Words of nothing but accents are words of another script.
            return -1
        return (2 if beside else -1) + (char in _FREQUENT)
    if kind == "kana":
        return 4
    if kind == "ideograph":
        first = char.encode(name)[:1]
        low, high = _COMMON.get(name, (b"", b""))
        return 4 if low <= first < high else -1
    if kind == "lines":
        if _kind(before) == kind or _kind(behind) == kind:
            return 2
        return 1 if not (before.isalpha() and behind.isalpha()) else -3
    if kind == "wide":
        return 2 if _kind(before) in ("kana", "ideograph", "wide") else -1
    return (3 if char in _MARKS else -1) if char != "\ufffd" else -6


@lru_cache(4096)
def _kind(char: str) -> str:
    code = ord(char)
    for low, high, kind in (
        (0x41, 0x24F, "latin"),
        (0x400, 0x4FF, "cyrillic"),
        (0x2500, 0x259F, "lines"),
        (0x3000, 0x303F, "wide"),
        (0x3040, 0x30FF, "kana"),
        (0x4E00, 0x9FFF, "ideograph"),
        (0xFF01, 0xFF5E, "wide"),
    ):
        if low <= code <= high:
            return kind if kind != "latin" or char.isalpha() else "other"
    return "other"
