"""Software items: kept under unique names, deleted only while nobody uses them."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.live import SOFTWARE
from backend_lite.contract.software import SoftwareCreate, SoftwareItem, SoftwareUpdate, SourceType
from backend_lite.contract.software_query import software_labels
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.blobs import BlobStore
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.references import References
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import checked_name, free_name, name_key
from backend_lite.core.versions import mark_edited, refuse_stale
from backend_lite.errors import InvalidError
from backend_lite.features.library.drafts import changed_draft, differing, draft_of
from backend_lite.features.library.software_reading import live_software, software_of
from backend_lite.features.library.software_rules import checked_software, slug_of
from backend_lite.features.library.tables import SoftwareRow


class Software:
    """Writes items; `software_reading` reads them. Every change is one transaction and one live event."""

    def __init__(self, database: Database, clock: Clock, blobs: BlobStore, references: References) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._references = references
        self._audit = Audit(clock)

    async def create(self, wanted: SoftwareCreate) -> SoftwareItem:
        """Raises InvalidError with what is wrong, also for a name that is taken."""
        columns = checked_software(wanted)
        return await self._database.write(lambda unit: self._add(unit, "software.create", columns))

    async def duplicate(self, software_id: int, name: str | None) -> SoftwareItem:
        """An item like this one, under `name` or one that is free. Raises NotFoundError, InvalidError."""
        wanted = None if name is None else checked_name(name, what="A software item")

        def work(unit: Unit) -> SoftwareItem:
            row = live_software(unit.session, software_id)
            copy = wanted or free_name(row.name, _taken(unit.session, SoftwareRow.name_key))
            changed = msgspec.structs.replace(draft_of(row, SoftwareCreate), name=copy, slug="")
            return self._add(unit, "software.duplicate", checked_software(changed))

        return await self._database.write(work)

    async def update(self, software_id: int, wanted: SoftwareUpdate, version: int | None) -> SoftwareItem:
        """Change what `wanted` names; `version` is the one that the change builds on, if the client says.

        Raises NotFoundError, InvalidError, and ConflictError when the item was changed meanwhile.
        """

        def work(unit: Unit) -> SoftwareItem:
            row = live_software(unit.session, software_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            columns = checked_software(changed_draft(row, SoftwareCreate, wanted))
            changed = differing(columns, row)
            if not changed:
                return software_of(row)
            before = software_of(row)
            self._set(unit, row, _settled(unit.session, columns, software_id))
            mark_edited(row, changed, self._clock.now_ms())
            item = _published(unit, row)
            self._note(unit, "software.update", row, before=before, after=item)
            return item

        return await self._database.write(work)

    async def delete(self, software_id: int, version: int | None) -> None:
        """Take the item out of the library; runs that had it keep it.

        Raises NotFoundError, and ConflictError while something uses it (`in_use`) or when it was changed.
        """

        def work(unit: Unit) -> None:
            row = live_software(unit.session, software_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            self._references.refuse_used(unit.session, SOFTWARE, software_id, row.name)
            row.deleted_at = self._clock.now_ms()
            row.version += 1
            unit.publish(Changed(SOFTWARE, software_id, None))
            self._note(unit, "software.delete", row, before=software_of(row))

        await self._database.write(work)

    def _add(self, unit: Unit, action: str, columns: dict[str, Any]) -> SoftwareItem:
        now = self._clock.now_ms()
        row = SoftwareRow(version=1, edited_at_version={}, created_at=now, updated_at=now)
        self._set(unit, row, _settled(unit.session, columns, None))
        unit.session.add(row)
        item = _published(unit, row)
        self._note(unit, action, row, after=item)
        return item

    def _note(self, unit: Unit, action: str, row: SoftwareRow, **told: Any) -> None:
        self._audit.tell(unit, action, Entity(SOFTWARE, row.id, row.name), **told)

    def _set(self, unit: Unit, row: SoftwareRow, columns: dict[str, Any]) -> None:
        uploaded = columns["source_type"] == SourceType.UPLOAD
        row.file_size = self._blobs.claimed(unit, columns["sha256"]) if uploaded else None
        for name, value in columns.items():
            setattr(row, name, value)
        row.name_key = name_key(row.name)
        row.search = software_labels(columns).casefold()


def _settled(session: Session, columns: dict[str, Any], own_id: int | None) -> dict[str, Any]:
    """The columns, with a slug that is free where it only follows from the name. Raises InvalidError."""
    live = select(SoftwareRow.id).where(SoftwareRow.deleted_at.is_(None))
    if session.scalar(live.where(SoftwareRow.name_key == name_key(columns["name"]))) not in (None, own_id):
        raise InvalidError("Software with this name already exists", code="name_taken")
    slug = columns["slug"]
    if session.scalar(live.where(SoftwareRow.slug == slug)) in (None, own_id):
        return columns
    if slug != slug_of(columns["name"]):
        raise InvalidError(f'The slug "{slug}" is taken by another item.', code="slug_taken")
    taken = _taken(session, SoftwareRow.slug)
    return columns | {"slug": next(free for n in count(2) if (free := f"{slug}-{n}") not in taken)}


def _taken(session: Session, column: Any) -> set[str]:
    return set(session.scalars(select(column).where(SoftwareRow.deleted_at.is_(None))))


def _published(unit: Unit, row: SoftwareRow) -> SoftwareItem:
    unit.session.flush()
    item = software_of(row)
    unit.publish(Changed(SOFTWARE, row.id, msgspec.to_builtins(item)))
    return item
