"""How often each group was changed, and at which of these versions each of its keys was."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy.orm import Session

from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit

_KEY = "settings_versions"
_MOST_KEYS = 200


class GroupVersion(msgspec.Struct):
    version: int = 1
    keys: dict[str, int] = {}


def version_of(session: Session, group: str) -> GroupVersion:
    return _all(session).get(group, GroupVersion())


def next_version(unit: Unit, group: str, keys: Iterable[str]) -> None:
    versions = _all(unit.session)
    old = versions.get(group, GroupVersion())
    version = old.version + 1
    newest = sorted({**old.keys, **dict.fromkeys(keys, version)}.items(), key=lambda one: -one[1])
    versions[group] = GroupVersion(version, dict(newest[:_MOST_KEYS]))
    set_meta(unit.session, _KEY, msgspec.json.encode(versions).decode())


def _all(session: Session) -> dict[str, GroupVersion]:
    kept = get_meta(session, _KEY)
    return msgspec.json.decode(kept, type=dict[str, GroupVersion]) if kept else {}
