"""The sign-in of an SDK: it asks, a person confirms in the window, and it gets a token once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import FromQuery, JSONBody
from sqlalchemy import delete, func, select

from backend_lite.contract.access_forms import (
    SDK_AUTH,
    SdkConfirm,
    SdkSession,
    SdkStart,
    SdkStatus,
    SdkUser,
)
from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import OPEN, SIGNED_IN, USER, refuse_without_factor
from backend_lite.core.ids import secret_hash
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ConflictError, InvalidError, NotFoundError, TooFastError
from backend_lite.features.access.tables import SignInRow, UserRow
from backend_lite.features.access.tokens import Subject, TokenKind, TokenStore
from backend_lite.features.access.users import USER_SUBJECT

AnyRequest = Request[Any, Any, Any]
KIND = "sdk"
SESSION_MS = 5 * 60_000
TOKEN_MS = 3_600_000
MOST_OPEN = 100
_MAX_MACHINE_NAME = 255
_MACHINE = "machine_name"
PENDING, CONFIRMED, EXPIRED = "pending", "confirmed", "expired"


class SdkSignIns:
    """Sessions live for five minutes. Asked again from the same address for the same machine, the one that
    is still open is answered; its id is kept in memory only, since whoever has it gets the token."""

    def __init__(self, database: Database, clock: Clock, tokens: TokenStore, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._audit = audit
        self._open: dict[tuple[str, str], SdkSession] = {}

    async def start(self, machine_name: str, address: str) -> SdkSession:
        """Raises InvalidError, and TooFastError while too many are open."""
        machine_name = machine_name.strip()[:_MAX_MACHINE_NAME]
        if not machine_name:
            raise InvalidError("machine_name is required")
        known = self._open.get((machine_name, address))
        if known is not None and (await self.status(known.session_id, take=False)).status == PENDING:
            return known
        made = SdkSession(str(uuid.uuid4()), format_time(self._clock.now_ms() + SESSION_MS))
        await self._database.write(lambda unit: self._start(unit, made.session_id, machine_name))
        now = format_time(self._clock.now_ms())
        self._open = {key: one for key, one in self._open.items() if one.expires_at > now}
        self._open[machine_name, address] = made
        return made

    async def confirm(self, session_id: str, person: Principal) -> str:
        """`ok`, also once more, or `expired`. Raises InvalidError, NotFoundError and ConflictError."""
        if not session_id:
            raise InvalidError("session_id is required")
        return await self._database.write(lambda unit: self._confirm(unit, session_id, person))

    async def status(self, session_id: str, *, take: bool = True) -> SdkStatus:
        """With the token where it is confirmed, once. Raises NotFoundError."""
        if not take:
            return SdkStatus(
                await self._database.read(
                    lambda session: self._state(session.get(SignInRow, secret_hash(session_id)))
                )
            )
        return await self._database.write(lambda unit: self._status(unit, session_id))

    def _start(self, unit: Unit, session_id: str, machine_name: str) -> None:
        now = self._clock.now_ms()
        unit.session.execute(delete(SignInRow).where(SignInRow.kind == KIND, SignInRow.expires_at <= now))
        count = select(func.count()).select_from(SignInRow).where(SignInRow.kind == KIND)
        if unit.session.scalar(count) >= MOST_OPEN:  # type: ignore[operator]
            raise TooFastError("Too many sign-ins wait to be confirmed. Try again in a few minutes.", 60)
        unit.session.add(
            SignInRow(
                state_hash=secret_hash(session_id),
                kind=KIND,
                options={_MACHINE: machine_name},
                created_at=now,
                expires_at=now + SESSION_MS,
            )
        )

    def _confirm(self, unit: Unit, session_id: str, person: Principal) -> str:
        row = unit.session.get(SignInRow, secret_hash(session_id))
        if row is None or row.kind != KIND:
            raise NotFoundError("Session not found")
        if row.user_id not in (None, person.user_id):
            raise ConflictError("Session was confirmed by another user")
        if self._state(row) == EXPIRED:
            return EXPIRED
        if row.user_id is None:
            row.user_id = person.user_id
            machine = row.options[_MACHINE]
            self._audit.record(
                unit,
                "sdk.confirm",
                ActionType.CREATE,
                Entity("user", person.user_id, person.name),
                f'{person.name} let the SDK on "{machine}" sign in.',
            )
        return "ok"

    def _state(self, row: SignInRow | None) -> str:
        if row is None or row.kind != KIND or row.used_at is not None:
            return EXPIRED
        if row.expires_at <= self._clock.now_ms():
            return EXPIRED
        return PENDING if row.user_id is None else CONFIRMED

    def _status(self, unit: Unit, session_id: str) -> SdkStatus:
        row = unit.session.get(SignInRow, secret_hash(session_id))
        if row is None or row.kind != KIND:
            raise NotFoundError("Session not found")
        if (state := self._state(row)) != CONFIRMED:
            return SdkStatus(state)
        user = unit.session.get_one(UserRow, row.user_id)
        row.used_at = self._clock.now_ms()
        if not user.is_active:
            return SdkStatus(EXPIRED)
        issued = self._tokens.issue(
            unit,
            TokenKind.SDK,
            subject=Subject(USER_SUBJECT, user.id),
            name=row.options[_MACHINE],
            created_by=user.id,
            ttl_ms=TOKEN_MS,
        )
        until = format_time(row.used_at + TOKEN_MS)
        return SdkStatus(CONFIRMED, issued.secret, until, SdkUser(user.id, user.username))


def sdk_routes(sign_ins: SdkSignIns) -> Sequence[Route]:
    @post(f"{SDK_AUTH}/start", status_code=200, permission=OPEN, audience=USER)
    async def sdk_start(request: AnyRequest, data: JSONBody[SdkStart]) -> SdkSession:
        """A session that a person has to confirm within five minutes."""
        address = request.client.host if request.client else ""
        return await sign_ins.start(data.machine_name, address)

    @post(f"{SDK_AUTH}/confirm", status_code=200, permission=SIGNED_IN, audience=USER, step_up=True)
    async def sdk_confirm(request: AnyRequest, data: JSONBody[SdkConfirm]) -> SdkStatus:
        """Let the SDK sign in as the caller."""
        refuse_without_factor(request.user)
        return SdkStatus(await sign_ins.confirm(data.session_id, request.user))

    @get(f"{SDK_AUTH}/status", permission=OPEN, audience=USER)
    async def sdk_status(session_id: FromQuery[str] = "") -> SdkStatus:
        """Its token, once, when it is confirmed."""
        if not session_id:
            raise InvalidError("session_id is required")
        return await sign_ins.status(session_id)

    return [sdk_start, sdk_confirm, sdk_status]
