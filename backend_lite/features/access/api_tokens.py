"""Tokens that people make for programs: never more than their maker may, at any time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy.orm import Session

from backend_lite.contract.accounts import ApiToken, ApiTokenCreate, ApiTokenSecret, ApiTokenWork
from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.live import API_TOKEN
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import checked_name
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ForbiddenError, InvalidError, NotFoundError
from backend_lite.features.access.tables import UserRow
from backend_lite.features.access.tokens import Subject, Token, TokenKind, TokenStore, refusal_of
from backend_lite.features.access.users import USER_SUBJECT, rights_of, user_names

MAX_DAYS = 365
MAX_DESCRIPTION = 2_000
_DAY_MS = 86_400_000
_SCOPE = "scope"
_DESCRIPTION = "description"
SDK_ELSEWHERE = "SDK token not permitted for this endpoint"
KINDS = (TokenKind.API, TokenKind.SDK, TokenKind.SERVICE)
"""What the page of tokens shows: sessions, enrollment tokens and devices have pages of their own."""


class QueuedWork(Protocol):
    """What tokens have asked for; the area of the work says what there is."""

    def open(self, session: Session, token_id: int) -> ApiTokenWork: ...

    def cancel(self, unit: Unit, token_id: int) -> int:
        """How many rollouts that were."""


class _NoWork:
    def open(self, _session: Session, _token_id: int) -> ApiTokenWork:
        return ApiTokenWork(0, 0)

    def cancel(self, _unit: Unit, _token_id: int) -> int:
        return 0


class ApiTokens:
    def __init__(self, database: Database, clock: Clock, tokens: TokenStore, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._audit = audit
        self.work: QueuedWork = _NoWork()
        tokens.on_end(self._tell)

    def make(self, unit: Unit, wanted: ApiTokenCreate, maker: Principal) -> ApiTokenSecret:
        """A token with the secret that is shown only now. Raises InvalidError and ForbiddenError."""
        name = checked_name(wanted.name)
        scope = _checked_scope(wanted.scope, maker)
        if not 1 <= wanted.expires_in_days <= MAX_DAYS:
            raise InvalidError(f"A token is good for 1 day at least and {MAX_DAYS} days at most.")
        if len(wanted.description) > MAX_DESCRIPTION:
            raise InvalidError(f"The description is too long: {MAX_DESCRIPTION} characters at most.")
        issued = self._tokens.issue(
            unit,
            TokenKind.API,
            subject=Subject(USER_SUBJECT, maker.user_id),
            name=name,
            options={_SCOPE: scope, _DESCRIPTION: wanted.description},
            created_by=maker.user_id,
            ttl_ms=wanted.expires_in_days * _DAY_MS,
        )
        token = self._view(issued.token, user_names(unit.session, [maker.user_id]))
        unit.publish(Changed(API_TOKEN, token.id, token))
        self._audit.record(
            unit,
            "tokens.create",
            ActionType.CREATE,
            Entity("token", token.id, name),
            f'{maker.name} made the API token "{name}".',
            after={"scope": scope, "expires_at": token.expires_at},
        )
        return ApiTokenSecret(token, issued.secret)

    def all(self, session: Session) -> list[ApiToken]:
        """Newest first, ended ones included."""
        tokens = self._tokens.all(session, *KINDS)
        names = user_names(session, (token.created_by for token in tokens))
        return [self._view(token, names) for token in tokens]

    def get(self, session: Session, token_id: int) -> ApiToken:
        """Raises NotFoundError."""
        token = self._find(session, token_id)
        return self._view(token, user_names(session, [token.created_by]))

    def is_good(self, session: Session, token_id: int) -> bool:
        token = self._tokens.get(session, TokenKind.API, token_id)
        return token is not None and refusal_of(token, self._clock.now_ms()) is None

    def open_work(self, session: Session, token_id: int) -> ApiTokenWork:
        """Raises NotFoundError."""
        self._find(session, token_id)
        return self.work.open(session, token_id)

    def revoke(self, unit: Unit, token_id: int, *, cancel_rollouts: bool = False) -> None:
        """End it at once, with its open work if that is wanted; one that has ended stays as it is. Raises
        NotFoundError."""
        token = self._find(unit.session, token_id)
        cancelled = self.work.cancel(unit, token_id) if cancel_rollouts else 0
        if token.revoked_at is not None:
            return
        self._tokens.revoke(unit, token_id)
        self._audit.record(
            unit,
            "tokens.revoke",
            ActionType.DELETE,
            Entity("token", token_id, token.name),
            f'{unit.caller.name} revoked the token "{token.name}".',
            details={"cancelled_rollouts": cancelled},
        )

    async def authenticate(self, secret: str) -> Principal | None:
        """Its maker, with no more rights than the token's scope, and no more than the maker has now."""
        found = await self._database.read(lambda session: self._principal(session, secret))
        if found is None:
            return None
        principal, stale = found
        if stale:
            await self._database.write(lambda unit: self._touch(unit, principal.token_id))
        return principal

    async def authenticate_sdk(self, secret: str) -> Principal | None:
        """Opens nothing but what is made for SDKs."""

        def work(session: Session) -> Principal | None:
            user, token = self._user_of(session, TokenKind.SDK, secret)
            if user is None or token is None:
                return None
            name, until = f"{user.username} (SDK)", token.expires_at or 0
            return Principal(user.id, name, token.id, until, elsewhere=SDK_ELSEWHERE)

        return await self._database.read(work)

    def _user_of(self, session: Session, kind: TokenKind, secret: str) -> tuple[UserRow | None, Token | None]:
        token = self._tokens.find(session, kind, secret)
        if token is None or token.subject is None or refusal_of(token, self._clock.now_ms()) is not None:
            return None, None
        user = session.get(UserRow, token.subject.id)
        return (user, token) if user is not None and user.is_active else (None, None)

    def _principal(self, session: Session, secret: str) -> tuple[Principal, bool] | None:
        user, token = self._user_of(session, TokenKind.API, secret)
        if user is None or token is None:
            return None
        now = self._clock.now_ms()
        held = rights_of(session, user.id).only(token.options.get(_SCOPE, ()))
        name = f"{user.username} ({token.name})"
        stale = now - (token.last_used_at or 0) > 60_000
        until = token.expires_at or now
        principal = Principal(
            user.id, name, token.id, until, held.everywhere, held.limited, token_name=token.name
        )
        return principal, stale

    def _touch(self, unit: Unit, token_id: int) -> None:
        self._tokens.touch(unit, token_id)
        self._tell(unit, [token_id])

    def _tell(self, unit: Unit, token_ids: Iterable[int]) -> None:
        for token in self._tokens.some(unit.session, token_ids, *KINDS):
            view = self._view(token, user_names(unit.session, [token.created_by]))
            unit.publish(Changed(API_TOKEN, token.id, view))

    def _find(self, session: Session, token_id: int) -> Token:
        for kind in KINDS if storable(token_id) else ():
            if (token := self._tokens.get(session, kind, token_id)) is not None:
                return token
        raise NotFoundError("Token not found")

    def _view(self, token: Token, names: dict[int, str]) -> ApiToken:
        return ApiToken(
            id=token.id,
            kind=token.kind,
            name=token.name,
            description=str(token.options.get(_DESCRIPTION, "")),
            scope=sorted(token.options.get(_SCOPE, ())),
            created_by=names.get(token.created_by or 0, ""),
            created_at=format_time(token.created_at),
            expires_at=optional_time(token.expires_at),
            last_used_at=optional_time(token.last_used_at),
            revoked_at=optional_time(token.revoked_at),
        )


def _checked_scope(wanted: Iterable[str], maker: Principal) -> list[str]:
    """All that the maker may where nothing is wanted. Raises InvalidError, and ForbiddenError for more."""
    scope = sorted(set(wanted)) or sorted({*maker.permissions, *maker.limited})
    if unknown := [one for one in scope if one not in ALL_PERMISSIONS]:
        raise InvalidError(f'"{unknown[0][:60]}" is no right: write artifact:verb, such as devices:view.')
    if beyond := [one for one in scope if not maker.may_somewhere(one)]:
        raise ForbiddenError(f"A token cannot have a right that you do not have: {', '.join(beyond[:5])}.")
    return scope
