"""Reading profiles, templates, their tasks and revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.common import Page, format_time
from backend_lite.contract.plans import Profile, ProfileRevision, ProfileTask, ProfileWithTasks
from backend_lite.core.clock import Clock
from backend_lite.core.db.base import storable, stored
from backend_lite.core.db.lists import ListRequest, cut, select_list, total
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.catalogue import Catalogue
from backend_lite.features.plans.querying import profile_condition
from backend_lite.features.plans.tables import ProfileRevisionRow, ProfileRow, ProfileTaskRow
from backend_lite.features.plans.views import profile_of, task_of, with_tasks

REVISION_PAGE = 50

_SORTABLE = {
    "name": ProfileRow.name_key,
    "created_at": ProfileRow.created_at,
    "updated_at": ProfileRow.updated_at,
    "target_os_type": ProfileRow.target_os_type,
    "revision": ProfileRow.revision,
    "task_count": ProfileRow.task_count,
    "id": ProfileRow.id,
}


class Reading:
    """Works inside the caller's session. `templates` False: whoever asks may not see them."""

    def __init__(self, clock: Clock, library: LibraryApi, access: AccessApi) -> None:
        self._clock = clock
        self._library = library
        self._access = access

    def page(
        self, session: Session, request: ListRequest, *, profiles: bool = True, templates: bool = True
    ) -> tuple[list[Profile], int]:
        """The profiles asked for, by name, and how many there are without the cut. Raises InvalidError."""
        kinds = [kind for kind, wanted in ((False, profiles), (True, templates)) if wanted]
        query = select_list(
            select(ProfileRow).where(
                ProfileRow.is_template.in_(kinds),
                profile_condition(request.q or "", self._clock.now_ms()),
            ),
            replace(request, q=None),
            sortable=_SORTABLE,
            default_sort="name",
            tie=ProfileRow.id,
            search=ProfileRow.search,
        )
        rows = session.scalars(cut(query, request))
        return [profile_of(row) for row in rows], total(session, query)

    def profile(self, session: Session, profile_id: int, *, templates: bool = True) -> ProfileWithTasks:
        """Raises NotFoundError."""
        return self.view(session, profile_row(session, profile_id, templates=templates))

    def template(self, session: Session, template_id: int) -> ProfileWithTasks:
        """Raises NotFoundError, also for a profile that is no template."""
        return self.view(session, template_row(session, template_id))

    def view(self, session: Session, row: ProfileRow) -> ProfileWithTasks:
        return with_tasks(row, self.tasks(session, row))

    def tasks(self, session: Session, row: ProfileRow) -> list[ProfileTask]:
        catalogue = Catalogue(session, self._library)
        return [task_of(task, row, catalogue) for task in task_rows(session, row.id)]

    def revisions(
        self, session: Session, profile_id: int, limit: int, cursor: str | None, *, templates: bool
    ) -> Page[ProfileRevision]:
        """Newest first; `cursor` is the number below which the page begins."""
        profile_row(session, profile_id, templates=templates)
        query = select(ProfileRevisionRow).where(ProfileRevisionRow.profile_id == profile_id)
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
                raise InvalidError("The cursor must be the `next` of the page before.")
            query = query.where(ProfileRevisionRow.number < int(cursor))
        rows = session.scalars(query.order_by(ProfileRevisionRow.number.desc()).limit(limit + 1)).all()
        names = self._access.user_names(session, (row.author_id for row in rows))
        more = str(rows[limit - 1].number) if len(rows) > limit else None
        return Page([_revision_of(row, names) for row in rows[:limit]], more)

    def revision(self, session: Session, profile_id: int, number: int, *, templates: bool) -> ProfileRevision:
        """Raises NotFoundError."""
        profile_row(session, profile_id, templates=templates)
        query = select(ProfileRevisionRow).where(
            ProfileRevisionRow.profile_id == profile_id, ProfileRevisionRow.number == number
        )
        row = session.scalar(query) if storable(number) else None
        if row is None:
            raise NotFoundError(f"The profile has no revision {number}.")
        return _revision_of(row, self._access.user_names(session, [row.author_id]))


def profile_row(session: Session, profile_id: int, *, templates: bool = True) -> ProfileRow:
    """A profile, or a template too. Raises NotFoundError."""
    row = stored(session, ProfileRow, profile_id)
    if row is None or (row.is_template and not templates):
        raise NotFoundError("Profile not found")
    return row


def template_row(session: Session, template_id: int) -> ProfileRow:
    """Raises NotFoundError."""
    row = stored(session, ProfileRow, template_id)
    if row is None or not row.is_template:
        raise NotFoundError("Template not found")
    return row


def task_rows(session: Session, profile_id: int) -> Sequence[ProfileTaskRow]:
    """In their order."""
    query = select(ProfileTaskRow).where(ProfileTaskRow.profile_id == profile_id)
    return session.scalars(query.order_by(ProfileTaskRow.order_index, ProfileTaskRow.id)).all()


def _revision_of(row: ProfileRevisionRow, names: dict[int, str]) -> ProfileRevision:
    return ProfileRevision(
        id=row.id,
        profile_id=row.profile_id,
        number=row.number,
        tasks=msgspec.convert(row.tasks, list[ProfileTask]),
        author=names.get(row.author_id or 0, ""),
        message=row.message,
        created_at=format_time(row.created_at),
    )
