"""Enrollment tokens: made, listed, revoked, and used by devices."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time
from backend_lite.contract.enroll import EnrollmentToken, EnrollmentTokenCreate
from backend_lite.contract.live import ENROLLMENT_TOKEN
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.errors import InvalidError, NotFoundError, UnauthorizedError
from backend_lite.features.access.api import AccessApi, Issued, Refusal, Token, TokenKind, TokenRefusedError

MIN_TTL_S = 1
MAX_TTL_S = 30 * 86400
MAX_USES = 10_000
MAX_NAME = 200

_AUTO_APPROVE = "auto_approve"
_REFUSALS = {
    Refusal.UNKNOWN: "This enrollment token is not known here. Check that it was copied whole, and that it "
    "was made by this service.",
    Refusal.REVOKED: "This enrollment token has been revoked. Make a new one.",
    Refusal.EXPIRED: "This enrollment token has expired. Make a new one.",
    Refusal.USED_UP: "This enrollment token has been used as often as it may be. Make a new one.",
}


class EnrollmentTokens:
    """Its methods run inside the caller's session or unit."""

    def __init__(self, access: AccessApi, clock: Clock) -> None:
        self._access = access
        self._tokens = access.tokens
        self._clock = clock

    def make(
        self, unit: Unit, wanted: EnrollmentTokenCreate, created_by: int | None
    ) -> tuple[EnrollmentToken, str]:
        """The token and its secret, which is nowhere else. `created_by` None is the command line.

        Raises InvalidError.
        """
        _check(wanted)
        issued: Issued = self._tokens.issue(
            unit,
            TokenKind.ENROLLMENT,
            name=" ".join(wanted.name.split()),
            options={_AUTO_APPROVE: wanted.auto_approve},
            created_by=created_by,
            ttl_ms=wanted.ttl_s * 1000,
            max_uses=wanted.uses,
        )
        return self._publish(unit, issued.token), issued.secret

    def all(self, session: Session) -> list[EnrollmentToken]:
        """Newest first, ended ones included."""
        tokens = self._tokens.all(session, TokenKind.ENROLLMENT)
        names = self._access.user_names(session, (token.created_by for token in tokens))
        return [_view(token, names) for token in tokens]

    def revoke(self, unit: Unit, token_id: int) -> None:
        """Raises NotFoundError."""
        if self._get(unit.session, token_id) is None:
            raise NotFoundError("Enrollment token not found")
        self._tokens.revoke(unit, token_id)
        token = self._get(unit.session, token_id)
        if token is not None:
            self._publish(unit, token)

    def use(self, unit: Unit, secret: str) -> bool:
        """Count one use; True when the token approves devices by itself. Raises UnauthorizedError."""
        try:
            token = self._tokens.use(unit, TokenKind.ENROLLMENT, secret)
        except TokenRefusedError as error:
            raise _refused(error.refusal) from None
        self._publish(unit, token)
        return bool(token.options.get(_AUTO_APPROVE))

    def check_known(self, session: Session, secret: str) -> None:
        """Raises UnauthorizedError for a secret that was never a token; one that has ended passes."""
        if self._tokens.find(session, TokenKind.ENROLLMENT, secret) is None:
            raise _refused(Refusal.UNKNOWN)

    def _get(self, session: Session, token_id: int) -> Token | None:
        if not 0 < token_id < 2**63:
            return None
        return self._tokens.get(session, TokenKind.ENROLLMENT, token_id)

    def _publish(self, unit: Unit, token: Token) -> EnrollmentToken:
        view = _view(token, self._access.user_names(unit.session, [token.created_by]))
        unit.publish(Changed(ENROLLMENT_TOKEN, view.id, msgspec.to_builtins(view)))
        return view


def _check(wanted: EnrollmentTokenCreate) -> None:
    if not MIN_TTL_S <= wanted.ttl_s <= MAX_TTL_S:
        raise InvalidError("A token can be good for one second at least and 30 days at most.")
    if not 1 <= wanted.uses <= MAX_USES:
        raise InvalidError(f"A token can be used once at least and {MAX_USES} times at most.")
    if len(wanted.name) > MAX_NAME:
        raise InvalidError(f"The name is too long: {MAX_NAME} characters at most.")


def _refused(refusal: Refusal) -> UnauthorizedError:
    return UnauthorizedError(_REFUSALS[refusal], code=f"token_{refusal}")


def _view(token: Token, names: dict[int, str]) -> EnrollmentToken:
    return EnrollmentToken(
        id=token.id,
        name=token.name,
        uses=token.max_uses or 0,
        used=token.used,
        auto_approve=bool(token.options.get(_AUTO_APPROVE)),
        created_by=names.get(token.created_by or 0, ""),
        created_at=format_time(token.created_at),
        expires_at=format_time(token.expires_at or 0),
        last_used_at=_time(token.last_used_at),
        revoked_at=_time(token.revoked_at),
    )


def _time(epoch_ms: int | None) -> Any:
    return None if epoch_ms is None else format_time(epoch_ms)
