"""Which passwords are refused: short ones, and those that are tried first by everybody.

There is no list of passwords: what is tried first is made of common words, names, years, rows of keys and
repetitions, with letters swapped for signs that look alike and something put before or behind. A password is
refused where hardly anything else is in it. What is known about its person counts for next to nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from backend_lite.contract.access import MIN_PASSWORD
from backend_lite.errors import InvalidError
from backend_lite.features.access.common_words import COMMON_WORDS, KEY_ROWS

_FEWEST_DIFFERENT = 5
_FEWEST_BITS = 37
_LOOKED_AT_ONCE = 64
_WORD_BITS, _OWN_BITS, _RUN_BITS, _AGAIN_BITS, _YEAR_BITS, _DIGIT_BITS, _OTHER_BITS = 10, 3, 6, 2, 6, 3, 5
_LONGEST_WORD = max(map(len, COMMON_WORDS))
_SHORTEST_WORD, _SHORTEST_RUN = 3, 3
_YEAR = re.compile(r"(19|20)[0-9][0-9]")
_LOOK_ALIKE = str.maketrans("013457@$!", "oieastasi")
_ROWS = tuple(row for one in KEY_ROWS for row in (one, one[::-1]))
_NO_WORDS = re.compile(r"[^\w]+|_")


def check_new_password(password: str, *about: str) -> None:
    """Raises InvalidError with the sentence why `password` will not do; `about` is what everybody knows of
    its person: names and addresses."""
    if len(password) < MIN_PASSWORD:
        raise InvalidError(
            f"The password has {len(password)} characters; it needs at least {MIN_PASSWORD}.",
            code="weak_password",
        )
    if len(set(password)) < _FEWEST_DIFFERENT or _is_tried_first(_folded(password), _own(about)):
        raise InvalidError(
            "This password is among the first that are tried. Choose another, such as four unrelated words.",
            code="weak_password",
        )


def _is_tried_first(password: str, own: frozenset[str]) -> bool:
    text, bits = _unit(password), 0
    for start in range(0, len(text), _LOOKED_AT_ONCE):
        bits += _bits(text[start : start + _LOOKED_AT_ONCE], own)
        if bits >= _FEWEST_BITS:
            return False
    return True


def _unit(text: str) -> str:
    """What `text` repeats (`abcabc` -> `abc`), or the text itself."""
    return text[: (text + text).find(text, 1)]


def _bits(password: str, own: frozenset[str]) -> int:
    """About how many questions with yes or no lead to it, for whoever knows how people choose."""
    plain = password.translate(_LOOK_ALIKE)
    fewest = [0] + [len(password) * _OTHER_BITS] * len(password)
    longest = max(_LONGEST_WORD, *map(len, own), 0)
    for start in range(len(password)):
        for end, bits in _pieces(password, plain, start, own, longest):
            fewest[end] = min(fewest[end], fewest[start] + bits)
    return fewest[-1]


def _pieces(
    password: str, plain: str, start: int, own: frozenset[str], longest: int
) -> Iterator[tuple[int, int]]:
    """What may begin at `start`, no word of it longer than `longest`: where it ends, and its bits."""
    yield start + 1, _DIGIT_BITS if password[start].isdigit() else _OTHER_BITS
    for end in range(start + _SHORTEST_WORD, min(start + longest, len(password)) + 1):
        spelt = (password[start:end], plain[start:end])
        if not own.isdisjoint(spelt):
            yield end, _OWN_BITS
        elif not COMMON_WORDS.isdisjoint(spelt):
            yield end, _WORD_BITS
    for end in range(start + _SHORTEST_RUN, len(password) + 1):
        if not _is_run(password[start:end]):
            break
        yield end, _RUN_BITS
    for size in range(2, min(start, len(password) - start) + 1):
        if password[start - size : start] == password[start : start + size]:
            yield start + size, _AGAIN_BITS
    if _YEAR.match(password, start):
        yield start + 4, _YEAR_BITS


def _is_run(text: str) -> bool:
    return text == text[0] * len(text) or any(text in row for row in _ROWS)


def _own(about: tuple[str, ...]) -> frozenset[str]:
    """The words about a person, each part of a name for itself."""
    whole = [_folded(one) for one in about]
    parts = [part for one in whole for part in _NO_WORDS.split(one)]
    return frozenset(one for one in (*whole, *parts) if len(one) >= _SHORTEST_WORD)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
