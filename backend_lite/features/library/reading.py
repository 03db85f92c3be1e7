"""Reading scripts and revisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from backend_lite.contract.common import Page, format_time
from backend_lite.contract.library import Language, Script, ScriptRevision
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.core.db.base import storable, stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library.querying import script_condition
from backend_lite.features.library.tables import ScriptRevisionRow, ScriptRow

REVISION_PAGE = 50

_SORTABLE = {
    "name": ScriptRow.name_key,
    "folder": ScriptRow.folder,
    "language": ScriptRevisionRow.language,
    "os": ScriptRow.target_os_type,
    "revision": ScriptRow.revision,
    "created_at": ScriptRow.created_at,
    "updated_at": ScriptRow.updated_at,
    "id": ScriptRow.id,
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and when: favorites and ages depend on it."""

    user_id: int
    now_ms: int


def list_scripts(
    session: Session, access: AccessApi, request: ListRequest, asker: Asker | None = None
) -> tuple[list[Script], int]:
    """The scripts asked for, and how many there are without the cut; `q` is a query of SCRIPT_FIELDS, for
    which an asker is needed."""
    author = access.user_name_of(ScriptRevisionRow.author_id)
    query = select_list(
        _live(author),
        replace(request, q=None),
        sortable=_SORTABLE,
        default_sort="name",
        tie=ScriptRow.id,
        search=ScriptRow.search,
    )
    if request.q and asker is not None:
        query = query.where(script_condition(request.q, asker.user_id, author, asker.now_ms))
    rows = session.execute(cut(query, request)).all()
    return [_script_of(*row) for row in rows], total(session, query)


def get_script(session: Session, access: AccessApi, script_id: int) -> Script:
    """Raises NotFoundError."""
    return script_view(session, access, live_script(session, script_id))


def script_view(session: Session, access: AccessApi, row: ScriptRow) -> Script:
    revision = current_revision(session, row)
    names = access.user_names(session, [revision.author_id])
    return _script_of(row, revision, names.get(revision.author_id or 0))


def list_revisions(
    session: Session, access: AccessApi, script_id: int, limit: int, cursor: str | None
) -> Page[ScriptRevision]:
    """Newest first; `cursor` is the number below which the page begins."""
    live_script(session, script_id)
    query = select(ScriptRevisionRow).where(ScriptRevisionRow.script_id == script_id)
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
            raise InvalidError("The cursor must be the `next` of the page before.")
        query = query.where(ScriptRevisionRow.number < int(cursor))
    rows = session.scalars(query.order_by(ScriptRevisionRow.number.desc()).limit(limit + 1)).all()
    names = access.user_names(session, (row.author_id for row in rows))
    more = str(rows[limit - 1].number) if len(rows) > limit else None
    return Page([_revision_of(row, names) for row in rows[:limit]], more)


def get_revision(session: Session, access: AccessApi, script_id: int, number: int) -> ScriptRevision:
    """Raises NotFoundError."""
    row = _revision(session, live_script(session, script_id), number) if storable(number) else None
    if row is None:
        raise NotFoundError(f"The script has no revision {number}.")
    return _revision_of(row, access.user_names(session, [row.author_id]))


def live_script(session: Session, script_id: int) -> ScriptRow:
    """The script, unless it is deleted. Raises NotFoundError."""
    row = stored(session, ScriptRow, script_id)
    if row is None or row.deleted_at is not None:
        raise NotFoundError("Script not found")
    return row


def current_revision(session: Session, script: ScriptRow) -> ScriptRevisionRow:
    revision = _revision(session, script, script.revision)
    assert revision is not None
    return revision


def _script_of(row: ScriptRow, revision: ScriptRevisionRow, author: str | None) -> Script:
    return Script(
        id=row.id,
        name=row.name,
        description=row.description,
        language=Language(revision.language),
        target_os_type=row.target_os_type,
        content=revision.content,
        created_at=format_time(row.created_at),
        updated_at=format_time(row.updated_at),
        revision=row.revision,
        revision_id=revision.id,
        timeout_s=row.timeout_s,
        version=row.version,
        parameters=parameters_of(revision.parameters),
        idempotent=row.idempotent,
        folder=row.folder,
        tags=row.tags,
        detect=revision.detect,
        undo=revision.undo,
        author=author or "",
    )


def parameters_of(stored: list[dict[str, Any]]) -> list[ScriptParameter]:
    return msgspec.convert(stored, list[ScriptParameter])


def _live(author: ColumnElement[str]) -> Select[ScriptRow, ScriptRevisionRow, str]:
    current = (ScriptRevisionRow.script_id == ScriptRow.id) & (ScriptRevisionRow.number == ScriptRow.revision)
    return (
        select(ScriptRow, ScriptRevisionRow, author)
        .join(ScriptRevisionRow, current)
        .where(ScriptRow.deleted_at.is_(None))
    )


def _revision(session: Session, script: ScriptRow, number: int) -> ScriptRevisionRow | None:
    return session.scalar(
        select(ScriptRevisionRow).where(
            ScriptRevisionRow.script_id == script.id, ScriptRevisionRow.number == number
        )
    )


def _revision_of(row: ScriptRevisionRow, names: dict[int, str]) -> ScriptRevision:
    return ScriptRevision(
        id=row.id,
        script_id=row.script_id,
        number=row.number,
        language=Language(row.language),
        content=row.content,
        content_hash=row.content_hash,
        author=names.get(row.author_id or 0, ""),
        message=row.message,
        created_at=format_time(row.created_at),
        parameters=parameters_of(row.parameters),
        detect=row.detect,
        undo=row.undo,
    )
