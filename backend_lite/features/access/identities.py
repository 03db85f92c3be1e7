"""Sign-ins at providers that belong to users: a pair of issuer and subject, never a name or an address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time
from backend_lite.contract.live import USER
from backend_lite.contract.oidc import Identity
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.errors import ConflictError, InvalidError, NotFoundError
from backend_lite.features.access.accounts import Accounts, live_user
from backend_lite.features.access.rights import OWNER
from backend_lite.features.access.roles import Roles
from backend_lite.features.access.tables import ANY_ISSUER, IdentityRow, RoleRow, UserRow
from backend_lite.features.access.users import checked_username, name_key

UNKNOWN_USER = "unknown_user"
_MAX_EMAIL = 320
_MAX_FULL_NAME = 200


@dataclass(frozen=True)
class Person:
    """Somebody whom a provider has vouched for. All but `issuer` and `subject` is only what it tells."""

    issuer: str
    subject: str
    username: str = ""
    email: str = ""
    full_name: str = ""


class Identities:
    """Its methods run inside the caller's session or unit."""

    def __init__(self, clock: Clock, accounts: Accounts, roles: Roles, audit: Audit) -> None:
        self._clock = clock
        self._accounts = accounts
        self._roles = roles
        self._audit = audit

    def of_user(self, session: Session, user_id: int) -> list[Identity]:
        rows = session.scalars(
            select(IdentityRow).where(IdentityRow.user_id == user_id).order_by(IdentityRow.id)
        )
        return [
            Identity(row.id, row.issuer, row.subject, row.email, format_time(row.created_at)) for row in rows
        ]

    def has_at(self, session: Session, user_id: int, issuer: str) -> bool:
        """Whether the user can sign in at that provider."""
        mine = (IdentityRow.user_id == user_id) & IdentityRow.issuer.in_((issuer, ANY_ISSUER))
        return session.scalar(select(IdentityRow.id).where(mine).limit(1)) is not None

    def user_of(self, unit: Unit, person: Person) -> UserRow | None:
        """Whose sign-in it is, somebody disabled or removed too. A subject that was written down before its
        person came belongs to this issuer from now on."""
        known = _row(unit.session, person.issuer, person.subject)
        awaited = _row(unit.session, ANY_ISSUER, person.subject)
        if awaited is not None and (known is None or _is_removed(unit.session, known)):
            if known is not None:
                # An administrator has let somebody in again who was removed.
                unit.session.delete(known)
                unit.session.flush()
            awaited.issuer, awaited.email = person.issuer, person.email[:_MAX_EMAIL] or None
            unit.session.flush()
            self._tell_changed(unit, awaited.user_id)
            known = awaited
        return None if known is None else unit.session.get_one(UserRow, known.user_id)

    def make_user(self, unit: Unit, person: Person, role_name: str) -> UserRow:
        """An account for somebody who comes for the first time. Raises ConflictError for a role that cannot
        be given like that."""
        role = unit.session.scalar(select(RoleRow).where(RoleRow.name_key == name_key(role_name)))
        if role is None or role.built_in == OWNER:
            raise ConflictError(
                f'New people cannot get the role "{role_name[:60]}": name another in the settings, under '
                "Sign-in provider.",
                code="bad_provider",
            )
        username = _free_name(unit.session, person)
        row = UserRow(
            username=username,
            name_key=name_key(username),
            email=_stored_email(person.email),
            full_name=" ".join(person.full_name.split())[:_MAX_FULL_NAME] or None,
            is_active=True,
            created_at=self._clock.now_ms(),
        )
        unit.session.add(row)
        unit.session.flush()
        self._add(unit, row, person)
        self._roles.give(unit, row.id, [role.id], None)
        account = self._accounts.get(unit.session, row.id)
        unit.publish(Changed(USER, row.id, account))
        said = f'The user "{username}" was made at the first sign-in through {person.issuer}.'
        entity = Entity("user", row.id, username)
        self._audit.record(unit, "users.create", ActionType.CREATE, entity, said, after=account)
        return row

    def link(self, unit: Unit, user: UserRow, person: Person) -> None:
        """From now on the user may sign in like that, too. Raises ConflictError where it is somebody's."""
        known = self.user_of(unit, person)
        if known is not None and known.id == user.id:
            return
        if known is not None:
            raise ConflictError("This sign-in belongs to another user here already.", code="identity_taken")
        self._add(unit, user, person)
        self._note(unit, user, f"{user.username} linked a sign-in at {person.issuer}.", "auth.identity.link")

    def unlink(self, unit: Unit, user_id: int, identity_id: int) -> None:
        """Raises NotFoundError, and ConflictError where nothing else would be left to sign in with."""
        row = stored(unit.session, IdentityRow, identity_id)
        if row is None or row.user_id != user_id:
            raise NotFoundError("Sign-in not found")
        user = live_user(unit.session, user_id)
        if user.password_hash is None and len(self.of_user(unit.session, user_id)) == 1:
            raise ConflictError(
                "You have no password here: without this sign-in you could not come back.",
                code="last_sign_in",
            )
        issuer = row.issuer
        unit.session.delete(row)
        unit.session.flush()
        said = f"{user.username} took the sign-in at {issuer or 'the provider'} away."
        self._note(unit, user, said, "auth.identity.unlink")

    def _add(self, unit: Unit, user: UserRow, person: Person) -> None:
        row = IdentityRow(
            user_id=user.id,
            issuer=person.issuer,
            subject=person.subject,
            email=person.email[:_MAX_EMAIL] or None,
            created_at=self._clock.now_ms(),
        )
        unit.session.add(row)
        unit.session.flush()

    def _note(self, unit: Unit, user: UserRow, said: str, action: str) -> None:
        self._tell_changed(unit, user.id)
        self._audit.record(unit, action, ActionType.UPDATE, Entity("user", user.id, user.username), said)

    def _tell_changed(self, unit: Unit, user_id: int) -> None:
        if unit.session.get_one(UserRow, user_id).removed_at is None:
            unit.publish(Changed(USER, user_id, self._accounts.get(unit.session, user_id)))


def _row(session: Session, issuer: str, subject: str) -> IdentityRow | None:
    found: IdentityRow | None = session.scalar(
        select(IdentityRow).where(IdentityRow.issuer == issuer, IdentityRow.subject == subject)
    )
    return found


def _is_removed(session: Session, row: IdentityRow) -> bool:
    return session.get_one(UserRow, row.user_id).removed_at is not None


def _stored_email(email: str) -> str | None:
    plain = "@" in email and len(email) <= _MAX_EMAIL and not any(c.isspace() for c in email)
    return email if plain else None


def _free_name(session: Session, person: Person) -> str:
    """As the provider calls the person, or nearly so: a name that is taken is somebody else's."""
    try:
        wanted = checked_username(person.username)
    except InvalidError:
        hashed = hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()
        wanted = f"user-{hashed[:8]}"
    taken = set(
        session.scalars(
            select(UserRow.name_key).where(UserRow.name_key.startswith(name_key(wanted), autoescape=True))
        )
    )
    number, name = 2, wanted
    while name_key(name) in taken:
        name, number = f"{wanted[:90]}-{number}", number + 1
    return name
