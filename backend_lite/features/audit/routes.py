"""The audit at its documented address, and at our own with what changed, the check and the export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from backend_lite.contract.audit import (
    AUDIT,
    AUDIT_EVENTS,
    AUDIT_EXPORT,
    ActionType,
    AuditChange,
    AuditDetails,
    AuditList,
    AuditVerdict,
)
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.audit.export import TYPES, checked_format, pieces
from backend_lite.features.audit.reading import (
    PAGE_SIZE,
    AuditFilter,
    check_filter,
    get_change,
    get_details,
    page_of,
)
from backend_lite.features.audit.sealing import Sealing

VIEW = "audit:view"
AnyRequest = Request[Any, Any, Any]
Text = FromQuery[str]


def audit_routes(database: Database, audit: Audit, sealing: Sealing) -> Sequence[Route]:
    return [*_reading(database), *_checking(database, audit, sealing), *_exporting(database, audit)]


def _reading(database: Database) -> Sequence[Route]:
    async def found(wanted: AuditFilter, page: int, page_size: int) -> AuditList:
        return await database.read(lambda session: page_of(session, wanted, page, page_size))

    @get([AUDIT, AUDIT_EVENTS], permission=VIEW, audience=USER)
    async def audit_list(
        page: FromQuery[int] = 1,
        page_size: FromQuery[int] = PAGE_SIZE,
        since: Annotated[str, QueryParameter(name="from")] = "",
        until: Annotated[str, QueryParameter(name="to")] = "",
        actor: Text = "",
        action: Text = "",
        action_type: Text = "",
        entity_type: Text = "",
        entity_id: Text = "",
        q: Text = "",
    ) -> AuditList:
        """Newest first. `from` and `to` are times; `to` is not included."""
        wanted = AuditFilter(since, until, actor, action, action_type, entity_type, entity_id, q)
        return await found(wanted, page, page_size)

    @get(f"{AUDIT}/{{event_id:int}}", permission=VIEW, audience=USER)
    async def audit_get(event_id: FromPath[int]) -> AuditDetails:
        return await database.read(lambda session: get_details(session, event_id))

    @get(f"{AUDIT_EVENTS}/{{event_id:int}}", permission=VIEW, audience=USER)
    async def audit_change(event_id: FromPath[int]) -> AuditChange:
        """An event with what changed, field by field."""
        return await database.read(lambda session: get_change(session, event_id))

    return [audit_list, audit_get, audit_change]


def _checking(database: Database, audit: Audit, sealing: Sealing) -> Sequence[Route]:
    @post(f"{AUDIT_EVENTS}/verify", status_code=200, permission=VIEW, audience=USER)
    async def audit_verify(request: AnyRequest) -> AuditVerdict:
        """Whether it is as it was written; that it was asked stands in it afterwards."""
        verdict = await sealing.verify()
        said = "is whole" if verdict.broken_at is None else f"is broken at event {verdict.broken_at}"
        summary = f"{request.user.name} checked the audit: it {said}."

        await database.write(
            lambda unit: audit.record(unit, "audit.verify", ActionType.SYSTEM, Entity("audit", ""), summary)
        )
        return verdict

    return [audit_verify]


def _exporting(database: Database, audit: Audit) -> Sequence[Route]:
    @get(AUDIT_EXPORT, permission=VIEW, audience=USER, answers=[*TYPES.values()])
    async def audit_export(
        request: AnyRequest,
        form: Annotated[str, QueryParameter(name="format")] = "jsonl",
        since: Annotated[str, QueryParameter(name="from")] = "",
        until: Annotated[str, QueryParameter(name="to")] = "",
        actor: Text = "",
        action: Text = "",
        action_type: Text = "",
        entity_type: Text = "",
        entity_id: Text = "",
        q: Text = "",
    ) -> Stream:
        """What the same filters find, oldest first, as `jsonl` or `csv`; that it was asked stands in it."""
        wanted = AuditFilter(since, until, actor, action, action_type, entity_type, entity_id, q)
        checked_format(form)
        summary = f"{request.user.name} exported the audit."
        details = {"format": form} | {name: value for name, value in asdict(wanted).items() if value}

        def note(unit: Unit) -> None:
            check_filter(wanted)
            audit.record(
                unit, "audit.export", ActionType.EXPORT, Entity("audit", ""), summary, details=details
            )

        await database.write(note)
        name = {"Content-Disposition": f'attachment; filename="audit.{form}"'}
        return Stream(pieces(database, wanted, form), media_type=TYPES[form], headers=name)

    return [audit_export]
