"""Whether a value is right for a setting, and the sentence that says what is not."""

from __future__ import annotations

import math

from backend_lite.contract.settings import SettingType, SettingValue
from backend_lite.errors import InvalidError
from backend_lite.features.settings.declared import LONG_TEXT, Declared

_MOST_ITEMS = 200
_MOST_KEY = 120
_MOST_WHOLE = 2**53
_NO_TEXT_CONTROL = frozenset(map(chr, range(32))) - set("\n\t\r")


def checked(setting: Declared, value: object) -> SettingValue:
    """The value as it is kept. Raises InvalidError with the limit that it breaks."""
    match setting.type:
        case SettingType.NUMBER:
            return _number(setting, value)
        case SettingType.BOOLEAN:
            if not isinstance(value, bool):
                raise _wrong(setting, "is either true or false")
            return value
        case SettingType.CHOICE:
            if not isinstance(value, str) or value not in setting.choices:
                raise _wrong(setting, f"is one of: {', '.join(setting.choices)}")
            return value
        case SettingType.LIST:
            return _list(setting, value)
        case SettingType.TEXT | SettingType.SECRET:
            return _text(setting, value)


def checked_custom(name: str, value: object) -> SettingValue:
    """A value of a setting that nobody declared."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _MOST_WHOLE:
        return value
    if isinstance(value, str) and len(value) <= LONG_TEXT and "\0" not in value:
        return value
    if isinstance(value, list) and len(value) <= _MOST_ITEMS and all(_is_item(item) for item in value):
        return list(value)
    raise InvalidError(
        f'"{name[:60]}" takes a text of at most {LONG_TEXT} characters, a number, true, false, or '
        f"a list of at most {_MOST_ITEMS} texts."
    )


def same_kind(name: str, old: object, new: object) -> None:
    """What was first written says of which type it is. Raises InvalidError."""
    if _kind(old) != _kind(new):
        raise InvalidError(
            f'"{name[:60]}" was first written as {_kind(old)}, so it stays that; this is {_kind(new)}. '
            "Delete it first to change what it is."
        )


def type_of(value: SettingValue) -> SettingType:
    if isinstance(value, bool):
        return SettingType.BOOLEAN
    if isinstance(value, int | float):
        return SettingType.NUMBER
    return SettingType.LIST if isinstance(value, list) else SettingType.TEXT


def check_key(key: str) -> None:
    if not key or len(key) > _MOST_KEY or not key.isprintable() or key != key.strip() or "/" in key:
        raise InvalidError(
            f'"{key[:60]}" cannot be the key of a setting: 1 to {_MOST_KEY} printable characters, no slash, '
            "and no space at its ends."
        )


def _number(setting: Declared, value: object) -> SettingValue:
    assert setting.least is not None and setting.most is not None
    limits = f"from {_plain(setting.least)} to {_plain(setting.most)} {setting.unit}".strip()
    kind = "a whole number" if setting.is_whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(setting, f"is {kind} {limits}")
    if not math.isfinite(value) or not setting.least <= value <= setting.most:
        raise _wrong(setting, f"is {kind} {limits}")
    if not setting.is_whole:
        return float(value)
    if value != int(value):
        raise _wrong(setting, f"is {kind} {limits}")
    return int(value)


def _text(setting: Declared, value: object) -> SettingValue:
    most, least = int(setting.most or LONG_TEXT), int(setting.least or 0)
    if not isinstance(value, str):
        raise _wrong(setting, f"is a text of at most {most} characters")
    if not least <= len(value) <= most or (least and not value.strip()):
        needed = f"{least} to {most}" if least else f"at most {most}"
        raise _wrong(setting, f"has {needed} characters")
    if any(char in _NO_TEXT_CONTROL for char in value):
        raise _wrong(setting, "has no control characters")
    if most < LONG_TEXT and any(char in value for char in "\n\r"):
        raise _wrong(setting, "is one line")
    if setting.https and value and not value.startswith("https://"):
        raise _wrong(setting, "begins with https://")
    return value


def _list(setting: Declared, value: object) -> SettingValue:
    most = int(setting.most or _MOST_ITEMS)
    if not isinstance(value, list) or len(value) > most or not all(_is_item(item) for item in value):
        raise _wrong(setting, f"is a list of at most {most} texts, each of 1 to 200 characters")
    return list(value)


def _is_item(item: object) -> bool:
    return isinstance(item, str) and 1 <= len(item) <= 200 and not set(item) & _NO_TEXT_CONTROL


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "a text"


def _plain(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else str(number)


def _wrong(setting: Declared, what: str) -> InvalidError:
    return InvalidError(f"{setting.title} ({setting.name}) {what}.", code="invalid_setting")
