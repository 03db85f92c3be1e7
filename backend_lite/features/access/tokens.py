"""Every bearer secret of the product: made once, stored as a hash, counted, revocable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Event
from backend_lite.core.ids import new_secret, secret_hash
from backend_lite.errors import UnauthorizedError
from backend_lite.features.access.tables import TokenRow


class TokenKind(StrEnum):
    SESSION = "session"
    ENROLLMENT = "enrollment"
    DEVICE = "device"
    API = "api"
    SDK = "sdk"
    SERVICE = "service"

    @property
    def prefix(self) -> str:
        """What secrets of this kind begin with, so that it is known where to look for one."""
        return _PREFIXES[self.value]


_PREFIXES = {"session": "s", "enrollment": "e", "device": "d", "api": "a", "sdk": "k", "service": "v"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token signs in: a row of an area, such as ("user", 1) or ("device", 17)."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. Times are milliseconds since 1970; `created_by` is a user's id."""

    id: int
    kind: str
    subject: Subject | None
    name: str
    options: Mapping[str, Any]
    created_by: int | None
    created_at: int
    expires_at: int | None
    idle_timeout_ms: int | None
    max_uses: int | None
    used: int
    revoked_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Issued:
    """`secret` is shown to its holder now and never again."""

    token: Token
    secret: str


class Refusal(StrEnum):
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"
    IDLE = "idle"
    USED_UP = "used_up"


_SENTENCES = {
    Refusal.UNKNOWN: "This token is not known here.",
    Refusal.REVOKED: "This token has been revoked.",
    Refusal.EXPIRED: "This token has expired.",
    Refusal.IDLE: "This token was not used for too long.",
    Refusal.USED_UP: "This token has been used as often as it may be.",
}


