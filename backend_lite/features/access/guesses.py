"""Failed proofs of who somebody is: each failure in a row makes the next try wait longer."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from sqlalchemy import delete
from sqlalchemy.orm import Session

from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.errors import TooFastError
from backend_lite.features.access.tables import LoginFailureRow
from backend_lite.features.access.users import name_key

DELAYS_FROM = 3
"""The failure in a row after which the next try waits: 1 s, then 2, 4, 8 ..."""
LONGEST_DELAY_S = 300
FORGET_FAILURES_S = 24 * 3600
_KEY_LENGTH = 200

GuessKey = tuple[str, str]


class Guesses:
    """Counted by user name and address, so that nobody can shut the owner out from elsewhere. There is no
    lockout: after the delay the right password is accepted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: WeakValueDictionary[GuessKey, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, username: str, address: str) -> AsyncIterator[GuessKey]:
        """One check of a key at a time: guesses sent at once must not all pass before one is counted."""
        key = (name_key(username)[:_KEY_LENGTH], address)
        lock = self._turns.setdefault(key, asyncio.Lock())
        async with lock:
            yield key

    def admit(self, session: Session, key: GuessKey) -> None:
        """Raises TooFastError."""
        row = session.get(LoginFailureRow, _kept(key))
        if row is None:
            return
        passed_ms, delay_ms = self._clock.now_ms() - row.last_failed_at, delay_s(row.failures) * 1000
        # A clock that was set back must not lock anyone out until it catches up.
        if 0 <= passed_ms < delay_ms:
            seconds = math.ceil((delay_ms - passed_ms) / 1000)
            raise TooFastError(f"Too many failed log-ins. Try again in {seconds} s.", seconds)

    def count(self, unit: Unit, key: GuessKey) -> None:
        now = self._clock.now_ms()
        forgotten = LoginFailureRow.last_failed_at < now - FORGET_FAILURES_S * 1000
        unit.session.execute(delete(LoginFailureRow).where(forgotten))
        name, address = _kept(key)
        row = unit.session.get(LoginFailureRow, (name, address))
        if row is None:
            row = LoginFailureRow(name_key=name, address=address, failures=0)
            unit.session.add(row)
        row.failures += 1
        row.last_failed_at = now

    def forget(self, unit: Unit, key: GuessKey) -> None:
        name, address = _kept(key)
        unit.session.execute(
            delete(LoginFailureRow).where(
                LoginFailureRow.name_key == name, LoginFailureRow.address == address
            )
        )


def _kept(key: GuessKey) -> GuessKey:
    """A password is sometimes typed into the line of the name: so little of a hash tells nobody which."""
    name, address = key
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8], address


def delay_s(failures: int) -> int:
    """How long the next try waits after so many failures in a row."""
    over = failures - DELAYS_FROM
    return 0 if over < 0 else min(2 ** min(over, 30), LONGEST_DELAY_S)
