"""ETag and If-Match: nobody overwrites what somebody else changed meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from backend_lite.errors import ConflictError, InvalidError

_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


class Versioned(Protocol):
    """A row of an object that several people change."""

    version: Any
    edited_at_version: Any


class Dated(Versioned, Protocol):
    """One that also says when it last changed."""

    updated_at: Any


def etag(version: int) -> dict[str, str]:
    """The header that names this version of an object."""
    return {"ETag": f'"{version}"'}


def version_wanted(if_match: str | None) -> int | None:
    """The version a change builds on; None where the client does not say. Raises InvalidError."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise InvalidError('If-Match must be the ETag of the object as it was read, such as "3".')
    return int(match[1])


def refuse_stale(wanted: int | None, current: int, edited_at_version: Mapping[str, int], what: str) -> None:
    """Raises ConflictError with what changed since version `wanted`.

    `edited_at_version` says at which version each field last changed; `what` names the object.
    """
    if wanted is None or wanted == current:
        return
    changed = sorted(field for field, version in edited_at_version.items() if version > wanted)
    fields = f" ({', '.join(changed)})" if changed else ""
    raise ConflictError(
        f"{what} was changed meanwhile{fields}: you have version {wanted}, now it is {current}. "
        "Load it again, then make your change.",
        code="stale",
    )


def mark_edited(row: Dated, fields: Iterable[str], now_ms: int) -> None:
    """Makes another version, in which these fields have changed now."""
    next_version(row, fields)
    row.updated_at = now_ms


def next_version(row: Versioned, fields: Iterable[str]) -> None:
    """Makes another version, in which these fields have changed."""
    row.version += 1
    row.edited_at_version = row.edited_at_version | dict.fromkeys(fields, row.version)
