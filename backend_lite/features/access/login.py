"""Signing in: with a password and a second factor, or from this machine."""

from __future__ import annotations

from dataclasses import replace

from backend_lite.contract.access import TokenAnswer
from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError
from backend_lite.features.access.proof import Proof
from backend_lite.features.access.sessions import Sessions
from backend_lite.features.access.tables import UserRow
from backend_lite.features.access.tokens import TokenStore
from backend_lite.features.access.users import find_owner, user_of

COMMAND_S = 600
"""The session of a command that is killed before it signs out is worth nothing soon."""


class Login:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        tokens: TokenStore,
        sessions: Sessions,
        proof: Proof,
        audit: Audit,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._sessions = sessions
        self._proof = proof
        self._audit = audit

    @property
    def demands_factor(self) -> bool:
        """Of everybody: no way in is open that asks for none."""
        return self._sessions.demands_factor

    async def with_password(
        self, username: str, password: str, address: str, otp: str | None = None
    ) -> TokenAnswer:
        """Raises UnauthorizedError and TooFastError: see Proof."""

        def begin(unit: Unit, user: UserRow) -> TokenAnswer:
            return self.begin(unit, user, "with the password")

        return await self._proof.of_person(username, password, address, begin, otp=otp)

    async def as_owner(self, *, confirmed: bool = False, command: bool = False) -> TokenAnswer:
        """For a caller who proved to be on this machine, or a command there. Raises ConflictError while there
        is no owner."""

        def work(unit: Unit) -> TokenAnswer:
            owner = find_owner(unit.session)
            if owner is None:
                raise ConflictError("There is no owner yet: create one first.", code="setup_needed")
            unit.caller = replace(unit.caller, name=owner.username, user_id=owner.id)
            return self.begin(unit, owner, "on this machine", confirmed=confirmed, command=command)

        return await self._database.write(work)

    async def step_up(self, person: Principal, password: str, otp: str | None, address: str) -> None:
        """The session counts as fresh from now on. Raises InvalidError and TooFastError: see Proof;
        ConflictError for who has no password."""
        username = await self._database.read(
            lambda session: username_with_password(session.get_one(UserRow, person.user_id))
        )

        def confirm(unit: Unit, _user: UserRow) -> None:
            self._sessions.confirm(unit, person.token_id)

        await self._proof.of_signed_in(username, password, address, confirm, otp=otp)

    async def end(self, token_id: int) -> None:
        """Sign out."""

        def work(unit: Unit) -> None:
            self._tokens.revoke(unit, token_id)
            entity = Entity("user", unit.caller.user_id or "", unit.caller.name)
            summary = f"{unit.caller.name} signed out."
            self._audit.record(unit, "auth.sign_out", ActionType.SIGN_OUT, entity, summary)

        await self._database.write(work)

    def begin(
        self, unit: Unit, user: UserRow, how: str, *, confirmed: bool = True, command: bool = False
    ) -> TokenAnswer:
        """A session of `user`, as long as the settings say, or short for a command; `how` the person signed
        in, for the audit."""
        longest_s = COMMAND_S if command else self._sessions.longest_s
        user.last_login = self._clock.now_ms()
        unit.session.flush()
        issued = self._sessions.begin(
            unit, user.id, confirmed=confirmed, longest_s=longest_s, command=command
        )
        entity = Entity("user", user.id, user.username)
        summary = f"{user.username} signed in {how}."
        self._audit.record(unit, "auth.sign_in", ActionType.SIGN_IN, entity, summary)
        return TokenAnswer(issued.secret, "bearer", longest_s, user_of(user))


def username_with_password(user: UserRow) -> str:
    if user.password_hash is None:
        raise ConflictError(
            "You have no password here. Sign out and in again through your provider.", code="no_password"
        )
    return user.username
