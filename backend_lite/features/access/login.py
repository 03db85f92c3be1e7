"""Signing in: with a password that waits longer after every failure, or from this machine."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend_lite.contract.access import TokenAnswer
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.passwords import check_password
from backend_lite.errors import ConflictError, TooFastError, UnauthorizedError
from backend_lite.features.access.sessions import SESSION_S, Sessions
from backend_lite.features.access.tables import LoginFailureRow, UserRow
from backend_lite.features.access.tokens import TokenStore
from backend_lite.features.access.users import find_owner, name_key, user_of

DELAYS_FROM = 3
"""The failure in a row after which the next try waits: 1 s, then 2, 4, 8 ..."""
LONGEST_DELAY_S = 300
FORGET_FAILURES_S = 24 * 3600
_KEY_LENGTH = 200

_Key = tuple[str, str]


class Login:
    """Failures are counted by user name and address, so that nobody can shut the owner out from elsewhere.
    There is no lockout: after the delay the right password is accepted."""

    def __init__(self, database: Database, clock: Clock, tokens: TokenStore, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._sessions = sessions
        self._turns: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def with_password(self, username: str, password: str, address: str) -> TokenAnswer:
        """Raises UnauthorizedError, the same whether name or password is wrong, and TooFastError."""
        key = (name_key(username)[:_KEY_LENGTH], address)
        async with self._turn(key):
            user = await self._database.read(lambda session: self._admit(session, key))
            if not await check_password(user.password_hash if user else None, password) or user is None:
                await self._database.write(lambda unit: self._count_failure(unit, key))
                raise UnauthorizedError("Incorrect username or password", code="wrong_credentials")
            if not user.is_active:
                raise UnauthorizedError("Inactive user", code="inactive_user")
            user_id = user.id
            return await self._database.write(lambda unit: self._begin(unit, user_id, key))

    async def as_owner(self) -> TokenAnswer:
        """For a caller who proved to be on this machine. Raises ConflictError while there is no owner."""
        return await self._database.write(self._begin_owner)

    async def end(self, token_id: int) -> None:
        await self._database.write(lambda unit: self._tokens.revoke(unit, token_id))

    @asynccontextmanager
    async def _turn(self, key: _Key) -> AsyncIterator[None]:
        """One check of a key at a time: guesses sent at once must not all pass before one is counted."""
        lock = self._turns.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    def _admit(self, session: Session, key: _Key) -> UserRow | None:
        row = session.get(LoginFailureRow, key)
        if row is not None:
            passed_ms, delay_ms = self._clock.now_ms() - row.last_failed_at, delay_s(row.failures) * 1000
            # A clock that was set back must not lock anyone out until it catches up.
            if 0 <= passed_ms < delay_ms:
                seconds = math.ceil((delay_ms - passed_ms) / 1000)
                raise TooFastError(f"Too many failed log-ins. Try again in {seconds} s.", seconds)
        return session.scalar(select(UserRow).where(UserRow.name_key == key[0]))

    def _count_failure(self, unit: Unit, key: _Key) -> None:
        now = self._clock.now_ms()
        forgotten = LoginFailureRow.last_failed_at < now - FORGET_FAILURES_S * 1000
        unit.session.execute(delete(LoginFailureRow).where(forgotten))
        row = unit.session.get(LoginFailureRow, key)
        if row is None:
            row = LoginFailureRow(name_key=key[0], address=key[1], failures=0)
            unit.session.add(row)
        row.failures += 1
        row.last_failed_at = now

    def _begin(self, unit: Unit, user_id: int, key: _Key) -> TokenAnswer:
        unit.session.execute(
            delete(LoginFailureRow).where(
                LoginFailureRow.name_key == key[0], LoginFailureRow.address == key[1]
            )
        )
        return self._answer(unit, unit.session.get_one(UserRow, user_id))

    def _begin_owner(self, unit: Unit) -> TokenAnswer:
        owner = find_owner(unit.session)
        if owner is None:
            raise ConflictError("There is no owner yet: create one first.", code="setup_needed")
        return self._answer(unit, owner)

    def _answer(self, unit: Unit, user: UserRow) -> TokenAnswer:
        user.last_login = self._clock.now_ms()
        unit.session.flush()
        issued = self._sessions.begin(unit, user.id)
        return TokenAnswer(issued.secret, "bearer", SESSION_S, user_of(user))


def delay_s(failures: int) -> int:
    """How long the next try waits after so many failures in a row."""
    over = failures - DELAYS_FROM
    return 0 if over < 0 else min(2 ** min(over, 30), LONGEST_DELAY_S)
