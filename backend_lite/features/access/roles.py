"""Roles: what their holders may do, and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from msgspec import UNSET
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend_lite.contract.accounts import Grant, Role, RoleCreate, RoleUpdate
from backend_lite.contract.audit import ActionType
from backend_lite.contract.live import GROUP, ROLE
from backend_lite.contract.rights import ALL_PERMISSIONS, VERBS
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable, stored
from backend_lite.core.db.references import Reference, References
from backend_lite.core.db.unit import Unit
from backend_lite.core.db.within import Within
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import checked_name, name_key
from backend_lite.core.security.principal import Principal
from backend_lite.core.versions import next_version, refuse_stale
from backend_lite.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from backend_lite.features.access.rights import BUILT_IN, Held, granted, grants_of
from backend_lite.features.access.tables import RoleRow, UserRoleRow, UserRow
from backend_lite.features.access.users import UserChanged

MAX_DESCRIPTION = 2_000
MAX_GROUPS = 100
EVERYBODY = 0
"""A UserChanged of everybody: what a role grants may have changed."""


class Roles:
    """Its methods run inside the caller's session or unit."""

    def __init__(self, clock: Clock, audit: Audit, within: Within, references: References) -> None:
        self._clock = clock
        self._audit = audit
        self._within = within
        references.register(GROUP, roles_limited_to)

    def all(self, session: Session) -> list[Role]:
        """The built-in ones first, then by name."""
        rows = session.scalars(select(RoleRow).order_by(RoleRow.built_in.is_(None), RoleRow.id)).all()
        counts = _user_counts(session)
        views = [_role_of(row, counts.get(row.id, 0)) for row in rows]
        return sorted(
            views, key=lambda role: (not role.built_in, "" if role.built_in else name_key(role.name))
        )

    def get(self, session: Session, role_id: int) -> Role:
        """Raises NotFoundError."""
        row = self._row(session, role_id)
        return _role_of(row, _user_counts(session).get(role_id, 0))

    def create(self, unit: Unit, wanted: RoleCreate, maker: Principal) -> Role:
        """Raises InvalidError, NotFoundError for a group, and ForbiddenError for rights that the maker does
        not have."""
        row = RoleRow(
            name=checked_name(wanted.name, what="A role"),
            description=_checked_description(wanted.description),
            grants=permission_list(wanted.grants),
            groups=self._checked_groups(unit.session, wanted.groups),
            created_at=self._clock.now_ms(),
            version=1,
            edited_at_version={},
        )
        row.name_key = name_key(row.name)
        refuse_beyond(granted(None, row.grants, row.groups), maker)
        _refuse_taken(unit.session, row.name, None)
        unit.session.add(row)
        unit.session.flush()
        role = _role_of(row, 0)
        unit.publish(Changed(ROLE, role.id, role))
        self._note(unit, "roles.create", ActionType.CREATE, role, "made", None, role)
        return role

    def update(
        self, unit: Unit, role_id: int, wanted: RoleUpdate, editor: Principal, version: int | None
    ) -> Role:
        """Raises NotFoundError, InvalidError, ForbiddenError, ConflictError."""
        row = self._row(unit.session, role_id)
        _refuse_built_in(row, "changed: copy it, and change the copy")
        refuse_stronger(_held(row), editor)
        refuse_stale(version, row.version, row.edited_at_version, f'The role "{row.name}"')
        before = self.get(unit.session, role_id)
        fields = self._fields(unit.session, wanted)
        if "name" in fields:
            _refuse_taken(unit.session, fields["name"], role_id)
        changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
        if changed.keys() & {"grants", "groups"}:
            grants, groups = changed.get("grants", row.grants), changed.get("groups", row.groups)
            refuse_beyond(granted(None, grants, groups), editor)
        for name, value in changed.items():
            setattr(row, name, value)
        if changed:
            row.name_key = name_key(row.name)
            next_version(row, changed)
            unit.session.flush()
            unit.publish(UserChanged(EVERYBODY))
            after = self.get(unit.session, role_id)
            unit.publish(Changed(ROLE, role_id, after))
            self._note(unit, "roles.update", ActionType.UPDATE, after, "changed", before, after)
        return self.get(unit.session, role_id)

    def delete(self, unit: Unit, role_id: int, editor: Principal, version: int | None) -> None:
        """Raises NotFoundError, ForbiddenError, and ConflictError while somebody has it."""
        row = self._row(unit.session, role_id)
        _refuse_built_in(row, "deleted")
        refuse_stronger(_held(row), editor)
        refuse_stale(version, row.version, row.edited_at_version, f'The role "{row.name}"')
        holders = _holders(unit.session, role_id)
        if holders:
            named = ", ".join(holders[:10]) + (f" and {len(holders) - 10} more" if len(holders) > 10 else "")
            raise ConflictError(
                f'The role "{row.name}" is held by {named}. Give them another one first.', code="in_use"
            )
        role = _role_of(row, 0)
        unit.session.delete(row)
        unit.publish(Changed(ROLE, role_id, None))
        self._note(unit, "roles.delete", ActionType.DELETE, role, "deleted", role, None)

    def give(self, unit: Unit, user_id: int, role_ids: Iterable[int], giver: Principal | None) -> None:
        """Let the user have these roles and no others. `giver` None is the command line.

        Raises InvalidError for unknown roles, and ForbiddenError for rights that the giver does not have.
        """
        wanted = {role_id for role_id in role_ids if storable(role_id)}
        rows = unit.session.scalars(select(RoleRow).where(RoleRow.id.in_(wanted))).all()
        if len(rows) != len(set(role_ids)):
            raise InvalidError("One or more roles do not exist")
        held = set(unit.session.scalars(select(UserRoleRow.role_id).where(UserRoleRow.user_id == user_id)))
        for row in rows:
            if giver is not None and row.id not in held:
                refuse_beyond(_held(row), giver)
        for role_id in wanted - held:
            unit.session.add(UserRoleRow(user_id=user_id, role_id=role_id))
        for gone in held - wanted:
            unit.session.delete(unit.session.get_one(UserRoleRow, (user_id, gone)))
        unit.session.flush()
        for role_id in wanted ^ held:
            unit.publish(Changed(ROLE, role_id, self.get(unit.session, role_id)))
        unit.publish(UserChanged(user_id))

    def _fields(self, session: Session, wanted: RoleUpdate) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if wanted.name is not UNSET:
            fields["name"] = checked_name(wanted.name, what="A role")
        if wanted.description is not UNSET:
            fields["description"] = _checked_description(wanted.description)
        if wanted.grants is not UNSET:
            fields["grants"] = permission_list(wanted.grants)
        if wanted.groups is not UNSET:
            fields["groups"] = self._checked_groups(session, wanted.groups)
        return fields

    def _checked_groups(self, session: Session, groups: Iterable[int]) -> list[int]:
        wanted = sorted(set(groups))
        if len(wanted) > MAX_GROUPS:
            raise InvalidError(f"A role can be limited to {MAX_GROUPS} groups at most.")
        return sorted(self._within.named_groups(session, wanted))

    def _row(self, session: Session, role_id: int) -> RoleRow:
        row = stored(session, RoleRow, role_id)
        if row is None:
            raise NotFoundError("Role not found")
        return row

    def _note(
        self,
        unit: Unit,
        action: str,
        kind: ActionType,
        role: Role,
        verb: str,
        before: Role | None,
        after: Role | None,
    ) -> None:
        summary = f'{unit.caller.name} {verb} the role "{role.name}".'
        entity = Entity("role", role.id, role.name)
        groups = {group for one in (before, after) if one is not None for group in one.groups}
        details = {"groups": dict(self._within.named_groups(unit.session, groups))} if groups else None
        self._audit.record(unit, action, kind, entity, summary, before=before, after=after, details=details)


