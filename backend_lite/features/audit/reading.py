"""The audit as people read it: filtered, a page at a time, an event with what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from backend_lite.contract.audit import (
    ActionType,
    AuditChange,
    AuditDetails,
    AuditEvent,
    AuditList,
    FieldChange,
)
from backend_lite.contract.common import format_time, parse_time
from backend_lite.core.db.base import stored
from backend_lite.core.db.tables import AuditRow
from backend_lite.errors import InvalidError, NotFoundError

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is looked for; empty texts filter nothing. Times are RFC 3339; `until` is not included."""

    since: str = ""
    until: str = ""
    actor: str = ""
    action: str = ""
    action_type: str = ""
    entity_type: str = ""
    entity_id: str = ""
    q: str = ""


def page_of(session: Session, wanted: AuditFilter, page: int, page_size: int) -> AuditList:
    """Newest first; pages count from 1. Raises InvalidError."""
    if page < 1 or not 1 <= page_size <= MAX_PAGE_SIZE:
        raise InvalidError(f"Pages count from 1 and have 1 to {MAX_PAGE_SIZE} events.")
    query = _filtered(wanted)
    total = session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    offset = min((page - 1) * page_size, 2**62)
    rows = session.scalars(query.order_by(AuditRow.id.desc()).limit(page_size).offset(offset))
    return AuditList([event_of(row) for row in rows], total, page, page_size)


def details_after(session: Session, wanted: AuditFilter, last: int, most: int = 1000) -> list[AuditDetails]:
    """The next ones after the event `last`, oldest first."""
    query = _filtered(wanted).where(AuditRow.id > last).order_by(AuditRow.id).limit(most)
    return [details_of(row) for row in session.scalars(query)]


def check_filter(wanted: AuditFilter) -> None:
    """Raises InvalidError."""
    _filtered(wanted)


def get_details(session: Session, event_id: int) -> AuditDetails:
    """Raises NotFoundError."""
    return details_of(_row(session, event_id))


def get_change(session: Session, event_id: int) -> AuditChange:
    """An event with what changed, field by field. Raises NotFoundError."""
    row = _row(session, event_id)
    before, after = row.before or {}, row.after or {}
    names = sorted(before.keys() | after.keys())
    changes = [FieldChange(name, before.get(name), after.get(name)) for name in names]
    return AuditChange(details_of(row), changes)


def event_of(row: AuditRow) -> AuditEvent:
    return AuditEvent(**_shared(row))


def details_of(row: AuditRow) -> AuditDetails:
    return AuditDetails(
        **_shared(row),
        actor_user_id=row.actor_id,
        ip_address=row.address,
        user_agent=row.user_agent,
        before_data=_json(row.before),
        after_data=_json(row.after),
        metadata=_json(row.details or None),
        hash=row.hash,
    )


def _shared(row: AuditRow) -> dict[str, Any]:
    display = row.entity_type.replace("_", " ").capitalize()
    return {
        "id": row.id,
        "timestamp": format_time(row.at),
        "actor_username": row.actor,
        "action": row.action,
        "action_type": ActionType(row.action_type),
        "entity_type": row.entity_type,
        "entity_display": f"{display} {row.entity_name}".strip() if row.entity_name else display,
        "entity_id": row.entity_id,
        "entity_name": row.entity_name,
        "message": row.summary,
        "summary": row.summary,
    }


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _row(session: Session, event_id: int) -> AuditRow:
    row = stored(session, AuditRow, event_id)
    if row is None:
        raise NotFoundError("Audit event not found")
    return row


def _filtered(wanted: AuditFilter) -> Select[AuditRow]:
    query: Select[AuditRow] = select(AuditRow)
    if wanted.since:
        query = query.where(AuditRow.at >= _ms(wanted.since))
    if wanted.until:
        query = query.where(AuditRow.at < _ms(wanted.until))
    for name in ("actor", "action", "action_type", "entity_type", "entity_id"):
        if value := getattr(wanted, name):
            query = query.where(getattr(AuditRow, name) == value)
    for word in wanted.q.split():
        texts = (AuditRow.summary, AuditRow.actor, AuditRow.entity_name, AuditRow.action)
        query = query.where(or_(*(text.icontains(word, autoescape=True) for text in texts)))
    return query


def _ms(text: str) -> int:
    try:
        return round(parse_time(text).astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise InvalidError(f'"{text[:60]}" is no time: write it as 2026-01-31T09:05:00Z.') from None
