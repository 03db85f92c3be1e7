"""Users: who there is, the first owner, names for other areas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, select
from sqlalchemy.orm import Session

from backend_lite.contract.access import User
from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time, optional_time
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Event
from backend_lite.core.security.passwords import hash_password
from backend_lite.errors import ConflictError, InvalidError
from backend_lite.features.access.password_rules import check_new_password
from backend_lite.features.access.rights import OWNER, Held, granted, together
from backend_lite.features.access.tables import RoleRow, UserRoleRow, UserRow
from backend_lite.features.access.tokens import Subject, TokenStore

USER_SUBJECT = "user"

_USERNAME = re.compile(r"[^\W_][\w.@+-]{0,99}")
_MAX_FULL_NAME = 200


@dataclass(frozen=True, slots=True)
class UserChanged(Event):
    """A user's rights, name or activity changed."""

    user_id: int


class OwnerExistsError(ConflictError):
    code = "owner_exists"

    def __init__(self) -> None:
        super().__init__("There is an owner already. Sign in, or let the owner add you.")


class Users:
    """The users of one database."""

    def __init__(self, database: Database, clock: Clock, tokens: TokenStore) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._audit = Audit(clock)

    async def has_owner(self) -> bool:
        return await self._database.read(_has_owner)

    async def create_owner(self, username: str, password: str, full_name: str = "") -> User:
        """The first user, with every right. Raises OwnerExistsError, or InvalidError for a bad name or
        password."""
        if await self.has_owner():
            raise OwnerExistsError
        username = checked_username(username)
        full_name = full_name.strip()[:_MAX_FULL_NAME]
        check_new_password(password, username, full_name)
        password_hash = await hash_password(password)

        def work(unit: Unit) -> User:
            if _has_owner(unit.session):
                raise OwnerExistsError
            row = UserRow(
                username=username,
                name_key=name_key(username),
                full_name=full_name or None,
                password_hash=password_hash,
                is_active=True,
                created_at=self._clock.now_ms(),
            )
            unit.session.add(row)
            unit.session.flush()
            unit.session.add(UserRoleRow(user_id=row.id, role_id=_owner_role(unit.session)))
            user = user_of(row)
            said = f'"{username}" was made the owner.'
            entity = Entity("user", row.id, username)
            by = replace(unit.caller, name=username, user_id=row.id)
            self._audit.record(unit, "setup.owner", ActionType.CREATE, entity, said, after=user, by=by)
            return user

        return await self._database.write(work)

    async def get(self, user_id: int) -> User | None:
        def work(session: Session) -> User | None:
            row = session.get(UserRow, user_id)
            return None if row is None else user_of(row)

        return await self._database.read(work)

    async def disable(self, user_id: int) -> None:
        """Shut a user out at once: the sessions end with the same transaction."""

        def work(unit: Unit) -> None:
            row = unit.session.get_one(UserRow, user_id)
            row.is_active = False
            self._tokens.revoke_of(unit, Subject(USER_SUBJECT, user_id))
            unit.publish(UserChanged(user_id))

        await self._database.write(work)


def user_of(row: UserRow) -> User:
    return User(
        id=str(row.id),
        username=row.username,
        email=row.email,
        full_name=row.full_name,
        is_active=row.is_active,
        created_at=format_time(row.created_at),
        last_login=optional_time(row.last_login),
    )


def known_of(row: UserRow) -> tuple[str, ...]:
    """What everybody knows of the user, and no password is made of."""
    return (row.username, row.email or "", row.full_name or "")


def rights_of(session: Session, user_id: int) -> Held:
    """All that the user's roles grant."""
    roles = session.scalars(select(RoleRow).join(UserRoleRow).where(UserRoleRow.user_id == user_id))
    return together(granted(role.built_in, role.grants, role.groups) for role in roles)


def find_owner(session: Session) -> UserRow | None:
    """The owner who came first, if there is one who may sign in."""
    query = _owners(UserRow).where(UserRow.is_active).order_by(UserRow.id).limit(1)
    owner: UserRow | None = session.scalar(query)
    return owner


def user_names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """The names of the users with these ids."""
    wanted = {user_id for user_id in ids if user_id is not None}
    if not wanted:
        return {}
    rows = session.execute(select(UserRow.id, UserRow.username).where(UserRow.id.in_(wanted)))
    return {row.id: row.username for row in rows}


def user_name_of(user_id: SQLColumnExpression[int | None]) -> ColumnElement[str]:
    """The name of the user in that column, NULL without one."""
    return select(UserRow.username).where(UserRow.id == user_id).scalar_subquery()


def name_key(username: str) -> str:
    """The user name as compared."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


def checked_username(username: str) -> str:
    """`username` without blanks around it. Raises InvalidError when it cannot be one."""
    username = unicodedata.normalize("NFKC", username).strip()
    if not _USERNAME.fullmatch(username):
        raise InvalidError(
            f'"{username[:100]}" cannot be a user name: use 1 to 100 letters, digits and . _ @ + -, '
            "and start with a letter or a digit.",
            code="bad_username",
        )
    return username


def _has_owner(session: Session) -> bool:
    return session.scalar(_owners(UserRow.id).limit(1)) is not None


def _owners(what: Any) -> Select[Any]:
    held = select(UserRoleRow.user_id).join(RoleRow).where(RoleRow.built_in == OWNER)
    return select(what).where(UserRow.id.in_(held))


def _owner_role(session: Session) -> int:
    return session.scalars(select(RoleRow.id).where(RoleRow.built_in == OWNER)).one()
