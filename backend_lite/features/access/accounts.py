"""Users as an administrator manages them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.accounts import UserAccount, UserCreate, UserUpdate
from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time, optional_time
from backend_lite.contract.live import USER
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import stored
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.security.passwords import hash_password
from backend_lite.core.security.principal import Principal
from backend_lite.core.versions import next_version, refuse_stale
from backend_lite.errors import ConflictError, InvalidError, NotFoundError
from backend_lite.features.access.password_rules import check_new_password
from backend_lite.features.access.rights import OWNER
from backend_lite.features.access.roles import Roles, refuse_stronger
from backend_lite.features.access.tables import ANY_ISSUER, IdentityRow, RoleRow, UserRoleRow, UserRow
from backend_lite.features.access.tokens import Subject, TokenStore
from backend_lite.features.access.users import (
    USER_SUBJECT,
    UserChanged,
    checked_username,
    known_of,
    name_key,
    rights_of,
)

_MAX_EMAIL = 320
_MAX_FULL_NAME = 200
_MAX_SUBJECT = 255


class Accounts:
    def __init__(
        self, database: Database, clock: Clock, tokens: TokenStore, roles: Roles, audit: Audit
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._roles = roles
        self._audit = audit

    def all(self, session: Session) -> list[UserAccount]:
        """By name, without those that were removed."""
        rows = session.scalars(select(UserRow).where(UserRow.removed_at.is_(None)).order_by(UserRow.name_key))
        return [_account_of(session, row) for row in rows.all()]

    def get(self, session: Session, user_id: int) -> UserAccount:
        """Raises NotFoundError."""
        return _account_of(session, live_user(session, user_id))

    async def create(self, wanted: UserCreate, maker: Principal) -> UserAccount:
        """Raises InvalidError, ForbiddenError."""
        username = checked_username(wanted.username)
        # Before anybody looks for them in the password, which takes the longer, the longer they are.
        email, full_name = _checked_email(wanted.email), _checked_full_name(wanted.full_name)
        password_hash = None
        if wanted.password is not None:
            check_new_password(wanted.password, username, email or "", full_name or "")
            password_hash = await hash_password(wanted.password)

        def work(unit: Unit) -> UserAccount:
            if unit.session.scalar(select(UserRow.id).where(UserRow.name_key == name_key(username))):
                raise InvalidError(f'There is a user "{username}" already.', code="name_taken")
            row = UserRow(
                username=username,
                name_key=name_key(username),
                email=email,
                full_name=full_name,
                password_hash=password_hash,
                is_active=True,
                created_at=self._clock.now_ms(),
            )
            unit.session.add(row)
            unit.session.flush()
            if subject := wanted.subject.strip():
                _expect(unit.session, row, subject)
            self._roles.give(unit, row.id, wanted.roles, maker)
            account = _account_of(unit.session, row)
            unit.publish(Changed(USER, account.id, account))
            self._note(unit, "users.create", ActionType.CREATE, row, "made", after=account)
            return account

        return await self._database.write(work)

    async def update(
        self, user_id: int, wanted: UserUpdate, editor: Principal, version: int | None = None
    ) -> UserAccount:
        """Raises NotFoundError, InvalidError, ForbiddenError, and ConflictError, also where no owner would be
        left."""
        password_hash = None
        if wanted.password is not UNSET:
            about = await self._database.read(lambda session: known_of(live_user(session, user_id)))
            check_new_password(wanted.password, *about)
            password_hash = await hash_password(wanted.password)
        return await self._database.write(
            lambda unit: self._update(unit, user_id, wanted, editor, version, password_hash)
        )

    async def remove(self, user_id: int, editor: Principal) -> None:
        """Shut the user out and free the name; what the user did stays. Raises NotFoundError,
        ConflictError."""
        await self._database.write(lambda unit: self._remove(unit, user_id, editor))

    def _update(
        self,
        unit: Unit,
        user_id: int,
        wanted: UserUpdate,
        editor: Principal,
        version: int | None,
        password_hash: str | None,
    ) -> UserAccount:
        row = live_user(unit.session, user_id)
        refuse_stale(version, row.version, row.edited_at_version, f'The user "{row.username}"')
        before = _account_of(unit.session, row)
        refuse_stronger(rights_of(unit.session, user_id), editor)
        changed = _set(row, _fields(wanted, password_hash))
        if wanted.roles is not UNSET and sorted(wanted.roles) != before.roles:
            self._roles.give(unit, user_id, wanted.roles, editor)
            changed["roles"] = wanted.roles
        if not changed:
            return before
        next_version(row, changed)
        unit.session.flush()
        if not row.is_active or password_hash is not None:
            self._tokens.revoke_of(unit, Subject(USER_SUBJECT, user_id))
        refuse_no_owner(unit.session)
        unit.publish(UserChanged(user_id))
        after = _account_of(unit.session, row)
        unit.publish(Changed(USER, user_id, after))
        said = {"new_password": True} if password_hash is not None else {}
        self._note(
            unit, "users.update", ActionType.UPDATE, row, "changed", before=before, after=after, details=said
        )
        return after

    def _remove(self, unit: Unit, user_id: int, editor: Principal) -> None:
        row = live_user(unit.session, user_id)
        if user_id == editor.user_id:
            raise ConflictError(
                "Nobody can remove the account that they are signed in with.", code="own_account"
            )
        before = _account_of(unit.session, row)
        refuse_stronger(rights_of(unit.session, user_id), editor)
        self._roles.give(unit, user_id, [], None)
        row.is_active, row.removed_at = False, self._clock.now_ms()
        # The name is free again; the row stays for what it did.
        row.name_key = f"{row.name_key}\n{row.id}"
        unit.session.flush()
        self._tokens.revoke_of(unit, Subject(USER_SUBJECT, user_id))
        refuse_no_owner(unit.session)
        unit.publish(UserChanged(user_id))
        unit.publish(Changed(USER, user_id, None))
        self._note(unit, "users.delete", ActionType.DELETE, row, "removed", before=before)

    def _note(self, unit: Unit, action: str, kind: ActionType, row: UserRow, verb: str, **told: Any) -> None:
        summary = f'{unit.caller.name} {verb} the user "{row.username}".'
        self._audit.record(unit, action, kind, Entity("user", row.id, row.username), summary, **told)


def _expect(session: Session, row: UserRow, subject: str) -> None:
    """The first sign-in of this subject is the user's."""
    if len(subject) > _MAX_SUBJECT:
        raise InvalidError(f"The subject is too long: {_MAX_SUBJECT} characters at most.")
    same = select(IdentityRow).where(IdentityRow.issuer == ANY_ISSUER, IdentityRow.subject == subject)
    taken = session.scalar(same)
    if taken is None:
        session.add(
            IdentityRow(user_id=row.id, issuer=ANY_ISSUER, subject=subject, created_at=row.created_at)
        )
    elif session.get_one(UserRow, taken.user_id).removed_at is not None:
        taken.user_id, taken.created_at = row.id, row.created_at
    else:
        raise InvalidError("There is a user with this sub already.", code="sub_taken")
    session.flush()


