"""Reading software items."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from backend_lite.contract.common import format_time
from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query import Match
from backend_lite.contract.query_match import value_test
from backend_lite.contract.software import Detection, DetectionType, InstallerType, SoftwareItem, SourceType
from backend_lite.contract.software_query import SOFTWARE_FIELDS
from backend_lite.core.db.base import stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.core.db.query_sql import (
    Clause,
    Column,
    Condition,
    ages,
    json_elements,
    numbers,
    parsed,
    texts,
    where,
    whether,
)
from backend_lite.errors import NotFoundError
from backend_lite.features.library.tables import SoftwareRow

_SORTABLE = {
    "name": SoftwareRow.name_key,
    "version": SoftwareRow.version_text,
    "publisher": SoftwareRow.publisher,
    "type": SoftwareRow.installer_type,
    "os": SoftwareRow.target_os_type,
    "size": SoftwareRow.file_size,
    "created_at": SoftwareRow.created_at,
    "updated_at": SoftwareRow.updated_at,
    "id": SoftwareRow.id,
}


def list_software(session: Session, request: ListRequest, now_ms: int) -> tuple[list[SoftwareItem], int]:
    """The items asked for, and how many there are without the cut; `q` is a query of SOFTWARE_FIELDS."""
    query = select_list(
        select(SoftwareRow).where(
            SoftwareRow.deleted_at.is_(None),
            where(parsed(request.q or "", SOFTWARE_FIELDS), SoftwareRow.search, _clauses(now_ms)),
        ),
        replace(request, q=None),
        sortable=_SORTABLE,
        default_sort="name",
        tie=SoftwareRow.id,
        search=SoftwareRow.search,
    )
    return [software_of(row) for row in session.scalars(cut(query, request))], total(session, query)


def live_software(session: Session, software_id: int) -> SoftwareRow:
    """The item, unless it is deleted. Raises NotFoundError."""
    row = stored(session, SoftwareRow, software_id)
    if row is None or row.deleted_at is not None:
        raise NotFoundError("Software not found")
    return row


def software_needs(session: Session, sha256: str) -> bool:
    """Whether an item refers to the kept file."""
    uses = select(SoftwareRow.id).where(
        SoftwareRow.sha256 == sha256,
        SoftwareRow.source_type == SourceType.UPLOAD,
        SoftwareRow.deleted_at.is_(None),
    )
    return session.scalar(uses.limit(1)) is not None


def software_of(row: SoftwareRow) -> SoftwareItem:
    return SoftwareItem(
        id=row.id,
        name=row.name,
        slug=row.slug,
        version_text=row.version_text,
        description=row.description,
        tags=row.tags,
        publisher=row.publisher,
        installer_type=InstallerType(row.installer_type),
        source_type=SourceType(row.source_type),
        source=row.source,
        file_name=row.file_name,
        file_size=row.file_size,
        sha256=row.sha256,
        language=row.language,
        install_command=row.install_command,
        install_args=row.install_args,
        uninstall_command=row.uninstall_command,
        uninstall_args=row.uninstall_args,
        detection=msgspec.convert(row.detection, Detection),
        exit_codes=row.exit_codes,
        timeout_s=row.timeout_s,
        target_os_type=row.target_os_type,
        created_at=format_time(row.created_at),
        updated_at=format_time(row.updated_at),
        version=row.version,
    )


def _clauses(now_ms: int) -> dict[str, Clause]:
    return {
        "name": texts(SoftwareRow.name),
        "version": texts(func.nullif(SoftwareRow.version_text, "")),
        "publisher": texts(func.nullif(SoftwareRow.publisher, "")),
        "type": texts(SoftwareRow.installer_type),
        "source": texts(SoftwareRow.source_type),
        "os": systems(SoftwareRow.target_os_type),
        "tag": _tags,
        "detects": whether(SoftwareRow.detection["type"].as_string() != DetectionType.NONE),
        "size": numbers(SoftwareRow.file_size),
        "file": texts(func.nullif(SoftwareRow.file_name, "")),
        "changed": ages(SoftwareRow.updated_at, now_ms),
        "created": ages(SoftwareRow.created_at, now_ms),
        "id": numbers(SoftwareRow.id),
    }


def systems(column: Column) -> Clause:
    """For a field whose value is a system, which general names cover."""

    def clause(match: Match) -> Condition:
        fits = value_test(match)
        return column.in_([name for name in TARGET_OS_TYPES if fits(os_names(name))])

    return clause


def _tags(match: Match) -> Condition:
    # The rules keep quotes and backslashes out of tags.
    as_json = '["' + func.replace(SoftwareRow.tags, ",", '","') + '"]'
    table = json_elements(as_json).table_valued("value")
    tag = func.nullif(func.trim(table.c.value), "")
    return exists(select(1).select_from(table).where(texts(tag)(match)))
