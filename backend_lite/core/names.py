"""What people call things: names in one line, compared without case and without their way of writing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import count, pairwise

from backend_lite.errors import InvalidError

MAX_NAME = 200
_MAX_KEY = 400
_JOINERS = "\u200c\u200d"
_JOINED = ("Lo", "Mn", "Mc", "So", "Sk")
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Signs of Arabic, Syriac and Kaithi that are seen, although they count as format characters."""
_COPY = re.compile(r" \(copy(?: \d{1,6})?\)$")


def one_line(text: str, size: int) -> str:
    """`text` in one line: without control, invisible and direction-changing characters, cut at `size`."""
    text = text[: size * 4]
    kept = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())[:size].rstrip()


def checked_name(text: str, limit: int = MAX_NAME, *, what: str = "This") -> str:
    """`text` in one line; `what` begins the sentence where there is none, such as "A script".

    Raises InvalidError.
    """
    name = " ".join(text.split())
    if not name:
        raise InvalidError(f"{what} needs a name.")
    if len(name) > limit:
        raise InvalidError(f"The name has {len(name)} characters; at most {limit} are allowed.")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise InvalidError("The name holds a control character; type it again.")
    if hidden := _hidden(name):
        raise InvalidError(f"The name holds an invisible character (U+{ord(hidden):04X}); type it again.")
    return name


def _hidden(name: str) -> str:
    """The first character that is not seen but changes what is: the direction, or which names are alike.

    Joiners stay where writing needs them, after letters without case, marks and pictures: Persian and Indian
    words and joined emoji are made with them.
    """
    for before, character in pairwise(f" {name}"):
        if unicodedata.category(character) != "Cf" or character in _SEEN:
            continue
        if character not in _JOINERS or unicodedata.category(before) not in _JOINED:
            return character
    return ""


def name_key(name: str) -> str:
    """The name as it is compared; it fits into a column of 400 characters."""
    return unicodedata.normalize("NFKC", name).casefold()[:_MAX_KEY]


def free_name(name: str, taken: Container[str], limit: int = MAX_NAME) -> str:
    """The name of a copy: `name (copy)`, or `name (copy 2)` and so on; its key is none of `taken`."""
    stem = _COPY.sub("", name)
    for number in count(1):
        ending = " (copy)" if number == 1 else f" (copy {number})"
        if name_key(free := stem[: limit - len(ending)].rstrip() + ending) not in taken:
            break
    return free
