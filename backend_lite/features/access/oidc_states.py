"""Sign-ins that are under way at the provider: each state is good for ten minutes, and once."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend_lite.contract.oidc import SIGN_IN_S
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.ids import secret_hash
from backend_lite.core.security.principal import Principal
from backend_lite.errors import InvalidError, ServiceError, TooFastError
from backend_lite.features.access.oidc_client import Request, new_verifier
from backend_lite.features.access.tables import SignInRow

KIND = "oidc"
MOST_OPEN = 100
INVALID_STATE = "invalid_state"


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    LINK = "link"


@dataclass(frozen=True)
class Begun:
    """`handle` is for who began it; empty where the documented way was taken, which knows only the state."""

    request: Request
    handle: str


@dataclass(frozen=True)
class Arrived:
    """What is to be redeemed. `owed_code`: it was already, and only the second factor is missing."""

    request: Request
    issuer: str
    purpose: Purpose
    owed_code: bool


class InvalidStateError(InvalidError):
    code = INVALID_STATE

    def __init__(self) -> None:
        super().__init__("Invalid or expired state")


class States:
    """Its methods run inside the caller's unit or session. What is secret of a sign-in leaves the database
    with its use."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def begin(
        self,
        unit: Unit,
        purpose: Purpose,
        issuer: str,
        redirect_uri: str,
        *,
        person: Principal | None = None,
        collected: bool = True,
    ) -> Begun:
        """`person` is who is signed in already; `collected`: who begins it gets a handle. Raises TooFastError
        while too many are open."""
        now = self._clock.now_ms()
        _refuse_too_many(unit.session, now)
        request = Request(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=new_verifier(),
            redirect_uri=redirect_uri,
            begun_s=now / 1000,
            anew=purpose is not Purpose.SIGN_IN,
        )
        handle = secrets.token_urlsafe(32) if collected else ""
        options = {
            "purpose": purpose,
            "issuer": issuer,
            "nonce": request.nonce,
            "verifier": request.verifier,
            "redirect_uri": redirect_uri,
            "handle": _hash(handle) if collected else "",
            "person": person.user_id if person else 0,
            "token": person.token_id if person else 0,
        }
        unit.session.add(
            SignInRow(
                state_hash=secret_hash(request.state),
                kind=KIND,
                options=options,
                created_at=now,
                expires_at=now + SIGN_IN_S * 1000,
            )
        )
        return Begun(request, handle)

    def arrive(self, unit: Unit, state: str, code: str) -> Arrived:
        """The browser came back. Raises InvalidStateError, also at the second time, unless the first one with
        the same code only lacked the second factor."""
        row = self.open_row(unit.session, state)
        options = row.options
        purpose = Purpose(options["purpose"])
        request = Request(
            state,
            options.get("nonce", ""),
            options.get("verifier", ""),
            options["redirect_uri"],
            row.created_at / 1000,
            purpose is not Purpose.SIGN_IN,
        )
        if "code" not in options:
            row.options = {
                **{key: value for key, value in options.items() if key not in ("nonce", "verifier")},
                "code": _hash(code),
            }
            return Arrived(request, options["issuer"], purpose, owed_code=False)
        again = not options["handle"] and row.user_id is not None
        if not again or not hmac.compare_digest(options["code"], _hash(code)):
            raise InvalidStateError
        return Arrived(request, options["issuer"], purpose, owed_code=True)

    def settle(self, unit: Unit, state: str, user_id: int, told: dict[str, Any]) -> None:
        """The provider vouched for that user; `told` is kept for the end."""
        row = self.open_row(unit.session, state)
        row.user_id, row.options = user_id, {**row.options, **told}

    def forget(self, unit: Unit, user_id: int) -> None:
        """What the provider vouched for that user in and nobody has collected yet."""
        vouched = (SignInRow.kind == KIND) & (SignInRow.user_id == user_id)
        unit.session.execute(delete(SignInRow).where(vouched))

    def refuse(self, unit: Unit, state: str, error: ServiceError) -> None:
        """Who began it hears why."""
        row = self.open_row(unit.session, state)
        row.options = {**row.options, "refused": [error.code, error.detail]}

    def collected(self, session: Session, state: str, handle: str) -> SignInRow:
        """For who began it. Raises InvalidStateError."""
        row = self.open_row(session, state)
        if not row.options["handle"] or not hmac.compare_digest(row.options["handle"], _hash(handle)):
            raise InvalidStateError
        return row

    def use_up(self, unit: Unit, state: str) -> SignInRow:
        """In the write that gives what it was begun for. Raises InvalidStateError at the second time."""
        row = self.open_row(unit.session, state)
        row.used_at = self._clock.now_ms()
        unit.session.flush()
        return row

    def open_row(self, session: Session, state: str) -> SignInRow:
        """Raises InvalidStateError for a state that is unknown, used or too old."""
        row = session.get(SignInRow, secret_hash(state))
        if row is None or row.kind != KIND or row.used_at is not None:
            raise InvalidStateError
        if self._clock.now_ms() >= row.expires_at:
            raise InvalidStateError
        return row


def _hash(secret: str) -> str:
    return secret_hash(secret).hex()


def _refuse_too_many(session: Session, now: int) -> None:
    """Counts after those are gone whose time is over."""
    session.execute(delete(SignInRow).where(SignInRow.kind == KIND, SignInRow.expires_at <= now))
    is_open = (SignInRow.kind == KIND) & SignInRow.used_at.is_(None)
    if (session.scalar(select(func.count()).select_from(SignInRow).where(is_open)) or 0) >= MOST_OPEN:
        raise TooFastError("Too many sign-ins are under way. Try again in a few minutes.", 60)
