"""Who keeps sealed texts, so that another master key can be put in the place of the old one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from backend_lite.core.db.unit import Unit
from backend_lite.core.security.master_key import MasterKey
from backend_lite.errors import ConflictError

log = structlog.get_logger(__name__)

Reseal = Callable[[str, str], str]
"""(purpose, sealed) to the text that is to be kept in its place."""


@dataclass(frozen=True)
class SealedHolder:
    """`count` says how many sealed texts there are; `reseal` replaces each by what it is given for it.

    Whoever seals does it inside the write that keeps the sealed text: then none that was made with the old
    key can come after the write that replaces them all.
    """

    count: Callable[[Session], int]
    reseal: Callable[[Unit, Reseal], None]


class SealedHolders:
    def __init__(self) -> None:
        self._holders: list[SealedHolder] = []

    def add(self, holder: SealedHolder) -> None:
        self._holders.append(holder)

    def count(self, session: Session) -> int:
        return sum(holder.count(session) for holder in self._holders)

    def reseal_all(self, unit: Unit, key: MasterKey) -> int:
        """Encrypt everything with the newest key; answer how many could not be opened and stay as they
        are: their key is not here, so that nothing is lost by it."""
        lost = 0

        def anew(purpose: str, sealed: str) -> str:
            nonlocal lost
            if key.is_current(sealed):
                return sealed
            try:
                plain = key.open(purpose, sealed)
            except ConflictError:
                lost += 1
                return sealed
            return key.seal(purpose, plain)

        for holder in self._holders:
            holder.reseal(unit, anew)
        if lost:
            log.warning("some secrets cannot be opened and keep the key that is not here", count=lost)
        return lost
