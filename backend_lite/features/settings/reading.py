"""Settings as people and programs see them: secrets are masked."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time
from backend_lite.contract.settings import (
    MASKED,
    ListedSetting,
    SettingForm,
    SettingGroup,
    SettingType,
    SettingValue,
)
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.settings.changing import UNKNOWN_GROUP
from backend_lite.features.settings.declared import BY_NAME, CUSTOM, DECLARED, GROUPS, Declared, Group
from backend_lite.features.settings.rows import all_rows, listed_name, name_of, place_of, stored_of
from backend_lite.features.settings.rules import type_of
from backend_lite.features.settings.tables import SettingRow
from backend_lite.features.settings.versions import version_of


def forms(session: Session) -> list[SettingGroup]:
    return [form_of(session, group.name) for group in GROUPS]


def form_of(session: Session, name: str) -> SettingGroup:
    """Raises NotFoundError."""
    group = next((group for group in GROUPS if group.name == name), None)
    if group is None:
        raise NotFoundError(f'There is no group of settings called "{name[:40]}".', code="unknown_group")
    rows = {name_of(row): row for row in all_rows(session)}
    found = _custom(list(rows.values())) if name == CUSTOM else _declared(group, rows)
    return SettingGroup(group.name, group.title, group.help, found, version_of(session, name).version)


def plain_group(session: Session, name: str) -> dict[str, SettingValue]:
    """The documented object of a group. Raises InvalidError."""
    if name not in {group.name for group in GROUPS}:
        raise InvalidError(UNKNOWN_GROUP, code="unknown_group")
    rows = session.scalars(select(SettingRow).where(SettingRow.group == name)).all()
    stored = stored_of(rows).values
    values: dict[str, SettingValue] = {one.key: one.default for one in DECLARED if one.group == name}
    for row in rows:
        if row.sealed is not None:
            values[row.key] = MASKED
        elif name_of(row) in stored:
            values[row.key] = stored[name_of(row)]
    return values


def plain_groups(session: Session) -> dict[str, dict[str, SettingValue]]:
    return {group.name: plain_group(session, group.name) for group in GROUPS if group.name != CUSTOM}


def listed(session: Session) -> list[ListedSetting]:
    return [_listed(row) for row in all_rows(session)]


def listed_one(session: Session, name: str) -> ListedSetting:
    """Raises NotFoundError."""
    row = session.get(SettingRow, place_of(name))
    if row is None:
        raise NotFoundError("Setting not found")
    return _listed(row)


def _listed(row: SettingRow) -> ListedSetting:
    return ListedSetting(
        key=listed_name(row),
        value=MASKED if row.sealed is not None else _as_text(row.value),
        description=row.description,
        is_encrypted=row.sealed is not None,
        created_at=format_time(row.created_at),
        updated_at=format_time(row.updated_at),
    )


def _as_text(value: SettingValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _declared(group: Group, rows: dict[str, SettingRow]) -> list[SettingForm]:
    return [_form(one, rows.get(one.name)) for one in DECLARED if one.group == group.name]


def _form(one: Declared, row: SettingRow | None) -> SettingForm:
    form = SettingForm(
        group=one.group,
        key=one.key,
        type=one.type,
        title=one.title,
        help=one.help,
        default=one.default,
        value=one.default,
        choices=list(one.choices),
        least=one.least,
        most=one.most,
        unit=one.unit,
        needs=one.needs,
    )
    if row is not None:
        form.value = MASKED if row.sealed is not None else stored_of([row]).values.get(one.name, one.default)
        _add_change(form, row)
    return form


def _custom(rows: Sequence[SettingRow]) -> list[SettingForm]:
    return [_custom_form(row) for row in rows if name_of(row) not in BY_NAME]


def _custom_form(row: SettingRow) -> SettingForm:
    """A custom one has no default: it is there as long as somebody has put it there."""
    secret = row.sealed is not None
    form = SettingForm(
        group=CUSTOM,
        key=listed_name(row),
        type=SettingType.SECRET if secret else type_of(row.value),
        title=listed_name(row),
        help=row.description or "",
        default="",
        value=MASKED if secret else row.value,
    )
    _add_change(form, row)
    return form


def _add_change(form: SettingForm, row: SettingRow) -> None:
    form.changed_by, form.changed_at = row.updated_by, format_time(row.updated_at)
