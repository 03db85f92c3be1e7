"""Which of two versions is the newer one, as the systems that made them see it."""

from __future__ import annotations

import re
from functools import cache
from itertools import zip_longest

DEBIAN = "debian"
RPM = "rpm"
NUMBERS = "numbers"

Part = tuple[int, int, tuple[int, ...]]

_NOTHING: Part = (0, 0, (0,))
_RPM_PARTS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_DEBIAN_PARTS = re.compile(r"([^0-9]*)([0-9]*)")


def is_at_least(version: str, wanted: str, scheme: str) -> bool:
    """True for every version where `wanted` is empty."""
    return not wanted or compare(version, wanted, scheme) >= 0


def compare(one: str, other: str, scheme: str) -> int:
    """-1, 0 or 1. DEBIAN as dpkg has it, RPM as rpm; NUMBERS looks at the numbers and nothing else."""
    return {DEBIAN: _compare_debian, RPM: _compare_rpm, NUMBERS: _compare_numbers}[scheme](one, other)


def _compare_numbers(one: str, other: str) -> int:
    for mine, yours in zip_longest(_numbers(one), _numbers(other), fillvalue=0):
        if mine != yours:
            return 1 if mine > yours else -1
    return 0


def _numbers(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"[0-9]+", version)]


def _compare_debian(one: str, other: str) -> int:
    mine, yours = _parted(one), _parted(other)
    if mine[0] != yours[0]:
        return 1 if mine[0] > yours[0] else -1
    return _compare_parts(_debian(mine[1]), _debian(yours[1])) or _compare_parts(
        _debian(mine[2]), _debian(yours[2])
    )


def _compare_rpm(one: str, other: str) -> int:
    mine, yours = _parted(one), _parted(other)
    if mine[0] != yours[0]:
        return 1 if mine[0] > yours[0] else -1
    return _compare_parts(_rpm(mine[1]), _rpm(yours[1])) or _compare_parts(_rpm(mine[2]), _rpm(yours[2]))


def _parted(version: str) -> tuple[int, str, str]:
    """(epoch, version, revision)"""
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isascii() or not epoch.isdigit():
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return (int(epoch), upstream, revision) if dash else (int(epoch), rest, "")


def _compare_parts(mine: list[Part], yours: list[Part]) -> int:
    for one, other in zip_longest(mine, yours, fillvalue=_NOTHING):
        if one != other:
            return 1 if one > other else -1
    return 0


def _debian(text: str) -> list[Part]:
    """Texts and numbers by turns. A tilde is less than the end of a text, letters are less than the rest."""
    parts: list[Part] = []
    for word, digits in _DEBIAN_PARTS.findall(text):
        parts.append((0, 0, (*map(_weight, word), 0)))
        parts.append((0, int(digits or 0), (0,)))
    return parts


@cache
def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 0x110000


def _rpm(text: str) -> list[Part]:
    """Numbers are newer than words, a caret than the end, and a tilde is older than that."""
    parts: list[Part] = []
    for word in _RPM_PARTS.findall(text):
        if word.isdigit():
            parts.append((3, int(word), ()))
        elif word.isalpha():
            parts.append((2, 0, tuple(map(ord, word))))
        else:
            parts.append((1 if word == "^" else -1, 0, ()))
    return parts
