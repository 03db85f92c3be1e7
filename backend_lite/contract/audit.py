"""The audit: who changed what, each event chained to the one before by its hash."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from backend_lite.contract.common import Time

AUDIT = "/api/audit"
AUDIT_EVENTS = "/api/v1/audit"
AUDIT_EXPORT = "/api/v1/audit/export"
"""GET ?format=jsonl|csv and the filters of AUDIT: a file, a line for each event, the oldest first."""


class ActionType(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RUN = "run"
    APPROVE = "approve"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    DENIED = "denied"
    EXPORT = "export"
    SYSTEM = "system"


class AuditEvent(Struct):
    """A line of GET AUDIT and of GET AUDIT_EVENTS. `action` is such as `scripts.update`; `summary` is a
    sentence."""

    id: int
    timestamp: Time
    actor_username: str
    action: str
    action_type: ActionType
    entity_type: str
    entity_display: str
    entity_id: str
    entity_name: str
    message: str
    summary: str


class AuditDetails(AuditEvent):
    """GET AUDIT/{id}. The documented form has the data as JSON texts. Secrets are `***` in both."""

    actor_user_id: int | None = None
    ip_address: str = ""
    user_agent: str = ""
    before_data: str | None = None
    after_data: str | None = None
    metadata: str | None = None
    hash: str = ""


class AuditList(Struct):
    """GET AUDIT?page=&page_size=&from=&to=&actor=&action=&action_type=&entity_type=&entity_id=&q=."""

    items: list[AuditEvent]
    total: int
    page: int
    page_size: int


class FieldChange(Struct):
    """`before`, `after` are JSON values; null where the field was not there."""

    name: str
    before: Any
    after: Any


class AuditChange(Struct):
    """GET AUDIT_EVENTS/{id}: an event for people, with what changed field by field."""

    event: AuditDetails
    changes: list[FieldChange] = field(default_factory=list)


class AuditVerdict(Struct):
    """POST AUDIT_EVENTS/verify: `broken_at` is the first event whose hash does not fit; null where all do."""

    events: int
    segments: int
    broken_at: int | None
    problem: str
