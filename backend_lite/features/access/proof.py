"""The proof that somebody is who they say: the password, and the second factor where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.caller import current_caller, set_caller
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.passwords import check_password
from backend_lite.errors import InvalidError, UnauthorizedError
from backend_lite.features.access.guesses import WRONG_CREDENTIALS, Guesses, GuessKey
from backend_lite.features.access.second_factor import OTP_WRONG, SecondFactor
from backend_lite.features.access.tables import UserRow

T = TypeVar("T")


class Proof:
    def __init__(
        self, database: Database, guesses: Guesses, second_factor: SecondFactor, audit: Audit
    ) -> None:
        self._database = database
        self._guesses = guesses
        self._second_factor = second_factor
        self._audit = audit

    async def of_person(
        self,
        username: str,
        password: str,
        address: str,
        then: Callable[[Unit, UserRow], T],
        *,
        otp: str | None = None,
        second_factor: bool = True,
    ) -> T:
        """What `then` makes of the user, in the write that uses the code up.

        Raises UnauthorizedError, the same whether name or password is wrong, with `otp_required` or
        `otp_wrong` once the password is right; and TooFastError.
        """
        async with self._guesses.turn(username, address) as key:
            user = await self._database.read(lambda session: self._find(session, key))
            if not await check_password(user.password_hash if user else None, password) or user is None:
                await self._refused(key, user, "a wrong password" if user else "an unknown name")
                raise _wrong()
            if not user.is_active:
                await self._refused(key, user, "the right password, but the user is inactive")
                raise _inactive()
            return await self._complete(key, user, then, otp, second_factor, "the right password")

    async def of_vouched(
        self, user_id: int, address: str, then: Callable[[Unit, UserRow], T], *, otp: str | None = None
    ) -> T:
        """As `of_person`, for a user for whom a provider vouches in place of the password. The second factor
        that somebody has here is asked for all the same: no way in goes around it."""
        username = await self._database.read(lambda session: session.get_one(UserRow, user_id).username)
        async with self._guesses.turn(username, address) as key:
            user = await self._database.read(lambda session: self._get(session, key, user_id))
            if not user.is_active:
                raise _inactive()
            return await self._complete(key, user, then, otp, True, "the word of the provider")

    async def of_signed_in(
        self,
        username: str,
        password: str,
        address: str,
        then: Callable[[Unit, UserRow], T],
        *,
        otp: str | None = None,
        second_factor: bool = True,
    ) -> T:
        """As `of_person`, for somebody whose session is good: a 401 would say that it is not, so what is
        wrong is an InvalidError with the same codes."""
        try:
            return await self.of_person(
                username, password, address, then, otp=otp, second_factor=second_factor
            )
        except UnauthorizedError as error:
            wrong = "The password is not right." if error.code == WRONG_CREDENTIALS else error.detail
            raise InvalidError(wrong, code=error.code) from error

    async def _complete(
        self,
        key: GuessKey,
        user: UserRow,
        then: Callable[[Unit, UserRow], T],
        otp: str | None,
        second_factor: bool,
        shown: str,
    ) -> T:
        user_id, password_hash = user.id, user.password_hash

        def work(unit: Unit) -> T:
            row = unit.session.get_one(UserRow, user_id)
            # A check takes a while, and whoever shut the user out meanwhile found no session to end.
            if not row.is_active:
                raise _inactive()
            if row.password_hash != password_hash:
                raise _wrong()
            if second_factor:
                self._second_factor.use(unit, row, otp)
            self._guesses.forget(unit, key)
            return then(unit, row)

        set_caller(replace(current_caller(), name=user.username, user_id=user_id))
        try:
            return await self._database.write(work)
        except UnauthorizedError as error:
            if error.code == OTP_WRONG:
                await self._refused(key, user, f"{shown} and a wrong code")
            raise

    def _get(self, session: Session, key: GuessKey, user_id: int) -> UserRow:
        self._guesses.admit(session, key)
        return session.get_one(UserRow, user_id)

    def _find(self, session: Session, key: GuessKey) -> UserRow | None:
        self._guesses.admit(session, key)
        found: UserRow | None = session.scalar(select(UserRow).where(UserRow.name_key == key[0]))
        return found

    async def _refused(self, key: GuessKey, user: UserRow | None, why: str) -> None:
        def work(unit: Unit) -> None:
            self._guesses.count(unit, key)
            # An unknown name may be a password typed into the wrong line: it is not told.
            name = user.username if user else ""
            whom = f'the user "{name}"' if user else "an unknown user"
            entity = Entity("user", user.id if user else "", name)
            summary = f"A sign-in as {whom} was refused: {why}."
            self._audit.record(unit, "auth.refused", ActionType.DENIED, entity, summary)

        await self._database.write(work)


def _wrong() -> UnauthorizedError:
    return UnauthorizedError("Incorrect username or password", code=WRONG_CREDENTIALS)


def _inactive() -> UnauthorizedError:
    return UnauthorizedError("Inactive user", code="inactive_user")
