"""Images of operating systems: a catalogue, with the files that the service keeps of them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.image_query import image_labels
from backend_lite.contract.images import OSImage, OSImageCreate, OSImageUpdate
from backend_lite.contract.live import OS_IMAGE
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.blobs import BlobStore
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.references import References
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.http.ranges import KeptFile
from backend_lite.core.names import name_key
from backend_lite.core.versions import mark_edited, refuse_stale
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.library.drafts import changed_draft, differing
from backend_lite.features.library.image_reading import find_image, image_of
from backend_lite.features.library.image_rules import checked_image
from backend_lite.features.library.tables import OSImageRow


class Images:
    """Writes images; `image_reading` reads them. Every change is one transaction and one live event."""

    def __init__(self, database: Database, clock: Clock, blobs: BlobStore, references: References) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._references = references
        self._audit = Audit(clock)

    async def create(self, wanted: OSImageCreate) -> OSImage:
        """Raises InvalidError with what is wrong, also for a name that is taken."""
        columns = checked_image(wanted)

        def work(unit: Unit) -> OSImage:
            _refuse_taken(unit.session, columns["name"], None)
            now = self._clock.now_ms()
            row = OSImageRow(version=1, edited_at_version={}, created_at=now, updated_at=now)
            self._set(unit, row, columns)
            unit.session.add(row)
            image = _published(unit, row)
            self._note(unit, "os_images.create", row, after=image)
            return image

        return await self._database.write(work)

    async def update(self, image_id: int, wanted: OSImageUpdate, version: int | None) -> OSImage:
        """Change what `wanted` names; `version` is the one that the change builds on, if the client says.

        Raises NotFoundError, InvalidError, and ConflictError when the image was changed meanwhile.
        """

        def work(unit: Unit) -> OSImage:
            row = find_image(unit.session, image_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            columns = checked_image(changed_draft(row, OSImageCreate, wanted))
            changed = differing(columns, row)
            if not changed:
                return image_of(row)
            _refuse_taken(unit.session, columns["name"], image_id)
            before = image_of(row)
            self._set(unit, row, columns)
            mark_edited(row, changed, self._clock.now_ms())
            image = _published(unit, row)
            self._note(unit, "os_images.update", row, before=before, after=image)
            return image

        return await self._database.write(work)

    async def delete(self, image_id: int, version: int | None) -> None:
        """Its file goes a day later, when nothing else needs it.

        Raises NotFoundError, and ConflictError while something uses it (`in_use`) or when it was changed.
        """

        def work(unit: Unit) -> None:
            row = find_image(unit.session, image_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            self._references.refuse_used(unit.session, OS_IMAGE, image_id, row.name)
            self._note(unit, "os_images.delete", row, before=image_of(row))
            unit.session.delete(row)
            unit.publish(Changed(OS_IMAGE, image_id, None))

        await self._database.write(work)

    def file(self, session: Session, image_id: int) -> KeptFile:
        """The image's file. Raises NotFoundError, also where the service keeps none."""
        row = find_image(session, image_id)
        if row.file_sha256 is None or row.file_size is None:
            raise NotFoundError(f'The service keeps no file of "{row.name}". Upload it first.')
        path = self._blobs.path(row.file_sha256)
        return KeptFile(path, row.file_size, row.file_sha256, row.file_name)

    def _note(self, unit: Unit, action: str, row: OSImageRow, **told: Any) -> None:
        self._audit.tell(unit, action, Entity(OS_IMAGE, row.id, row.name), **told)

    def _set(self, unit: Unit, row: OSImageRow, columns: dict[str, Any]) -> None:
        sha256 = columns["file_sha256"]
        if sha256 is None:
            row.file_size = row.verified_at = None
        elif sha256 != row.file_sha256:
            # It is kept under the hash of the bytes that came, so to compare the two is to verify it.
            row.file_size, row.verified_at = self._blobs.claimed(unit, sha256), self._clock.now_ms()
        for name, value in columns.items():
            setattr(row, name, value)
        row.name_key = name_key(row.name)
        row.search = image_labels(columns).casefold()


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = select(OSImageRow.id).where(OSImageRow.name_key == name_key(name))
    if session.scalar(taken) not in (None, own_id):
        raise InvalidError("OS image with this name already exists", code="name_taken")


def _published(unit: Unit, row: OSImageRow) -> OSImage:
    unit.session.flush()
    image = image_of(row)
    unit.publish(Changed(OS_IMAGE, row.id, msgspec.to_builtins(image)))
    return image
