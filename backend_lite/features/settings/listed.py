"""The documented list speaks in texts: what such a text means for a setting."""

from __future__ import annotations

import math

from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time
from backend_lite.contract.settings import (
    ListedSetting,
    ListedSettingCreate,
    SettingType,
    SettingValue,
)
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.settings.changing import Wish
from backend_lite.features.settings.declared import BY_NAME
from backend_lite.features.settings.reading import listed_one
from backend_lite.features.settings.rows import place_of
from backend_lite.features.settings.rules import type_of
from backend_lite.features.settings.tables import SettingRow

_BOOLEANS = {"true": True, "false": False}


def wish_of(session: Session, wanted: ListedSettingCreate) -> Wish:
    """Raises InvalidError."""
    place = place_of(wanted.key)
    declared = BY_NAME.get(".".join(place))
    row = session.get(SettingRow, place)
    if declared is not None:
        if wanted.is_encrypted and declared.type is not SettingType.SECRET:
            raise InvalidError(f"{declared.title} ({declared.name}) is no secret: leave is_encrypted out.")
        return Wish(_meant(declared.type, wanted.value), description=wanted.description)
    kind = type_of(row.value) if row is not None and row.sealed is None else SettingType.TEXT
    secret = wanted.is_encrypted
    return Wish(wanted.value if secret else _meant(kind, wanted.value), secret, wanted.description)


def listed_after(session: Session, wanted: ListedSettingCreate, now: int) -> ListedSetting:
    """What the list answers to a change; one that has its default is not in the list."""
    try:
        return listed_one(session, wanted.key)
    except NotFoundError:
        at = format_time(now)
        return ListedSetting(wanted.key, wanted.value, wanted.description, False, at, at)


def _meant(kind: SettingType, text: str) -> SettingValue:
    """A text that means nothing for its type stays a text, and is refused as such."""
    match kind:
        case SettingType.BOOLEAN:
            return _BOOLEANS.get(text.strip().lower(), text)
        case SettingType.NUMBER:
            return _number(text)
        case SettingType.LIST:
            return [part.strip() for part in text.split(",") if part.strip()]
        case _:
            return text


def _number(text: str) -> SettingValue:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
