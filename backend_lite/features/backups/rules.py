"""When backups are made by themselves, and how many of them are kept."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType
from backend_lite.contract.backups import BackupRules
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.meta import get_meta, set_meta
from backend_lite.core.db.unit import Unit
from backend_lite.errors import InvalidError

_KEY = "backup_rules"
_AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MOST_DAILY, _MOST_WEEKLY = 366, 520


def read_rules(session: Session) -> BackupRules:
    kept = get_meta(session, _KEY)
    return msgspec.json.decode(kept, type=BackupRules) if kept else BackupRules()


def change_rules(unit: Unit, rules: BackupRules, audit: Audit) -> BackupRules:
    """Raises InvalidError."""
    if not _AT.fullmatch(rules.at):
        raise InvalidError(f'"{rules.at[:40]}" is no time of day: write it as HH:MM, such as 02:00.')
    if not 1 <= rules.keep_daily <= _MOST_DAILY or not 0 <= rules.keep_weekly <= _MOST_WEEKLY:
        raise InvalidError(
            f"keep_daily is 1 to {_MOST_DAILY} days, keep_weekly is 0 to {_MOST_WEEKLY} weeks."
        )
    before = read_rules(unit.session)
    set_meta(unit.session, _KEY, msgspec.json.encode(rules).decode())
    said = f"{unit.caller.name} changed when backups are made and how many are kept."
    audit.record(
        unit,
        "backups.rules",
        ActionType.UPDATE,
        Entity("backup_rules", 1),
        said,
        before=before,
        after=rules,
    )
    return rules


def last_due(rules: BackupRules, now_ms: int) -> int:
    """The newest time (ms) up to now at which a backup was to be made, by this machine's local time."""
    local = _local(now_ms)
    due = _at(rules, local)
    return due if due <= now_ms else _at(rules, local - timedelta(days=1))


def next_due(rules: BackupRules, now_ms: int) -> int:
    """The first time (ms) after now."""
    local = _local(now_ms)
    due = _at(rules, local)
    return due if due > now_ms else _at(rules, local + timedelta(days=1))


def _local(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC).astimezone().replace(tzinfo=None)


def _at(rules: BackupRules, day: datetime) -> int:
    hour, minute = map(int, rules.at.split(":"))
    # Without a zone it is the machine's, with what holds there on that day.
    return round(day.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp() * 1000)
