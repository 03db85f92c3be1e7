"""Enrollment tokens: made, listed, revoked, and used by devices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.enroll import EnrollmentToken, EnrollmentTokenCreate
from backend_lite.contract.enroll_query import TOKEN_FIELDS, token_values
from backend_lite.contract.live import ENROLLMENT_TOKEN
from backend_lite.contract.query_match import matcher
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.db.query_sql import parsed
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.errors import InvalidError, NotFoundError, UnauthorizedError
from backend_lite.features.access.api import (
    AccessApi,
    Issued,
    Refusal,
    Token,
    TokenKind,
    TokenRefusedError,
    refusal_of,
)
from backend_lite.features.fleet.api import FleetApi, Ticket

MIN_TTL_S = 1
MAX_TTL_S = 30 * 86400
MAX_USES = 10_000
MAX_NAME = 200
_SORTABLE = ("id", "name", "uses", "used", "created_by", "created_at", "expires_at", "last_used_at")

_AUTO_APPROVE, _GROUPS = "auto_approve", "groups"
_REFUSALS = {
    Refusal.UNKNOWN: "This enrollment token is not known here. Check that it was copied whole, and that it "
    "was made by this service.",
    Refusal.REVOKED: "This enrollment token has been revoked. Make a new one.",
    Refusal.EXPIRED: "This enrollment token has expired. Make a new one.",
    Refusal.USED_UP: "This enrollment token has been used as often as it may be. Make a new one.",
}


class EnrollmentTokens:
    """Its methods run inside the caller's session or unit."""

    def __init__(self, access: AccessApi, fleet: FleetApi, clock: Clock) -> None:
        self._access = access
        self._fleet = fleet
        self._tokens = access.tokens
        self._clock = clock
        self._audit = Audit(clock)

    def make(
        self,
        unit: Unit,
        wanted: EnrollmentTokenCreate,
        created_by: int | None,
        only: frozenset[int] | None = None,
    ) -> tuple[EnrollmentToken, str]:
        """The token and its secret, which is nowhere else. `created_by` None is the command line; what comes
        in by the token must come into some groups of `only`.

        Raises InvalidError, and NotFoundError for a group.
        """
        _check(wanted)
        # Also into those that say where roles hold: by a token come only devices on which nobody had rights.
        _check_groups(wanted.groups, only)
        groups = self._fleet.check_named_groups(unit.session, wanted.groups)
        issued: Issued = self._tokens.issue(
            unit,
            TokenKind.ENROLLMENT,
            name=_checked_name(wanted.name),
            options={_AUTO_APPROVE: wanted.auto_approve, _GROUPS: groups},
            created_by=created_by,
            ttl_ms=wanted.ttl_s * 1000,
            max_uses=wanted.uses,
        )
        made = self._publish(unit, issued.token)
        self._audit.tell(unit, "enrollment.create", _entity(made), after=made)
        return made, issued.secret

    def all(self, session: Session, only: frozenset[int] | None = None) -> list[EnrollmentToken]:
        """Newest first, ended ones included; all, or those that lead into groups of `only`."""
        tokens = [
            token for token in self._tokens.all(session, TokenKind.ENROLLMENT) if _leads_into(token, only)
        ]
        names = self._access.user_names(session, (token.created_by for token in tokens))
        return [_view(token, names) for token in tokens]

    def within(self, session: Session, token_ids: Collection[int], groups: frozenset[int]) -> set[int]:
        """Those of the tokens that lead into some of the groups, and nowhere else."""
        found = self._tokens.some(session, filter(storable, token_ids), TokenKind.ENROLLMENT)
        return {token.id for token in found if _leads_into(token, groups)}

    def page(
        self, session: Session, request: ListRequest, only: frozenset[int] | None = None
    ) -> tuple[list[EnrollmentToken], int]:
        """Those asked for, and how many there are without the cut; `q` is a query of TOKEN_FIELDS.

        Raises InvalidError.
        """
        fits, now = matcher(parsed(request.q or "", TOKEN_FIELDS)), self._clock.now_ms()
        found = [one for one in self.all(session, only) if fits(token_values(msgspec.to_builtins(one), now))]
        if request.sort is not None:
            found.sort(key=_sort_key(request.sort), reverse=request.sort.startswith("-"))
        end = None if request.limit is None else request.offset + request.limit
        return found[request.offset : end], len(found)

    def get(self, session: Session, token_id: int) -> EnrollmentToken:
        """Raises NotFoundError."""
        token = self._known(session, token_id)
        return _view(token, self._access.user_names(session, [token.created_by]))

    def rename(self, unit: Unit, token_id: int, name: str) -> EnrollmentToken:
        """Raises NotFoundError, InvalidError."""
        before = self._known(unit.session, token_id).name
        self._tokens.rename(unit, token_id, _checked_name(name))
        renamed = self._publish(unit, self._known(unit.session, token_id))
        told = {"before": {"name": before}, "after": {"name": renamed.name}}
        self._audit.tell(unit, "enrollment.rename", _entity(renamed), **told)
        return renamed

    def needing_group(self, unit: Unit, group_id: int) -> list[str]:
        """The tokens by which devices can still come into a group, in words."""
        now = self._clock.now_ms()
        return [
            f'the enrollment token "{token.name or token.id}"'
            for token in self._tokens.all(unit.session, TokenKind.ENROLLMENT)
            if group_id in token.options.get(_GROUPS, ()) and refusal_of(token, now) is None
        ]

    def revoke(self, unit: Unit, token_id: int) -> None:
        """Raises NotFoundError."""
        ended = self._known(unit.session, token_id).revoked_at is not None
        self._tokens.revoke(unit, token_id)
        revoked = self._publish(unit, self._known(unit.session, token_id))
        if not ended:
            self._audit.tell(unit, "enrollment.revoke", _entity(revoked), before=revoked)

    def use(self, unit: Unit, secret: str) -> EnrollmentToken:
        """Count one use. Raises UnauthorizedError."""
        try:
            token = self._tokens.use(unit, TokenKind.ENROLLMENT, secret)
        except TokenRefusedError as error:
            raise _refused(error.refusal) from None
        return self._publish(unit, token)

    def check_known(self, session: Session, secret: str) -> None:
        """Raises UnauthorizedError for a secret that was never a token; one that has ended passes."""
        if self._tokens.find(session, TokenKind.ENROLLMENT, secret) is None:
            raise _refused(Refusal.UNKNOWN)

    def _known(self, session: Session, token_id: int) -> Token:
        """Raises NotFoundError."""
        token = self._tokens.get(session, TokenKind.ENROLLMENT, token_id) if storable(token_id) else None
        if token is None:
            raise NotFoundError("Enrollment token not found")
        return token

    def _publish(self, unit: Unit, token: Token) -> EnrollmentToken:
        view = _view(token, self._access.user_names(unit.session, [token.created_by]))
        unit.publish(Changed(ENROLLMENT_TOKEN, view.id, msgspec.to_builtins(view)))
        return view