def live_user(session: Session, user_id: int) -> UserRow:
    """Raises NotFoundError."""
    row = stored(session, UserRow, user_id)
    if row is None or row.removed_at is not None:
        raise NotFoundError("User not found")
    return row


def refuse_no_owner(session: Session) -> None:
    """Raises ConflictError where nobody would be left who may do everything."""
    owners = (
        select(UserRow.id)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .join(RoleRow, RoleRow.id == UserRoleRow.role_id)
        .where(RoleRow.built_in == OWNER, UserRow.is_active)
    )
    if session.scalar(owners.limit(1)) is None:
        raise ConflictError(
            "There must be one active owner at least: make somebody else owner first.", code="last_owner"
        )


def _set(row: UserRow, fields: dict[str, Any]) -> dict[str, Any]:
    """Answers those that are others now."""
    changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return changed


def _fields(wanted: UserUpdate, password_hash: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {} if password_hash is None else {"password_hash": password_hash}
    if wanted.email is not UNSET:
        fields["email"] = _checked_email(wanted.email)
    if wanted.full_name is not UNSET:
        fields["full_name"] = _checked_full_name(wanted.full_name)
    if wanted.is_active is not UNSET:
        fields["is_active"] = wanted.is_active
    return fields


def _checked_email(email: str | None) -> str | None:
    text = (email or "").strip()
    name, at, domain = text.rpartition("@")
    if text and (
        not at or not name or not domain or len(text) > _MAX_EMAIL or any(c.isspace() for c in text)
    ):
        raise InvalidError(f'"{text[:100]}" is no e-mail address.')
    return text or None


def _checked_full_name(text: str) -> str | None:
    if len(text) > _MAX_FULL_NAME:
        raise InvalidError(f"The full name is too long: {_MAX_FULL_NAME} characters at most.")
    return " ".join(text.split()) or None


def _account_of(session: Session, row: UserRow) -> UserAccount:
    roles = session.scalars(select(UserRoleRow.role_id).where(UserRoleRow.user_id == row.id))
    providers = session.scalars(select(IdentityRow.issuer).where(IdentityRow.user_id == row.id))
    return UserAccount(
        id=row.id,
        username=row.username,
        email=row.email,
        full_name=row.full_name,
        is_active=row.is_active,
        roles=sorted(roles),
        second_factor=row.otp_enabled_at is not None,
        providers=sorted(providers),
        created_at=format_time(row.created_at),
        last_login=optional_time(row.last_login),
        version=row.version,
    )
