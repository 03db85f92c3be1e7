"""Failed proofs of who somebody is: each failure in a row makes the next try wait longer."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.errors import TooFastError, UnauthorizedError
from backend_lite.features.access.sessions import ADDRESS
from backend_lite.features.access.tables import LoginFailureRow, TokenRow, UserRow
from backend_lite.features.access.tokens import TokenKind
from backend_lite.features.access.users import USER_SUBJECT, name_key

WRONG_CREDENTIALS = "wrong_credentials"

DELAYS_FROM = 3
"""The failure in a row after which the next try waits: 1 s, then 2, 4, 8 ..."""
LONGEST_DELAY_S = 300
FORGET_FAILURES_S = 24 * 3600
ADDRESS_FAILURES = 20
ADDRESS_FORGIVES_S = 30
"""So many failures an address has to spare, whatever the names; one of them is forgiven after so long."""
_AT_ONCE = 4
"""Checks of an address at once: so many pass before a failure is counted. More would not be faster."""
_KEY_LENGTH = 200
_EVERY_NAME = ""

GuessKey = tuple[str, str]


class Guesses:
    """Counted by user name and address, so that nobody can shut the owner out from elsewhere. There is no
    lockout: after the delay the right password is accepted.

    Failures of an address are counted over all names, too: who tries one password with many names waits as
    well. That delay is short, and does not hold for names that have signed in from the address before, so
    that one guesser there keeps none of its people out.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: WeakValueDictionary[GuessKey, asyncio.Lock] = WeakValueDictionary()
        self._addresses: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._let_by: dict[GuessKey, TooFastError] = {}

    @asynccontextmanager
    async def turn(self, username: str, address: str) -> AsyncIterator[GuessKey]:
        """One check of a key at a time: guesses sent at once must not all pass before one is counted."""
        key = (name_key(username)[:_KEY_LENGTH], address)
        lock = self._turns.setdefault(key, asyncio.Lock())
        some = self._addresses.setdefault(address, asyncio.Semaphore(_AT_ONCE))
        async with lock, some:
            try:
                yield key
            except UnauthorizedError as refusal:
                too_fast = self._let_by.get(key)
                if too_fast is None or refusal.code != WRONG_CREDENTIALS:
                    raise
                # Or the answer would tell which names are in use there.
                raise too_fast from refusal
            finally:
                self._let_by.pop(key, None)

    def admit(self, session: Session, key: GuessKey) -> None:
        """Raises TooFastError."""
        self._admit_name(session, key)
        row = session.get(LoginFailureRow, (_EVERY_NAME, key[1]))
        passed_ms = self._clock.now_ms() - row.last_failed_at if row is not None else 0
        if row is None or passed_ms < 0 or _left(row, passed_ms) < ADDRESS_FAILURES:
            return
        seconds = math.ceil(ADDRESS_FORGIVES_S - passed_ms / 1000)
        sentence = f"Too many failed log-ins from this address. Try again in {seconds} s."
        too_fast = TooFastError(sentence, seconds)
        if not _has_signed_in_from(session, key):
            raise too_fast
        self._let_by[key] = too_fast

    def _admit_name(self, session: Session, key: GuessKey) -> None:
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
        row = _row(unit.session, *_kept(key))
        row.failures += 1
        row.last_failed_at = now
        every = _row(unit.session, _EVERY_NAME, key[1])
        every.failures = min(_left(every, now - (every.last_failed_at or now)) + 1, ADDRESS_FAILURES)
        every.last_failed_at = now

    def forget(self, unit: Unit, key: GuessKey) -> None:
        name, address = _kept(key)
        unit.session.execute(
            delete(LoginFailureRow).where(
                LoginFailureRow.name_key == name, LoginFailureRow.address == address
            )
        )


def _row(session: Session, name: str, address: str) -> LoginFailureRow:
    row = session.get(LoginFailureRow, (name, address))
    if row is None:
        row = LoginFailureRow(name_key=name, address=address, failures=0)
        session.add(row)
    return row


def _left(row: LoginFailureRow, passed_ms: int) -> int:
    """What is not forgiven yet of the failures of an address."""
    return max(0, row.failures - max(0, passed_ms) // (ADDRESS_FORGIVES_S * 1000))


def _has_signed_in_from(session: Session, key: GuessKey) -> bool:
    """As long as that session is remembered: for as long as sessions last."""
    of_name = (
        select(TokenRow.options)
        .join(UserRow, UserRow.id == TokenRow.subject_id)
        .where(TokenRow.kind == TokenKind.SESSION, TokenRow.subject_kind == USER_SUBJECT)
        .where(UserRow.name_key == key[0])
    )
    return any(options.get(ADDRESS) == key[1] for options in session.scalars(of_name))


def _kept(key: GuessKey) -> GuessKey:
    """A password is sometimes typed into the line of the name: so little of a hash tells nobody which."""
    name, address = key
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8], address


def delay_s(failures: int) -> int:
    """How long the next try waits after so many failures in a row."""
    over = failures - DELAYS_FROM
    return 0 if over < 0 else min(2 ** min(over, 30), LONGEST_DELAY_S)
