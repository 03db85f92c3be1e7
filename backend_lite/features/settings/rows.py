"""The rows that settings are kept in, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend_lite.contract.settings import SettingValue
from backend_lite.core.db.sealed_holders import Reseal, SealedHolder
from backend_lite.core.db.unit import Unit
from backend_lite.core.settings import SettingsStored, Stored, purpose_of
from backend_lite.errors import InvalidError
from backend_lite.features.settings.declared import BY_NAME, CUSTOM, GROUP_NAMES
from backend_lite.features.settings.rules import checked
from backend_lite.features.settings.tables import SettingRow

log = structlog.get_logger(__name__)


def name_of(row: SettingRow) -> str:
    return f"{row.group}.{row.key}"


def listed_name(row: SettingRow) -> str:
    """As lists call it: what belongs to no group goes by its key alone."""
    return row.key if row.group == CUSTOM else name_of(row)


def place_of(name: str) -> tuple[str, str]:
    """Group and key of a listed name."""
    group, dot, key = name.partition(".")
    return (group, key) if dot and key and group in GROUP_NAMES else (CUSTOM, name)


def all_rows(session: Session) -> Sequence[SettingRow]:
    return session.scalars(select(SettingRow).order_by(SettingRow.group, SettingRow.key)).all()


def stored_of(rows: Sequence[SettingRow]) -> Stored:
    """What holds of them: a value that is not allowed any more gives way to the default."""
    values: dict[str, SettingValue] = {}
    sealed: dict[str, str] = {}
    for row in rows:
        name = name_of(row)
        if row.sealed is not None:
            sealed[name] = row.sealed
            continue
        declared = BY_NAME.get(name)
        try:
            values[name] = row.value if declared is None else checked(declared, row.value)
        except InvalidError as error:
            log.warning("a stored setting is not allowed any more", name=name, why=error.detail)
    return Stored(values, sealed)


def _count(session: Session) -> int:
    query = select(func.count()).select_from(SettingRow).where(SettingRow.sealed.is_not(None))
    return session.scalar(query) or 0


def _reseal(unit: Unit, anew: Reseal) -> None:
    for row in unit.session.scalars(select(SettingRow).where(SettingRow.sealed.is_not(None))):
        assert row.sealed is not None
        row.sealed = anew(purpose_of(name_of(row)), row.sealed)
    # What is remembered must open when the old key is gone; to nobody is it another value.
    unit.publish(SettingsStored(stored_of(all_rows(unit.session)), frozenset()))


HOLDER = SealedHolder(_count, _reseal)
