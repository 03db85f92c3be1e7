"""Changing settings: checked, kept, told in the audit, all in one write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from backend_lite.contract.audit import ActionType
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.settings import MASKED, SettingType, SettingValue
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.unit import Unit
from backend_lite.core.http.guard import refuse_stale_sign_in
from backend_lite.core.security.master_key import MasterKey
from backend_lite.core.security.principal import Principal
from backend_lite.core.settings import SettingsStored, purpose_of
from backend_lite.core.versions import refuse_stale
from backend_lite.errors import ForbiddenError, InvalidError, NotFoundError
from backend_lite.features.settings.declared import BY_NAME, CUSTOM, GROUPS, Declared
from backend_lite.features.settings.rows import all_rows, place_of, stored_of
from backend_lite.features.settings.rules import check_key, checked, checked_custom, same_kind
from backend_lite.features.settings.tables import SettingRow
from backend_lite.features.settings.versions import next_version, version_of

_MOST_CUSTOM = 2_000
_TITLES = {group.name: group.title for group in GROUPS}
UNKNOWN_GROUP = "Unknown settings group"


@dataclass(frozen=True)
class Wish:
    """What a setting is to be. None takes it back to its default, or away. `sealed` makes a secret of one
    that nobody declared."""

    value: object
    sealed: bool = False
    description: str | None = None


class Changing:
    def __init__(self, clock: Clock, key: MasterKey, audit: Audit) -> None:
        self._clock = clock
        self._key = key
        self._audit = audit

    def change(
        self,
        unit: Unit,
        group: str,
        wishes: Mapping[str, Wish],
        editor: Principal,
        wanted_version: int | None = None,
    ) -> list[str]:
        """Answers the keys that changed. Raises InvalidError, ConflictError, ForbiddenError; nothing is
        changed then."""
        if group not in _TITLES:
            raise InvalidError(UNKNOWN_GROUP, code="unknown_group")
        now = version_of(unit.session, group)
        refuse_stale(wanted_version, now.version, now.keys, f'"{_TITLES[group]}"')
        if group == CUSTOM:
            return self.change_named(unit, wishes, editor)
        return self._change(unit, group, wishes, editor)

    def change_named(self, unit: Unit, wishes: Mapping[str, Wish], editor: Principal) -> list[str]:
        """As `change`, by listed names: `group.key`, or a key that belongs to no group."""
        by_group: dict[str, dict[str, Wish]] = {}
        for name, wish in wishes.items():
            group, key = place_of(name)
            by_group.setdefault(group, {})[key] = wish
        return [key for group, some in by_group.items() for key in self._change(unit, group, some, editor)]

    def remove(self, unit: Unit, name: str, editor: Principal) -> None:
        """Raises NotFoundError, ForbiddenError."""
        if unit.session.get(SettingRow, place_of(name)) is None:
            raise NotFoundError("Setting not found")
        self.change_named(unit, {name: Wish(None)}, editor)

    def tell_stored(self, unit: Unit, names: frozenset[str]) -> None:
        """Everybody who reads settings is to read them anew."""
        unit.publish(SettingsStored(stored_of(all_rows(unit.session)), names))

    # ---- inside

    def _change(self, unit: Unit, group: str, wishes: Mapping[str, Wish], editor: Principal) -> list[str]:
        before: dict[str, object] = {}
        after: dict[str, object] = {}
        for key, wish in wishes.items():
            old = unit.session.get(SettingRow, (group, key))
            told_before = _told(group, key, old)
            if self._put(unit, group, key, wish, old):
                _refuse_unguarded(BY_NAME.get(f"{group}.{key}"), editor)
                before[key] = told_before
                after[key] = _told(group, key, unit.session.get(SettingRow, (group, key)), again=True)
        if after:
            self._tell(unit, group, before, after)
        return list(after)

    def _put(self, unit: Unit, group: str, key: str, wish: Wish, old: SettingRow | None) -> bool:
        """Whether that changed anything."""
        declared = BY_NAME.get(f"{group}.{key}")
        secret = declared.type is SettingType.SECRET if declared else wish.sealed or _is_secret(old)
        if secret and wish.value == MASKED:
            return False
        value = self._value(declared, group, key, wish, old, secret=secret)
        if value is None or (declared is not None and value == declared.default):
            return self._drop(unit, old)
        if old is not None and not secret and _is_as_wished(old, wish, value):
            return False
        row = old or self._new(unit, group, key, declared)
        row.value = "" if secret else value
        row.sealed = self._key.seal(purpose_of(f"{group}.{key}"), str(value)) if secret else None
        if wish.description is not None:
            row.description = wish.description
        row.updated_at, row.updated_by = self._clock.now_ms(), unit.caller.name
        unit.session.flush()
        return True

    def _value(
        self,
        declared: Declared | None,
        group: str,
        key: str,
        wish: Wish,
        old: SettingRow | None,
        *,
        secret: bool,
    ) -> SettingValue | None:
        if wish.value is None:
            return None
        if declared is not None:
            return checked(declared, wish.value)
        check_key(key)
        value = checked_custom(key, wish.value)
        if secret and not isinstance(value, str):
            raise InvalidError(f'"{key}" is a secret, and a secret is a text.')
        if old is not None and old.sealed is None and not secret:
            same_kind(key, old.value, value)
        return value

    def _new(self, unit: Unit, group: str, key: str, declared: Declared | None) -> SettingRow:
        kept = select(func.count()).select_from(SettingRow)
        if declared is None and (unit.session.scalar(kept) or 0) >= _MOST_CUSTOM:
            raise InvalidError(f"At most {_MOST_CUSTOM} settings are kept. Delete some that nobody needs.")
        row = SettingRow(group=group, key=key, created_at=self._clock.now_ms())
        unit.session.add(row)
        return row

    def _drop(self, unit: Unit, old: SettingRow | None) -> bool:
        if old is None:
            return False
        unit.session.delete(old)
        unit.session.flush()
        return True

    def _tell(self, unit: Unit, group: str, before: dict[str, object], after: dict[str, object]) -> None:
        next_version(unit, group, after)
        if group != CUSTOM and any(f"{group}.{key}" not in BY_NAME for key in after):
            # The page of custom settings shows those of every group.
            next_version(unit, CUSTOM, [f"{group}.{key}" for key in after])
        titles = [_title(group, key) for key in after]
        some = ", ".join(titles[:5]) + (f" and {len(titles) - 5} more" if len(titles) > 5 else "")
        self._audit.record(
            unit,
            "settings.update",
            ActionType.UPDATE,
            Entity("settings", group, _TITLES[group]),
            f"{unit.caller.name} changed the settings {_TITLES[group]}: {some}.",
            before=before,
            after=after,
            details={"changed": sorted(after)},
        )
        self.tell_stored(unit, frozenset(f"{group}.{key}" for key in after))


def _refuse_unguarded(declared: Declared | None, editor: Principal) -> None:
    """Raises ForbiddenError where this setting is not for that editor, or not now."""
    if declared is not None and declared.owners_only and not editor.permissions >= ALL_PERMISSIONS:
        raise ForbiddenError(f'"{declared.title}" is for an owner to change.', code="owners_only")
    if declared is not None and declared.step_up:
        refuse_stale_sign_in(editor)


def _is_secret(row: SettingRow | None) -> bool:
    return row is not None and row.sealed is not None


def _told(group: str, key: str, row: SettingRow | None, *, again: bool = False) -> object:
    """As the audit says it: of a secret only whether there is one, and that it is another."""
    declared = BY_NAME.get(f"{group}.{key}")
    if row is not None and row.sealed is not None:
        return "set anew" if again else "set"
    if declared is not None and declared.type is SettingType.SECRET:
        return "not set"
    if row is None:
        return declared.default if declared is not None else None
    return row.value


def _title(group: str, key: str) -> str:
    declared = BY_NAME.get(f"{group}.{key}")
    return declared.title if declared is not None else key


def _is_as_wished(row: SettingRow, wish: Wish, value: SettingValue) -> bool:
    same = type(row.value) is type(value) and row.value == value
    return row.sealed is None and same and wish.description in (None, row.description)