def ticket_of(token: EnrollmentToken) -> Ticket:
    return Ticket(token.name or f"token {token.id}", token.groups)


def _leads_into(token: Token, only: frozenset[int] | None) -> bool:
    """Devices come in by it into groups, and these are all among `only`."""
    groups = token.options.get(_GROUPS, ())
    return only is None or (bool(groups) and only.issuperset(groups))


def _check_groups(groups: Sequence[int], only: frozenset[int] | None) -> None:
    if only is None:
        return
    if not groups:
        raise InvalidError(
            "Name the groups that the devices come into: your rights hold on the devices of groups only.",
            code="groups_needed",
        )
    if others := set(groups) - only:
        raise NotFoundError(f"There is no group {min(others)}.")


def _entity(token: EnrollmentToken) -> Entity:
    return Entity(ENROLLMENT_TOKEN, token.id, token.name or str(token.id))


def _check(wanted: EnrollmentTokenCreate) -> None:
    if not MIN_TTL_S <= wanted.ttl_s <= MAX_TTL_S:
        raise InvalidError("A token can be good for one second at least and 30 days at most.")
    if not 1 <= wanted.uses <= MAX_USES:
        raise InvalidError(f"A token can be used once at least and {MAX_USES} times at most.")


def _checked_name(text: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(name) > MAX_NAME:
        raise InvalidError(f"The name is too long: {MAX_NAME} characters at most.")
    return name


def _sort_key(sort: str) -> Callable[[EnrollmentToken], Any]:
    name = sort.removeprefix("-")
    if name not in _SORTABLE:
        raise InvalidError(f'Cannot sort by "{sort}": use one of {", ".join(_SORTABLE)}, with - to reverse.')
    return lambda token: getattr(token, name) or ""


def _refused(refusal: Refusal) -> UnauthorizedError:
    return UnauthorizedError(_REFUSALS[refusal], code=f"token_{refusal}")


def _view(token: Token, names: dict[int, str]) -> EnrollmentToken:
    return EnrollmentToken(
        id=token.id,
        name=token.name,
        uses=token.max_uses or 0,
        used=token.used,
        auto_approve=bool(token.options.get(_AUTO_APPROVE)),
        groups=list(token.options.get(_GROUPS, ())),
        created_by=names.get(token.created_by or 0, ""),
        created_at=format_time(token.created_at),
        expires_at=format_time(token.expires_at or 0),
        last_used_at=optional_time(token.last_used_at),
        revoked_at=optional_time(token.revoked_at),
    )
