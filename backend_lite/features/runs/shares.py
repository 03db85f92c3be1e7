"""Numbers of runs given as a count ("5") or as a share of all ("10%")."""

from __future__ import annotations

import re

from backend_lite.contract.runs import Waves
from backend_lite.errors import InvalidError

_SHARE = re.compile(r"(\d{1,9})\s*(%?)")


def amount(text: str, total: int, what: str) -> int:
    """How many of `total` are meant, rounded down. Raises InvalidError."""
    found = _SHARE.fullmatch(text.strip())
    if found is None or (found[2] and int(found[1]) > 100):
        raise InvalidError(f"{text[:20]!r} is no {what}: give a number such as 5, or a share such as 10%.")
    return int(found[1]) * total // 100 if found[2] else int(found[1])


def wave_sizes(waves: Waves | None, total: int) -> list[int]:
    """The numbers of runs in each wave, at least one each; the last takes what is left. Empty without waves.

    Raises InvalidError.
    """
    if waves is None or not waves.sizes:
        return []
    sizes: list[int] = []
    left = total
    for text in waves.sizes:
        wanted = amount(text, total, "size of a wave")
        if text.strip() == "0":
            raise InvalidError("A wave has at least one run.")
        if left > 0:
            sizes.append(min(max(wanted, 1), left))
            left -= sizes[-1]
    return [*sizes, left] if left else sizes
