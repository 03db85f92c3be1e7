"""What a group may be called and how it finds its devices."""

from __future__ import annotations

from backend_lite.contract.fleet import DEVICE_FIELDS
from backend_lite.core import names
from backend_lite.core.db.query_sql import parsed
from backend_lite.errors import InvalidError
from backend_lite.features.fleet.labels import clean

MAX_DESCRIPTION = 4000


def checked_name(name: str) -> str:
    """In one line, without characters that cannot be seen."""
    return names.checked_name(clean(name, len(name)), what="A group")


def checked_description(description: str) -> str:
    if len(description) > MAX_DESCRIPTION:
        raise InvalidError(f"The description is too long: {MAX_DESCRIPTION} characters at most.")
    if "\0" in description:
        raise InvalidError("The description holds a NUL character; type it again.")
    return description


def checked_query(query: str) -> str:
    """As it was written. Raises InvalidError (`bad_query`) that points at the mistake."""
    query = query.strip()
    if not query:
        raise InvalidError("The query is empty: say which devices the group has, such as os:windows.")
    parsed(query, DEVICE_FIELDS)
    return query