class TokenRefusedError(UnauthorizedError):
    """`refusal` tells why, for a caller that has a better sentence."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(_SENTENCES[refusal], code=f"token_{refusal}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class TokensEnded(Event):
    """Tokens that were good are so no longer."""

    token_ids: frozenset[int]


EndListener = Callable[[Unit, frozenset[int]], None]


class TokenStore:
    """Works inside the caller's unit: a token is used in the same transaction as what it was used for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[EndListener] = []

    def on_end(self, listener: EndListener) -> None:
        """`listener` hears of every token that ends before its time, in the unit that ends it."""
        self._listeners.append(listener)

    def issue(
        self,
        unit: Unit,
        kind: TokenKind,
        *,
        subject: Subject | None = None,
        name: str = "",
        options: Mapping[str, Any] | None = None,
        created_by: int | None = None,
        ttl_ms: int | None = None,
        idle_timeout_ms: int | None = None,
        max_uses: int | None = None,
    ) -> Issued:
        secret = new_secret(kind.prefix)
        now = self._clock.now_ms()
        row = TokenRow(
            kind=kind,
            subject_kind=subject.kind if subject else None,
            subject_id=subject.id if subject else None,
            name=name,
            options=dict(options or {}),
            secret_hash=secret_hash(secret),
            created_by=created_by,
            created_at=now,
            expires_at=None if ttl_ms is None else now + ttl_ms,
            idle_timeout_ms=idle_timeout_ms,
            max_uses=max_uses,
            used=0,
        )
        unit.session.add(row)
        unit.session.flush()
        return Issued(_token(row), secret)

    def use(self, unit: Unit, kind: TokenKind, secret: str) -> Token:
        """Count one use. Raises TokenRefusedError, also for the use after the last one."""
        row = self._row(unit.session, kind, secret)
        if row is None:
            raise TokenRefusedError(Refusal.UNKNOWN)
        refusal = refusal_of(_token(row), self._clock.now_ms())
        if refusal is not None:
            raise TokenRefusedError(refusal)
        # Asked once more where it is counted: another replica may have taken the last use meanwhile.
        counted = unit.session.scalar(
            update(TokenRow)
            .where(TokenRow.id == row.id, or_(TokenRow.max_uses.is_(None), TokenRow.used < TokenRow.max_uses))
            .values(used=TokenRow.used + 1, last_used_at=self._clock.now_ms())
            .returning(TokenRow.id)
        )
        if counted is None:
            raise TokenRefusedError(Refusal.USED_UP)
        unit.session.refresh(row)
        return _token(row)

    def find(self, session: Session, kind: TokenKind, secret: str) -> Token | None:
        """The token of `secret`, good or not; nothing is counted."""
        row = self._row(session, kind, secret)
        return None if row is None else _token(row)

    def get(self, session: Session, kind: TokenKind, token_id: int) -> Token | None:
        row = session.get(TokenRow, token_id)
        return _token(row) if row is not None and row.kind == kind else None

    def all(self, session: Session, *kinds: TokenKind) -> list[Token]:
        """Every token of the kinds, newest first, ended ones included."""
        rows = session.scalars(select(TokenRow).where(TokenRow.kind.in_(kinds)).order_by(TokenRow.id.desc()))
        return [_token(row) for row in rows]

    def some(self, session: Session, token_ids: Iterable[int], *kinds: TokenKind) -> list[Token]:
        """Those of the kinds among them, as they are in the database."""
        wanted = select(TokenRow).where(TokenRow.id.in_(list(token_ids)), TokenRow.kind.in_(kinds))
        # What an UPDATE statement changed is not in the rows that the session holds.
        rows = session.scalars(wanted, execution_options={"populate_existing": True})
        return [_token(row) for row in rows]

    def rename(self, unit: Unit, token_id: int, name: str) -> None:
        unit.session.get_one(TokenRow, token_id).name = name

    def touch(self, unit: Unit, token_id: int) -> None:
        """It was used just now."""
        unit.session.execute(
            update(TokenRow).where(TokenRow.id == token_id).values(last_used_at=self._clock.now_ms())
        )

    def revoke(self, unit: Unit, token_id: int) -> None:
        """End a token; one that has ended already stays as it is."""
        self._end(unit, TokenRow.id == token_id)

    def revoke_of(self, unit: Unit, subject: Subject) -> None:
        """End every token that signs `subject` in."""
        self._end(unit, (TokenRow.subject_kind == subject.kind) & (TokenRow.subject_id == subject.id))

    def revoke_others(self, unit: Unit, kind: TokenKind, subject: Subject, keep: int) -> None:
        """End the subject's tokens of this kind but for one."""
        of_subject = (TokenRow.subject_kind == subject.kind) & (TokenRow.subject_id == subject.id)
        self._end(unit, of_subject & (TokenRow.kind == kind) & (TokenRow.id != keep))

    def set_options(self, unit: Unit, token_id: int, options: Mapping[str, Any]) -> None:
        unit.session.get_one(TokenRow, token_id).options = dict(options)

    def _end(self, unit: Unit, which: Any) -> None:
        ended = unit.session.scalars(
            update(TokenRow)
            .where(which, TokenRow.revoked_at.is_(None))
            .values(revoked_at=self._clock.now_ms())
            .returning(TokenRow.id)
        )
        if ids := frozenset(ended):
            unit.publish(TokensEnded(ids))
            for listener in self._listeners:
                listener(unit, ids)

    def _row(self, session: Session, kind: TokenKind, secret: str) -> TokenRow | None:
        hashed = secret_hash(secret)
        return session.scalar(select(TokenRow).where(TokenRow.secret_hash == hashed, TokenRow.kind == kind))


def refusal_of(token: Token, now_ms: int) -> Refusal | None:
    """Why `token` is no good at `now_ms`, or None when it is good."""
    if token.revoked_at is not None:
        return Refusal.REVOKED
    if token.expires_at is not None and now_ms >= token.expires_at:
        return Refusal.EXPIRED
    if token.idle_timeout_ms is not None:
        used = token.last_used_at or token.created_at
        if now_ms >= used + token.idle_timeout_ms:
            return Refusal.IDLE
    if token.max_uses is not None and token.used >= token.max_uses:
        return Refusal.USED_UP
    return None


def _token(row: TokenRow) -> Token:
    subject = None
    if row.subject_kind is not None and row.subject_id is not None:
        subject = Subject(row.subject_kind, row.subject_id)
    return Token(
        id=row.id,
        kind=row.kind,
        subject=subject,
        name=row.name,
        options=row.options,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        idle_timeout_ms=row.idle_timeout_ms,
        max_uses=row.max_uses,
        used=row.used,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