def roles_limited_to(session: Session, group_id: int) -> list[Reference]:
    """The roles whose rights hold in the devices of the group."""
    rows = session.scalars(select(RoleRow).where(RoleRow.built_in.is_(None)).order_by(RoleRow.name_key))
    return [Reference(ROLE, row.id, row.name) for row in rows if group_id in row.groups]


def refuse_beyond(held: Held, giver: Principal) -> None:
    """Raises ForbiddenError where somebody would get a right that the giver does not have, or in more groups
    than the giver."""
    _refuse(held.beyond(giver), "Nobody can give a right that they do not have")


def refuse_stronger(held: Held, editor: Principal) -> None:
    """Raises ForbiddenError where whoever holds these rights has more than the editor: who may manage users
    and roles is not thereby allowed to take over those, or to take rights from them."""
    _refuse(held.beyond(editor), "Nobody can change or remove what has rights beyond their own")


def _refuse(beyond: list[str], sentence: str) -> None:
    if beyond:
        more = f" and {len(beyond) - 5} more" if len(beyond) > 5 else ""
        raise ForbiddenError(f"{sentence}: {', '.join(beyond[:5])}{more}.", code="beyond_own")


def _held(row: RoleRow) -> Held:
    return granted(row.built_in, row.grants, row.groups)


def permission_list(grants: Iterable[Grant]) -> list[str]:
    """`artifact:verb` of each, sorted. Raises InvalidError for what is no right."""
    wanted = sorted({f"{grant.artifact}:{verb}" for grant in grants for verb in grant.verbs})
    if unknown := [one for one in wanted if one not in ALL_PERMISSIONS]:
        raise InvalidError(f'"{unknown[0][:80]}" is no right. The verbs are {", ".join(VERBS)}.')
    return wanted


def _checked_description(text: str) -> str:
    if len(text) > MAX_DESCRIPTION:
        raise InvalidError(f"The description is too long: {MAX_DESCRIPTION} characters at most.")
    return text.strip()


def _refuse_built_in(row: RoleRow, what: str) -> None:
    if row.built_in is not None:
        raise ConflictError(
            f'The role "{row.name}" comes with the product and cannot be {what}.', code="built_in"
        )


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    query = select(RoleRow.id).where(RoleRow.name_key == name_key(name))
    if session.scalar(query) not in (None, own_id):
        raise InvalidError("Role with this name already exists", code="name_taken")


def _holders(session: Session, role_id: int) -> list[str]:
    query = select(UserRow.username).join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
    return list(session.scalars(query.where(UserRoleRow.role_id == role_id).order_by(UserRow.name_key)))


def _user_counts(session: Session) -> dict[int, int]:
    query = select(UserRoleRow.role_id, func.count()).group_by(UserRoleRow.role_id)
    return {row[0]: row[1] for row in session.execute(query)}


def _role_of(row: RoleRow, user_count: int) -> Role:
    description = BUILT_IN[row.built_in][0] if row.built_in in BUILT_IN else row.description
    verbs: defaultdict[str, list[str]] = defaultdict(list)
    for permission in sorted(grants_of(row.built_in, row.grants)):
        artifact, _, verb = permission.partition(":")
        verbs[artifact].append(verb)
    return Role(
        id=row.id,
        name=row.name,
        description=description,
        built_in=row.built_in is not None,
        grants=[Grant(artifact, sorted(some, key=VERBS.index)) for artifact, some in sorted(verbs.items())],
        groups=list(row.groups),
        user_count=user_count,
        version=row.version,
    )
