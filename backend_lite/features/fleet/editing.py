"""What a person may change on a device, checked."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from backend_lite.contract.fleet import DeviceUpdate
from backend_lite.errors import InvalidError
from backend_lite.features.fleet.labels import LABEL_SIZES, clean

MAX_TAGS = 50
MAX_TAG = 60
_TEXTS = ("hostname", "os_type", "os_version", "hardware_summary")


def checked_fields(wanted: DeviceUpdate) -> dict[str, Any]:
    """The columns to change; the profile is not looked up. `status` is computed from the contact: it is
    accepted and has no effect.

    Raises InvalidError with what is wrong.
    """
    fields: dict[str, Any] = {
        name: _text(name, value) for name in _TEXTS if (value := getattr(wanted, name)) is not UNSET
    }
    if wanted.tags is not UNSET:
        fields["tags"] = checked_tags(wanted.tags)
    if wanted.profile_id is not UNSET:
        fields["profile_id"] = wanted.profile_id
    return fields


def _text(name: str, value: str | None) -> str | None:
    text = clean(value or "", LABEL_SIZES[name] + 1)
    if len(text) > LABEL_SIZES[name]:
        raise InvalidError(f"The {name} is too long: {LABEL_SIZES[name]} characters at most.")
    if name == "hostname" and not text:
        raise InvalidError("A device needs a name.")
    return (text.lower() if name == "os_type" else text) or None


def checked_tags(tags: list[str]) -> list[str]:
    """Each once, in one line. Raises InvalidError."""
    cleaned = list(dict.fromkeys(tag for tag in (clean(tag, MAX_TAG + 1) for tag in tags) if tag))
    if len(cleaned) > MAX_TAGS:
        raise InvalidError(f"A device can have {MAX_TAGS} tags at most.")
    for tag in cleaned:
        if len(tag) > MAX_TAG:
            raise InvalidError(f'The tag "{tag[:20]}..." is too long: {MAX_TAG} characters at most.')
    return cleaned
