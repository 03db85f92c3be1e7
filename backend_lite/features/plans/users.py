"""Which profiles and templates use something of the library."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend_lite.contract.live import OS_IMAGE, PROFILE, SCRIPT, SOFTWARE, TEMPLATE
from backend_lite.core.db.references import Reference, References
from backend_lite.features.plans.tables import ProfileRow, ProfileTaskRow


def register_users(references: References) -> None:
    references.register(
        SCRIPT, lambda session, script_id: _with_task(session, ProfileTaskRow.script_id == script_id)
    )
    references.register(
        SOFTWARE, lambda session, software_id: _with_task(session, ProfileTaskRow.software_id == software_id)
    )
    references.register(
        OS_IMAGE, lambda session, image_id: _found(session, ProfileRow.os_image_id == image_id)
    )


def _with_task(session: Session, condition: ColumnElement[bool]) -> list[Reference]:
    return _found(session, ProfileRow.id.in_(select(ProfileTaskRow.profile_id).where(condition)))


def _found(session: Session, condition: ColumnElement[bool]) -> list[Reference]:
    query = select(ProfileRow.id, ProfileRow.name, ProfileRow.is_template).where(condition)
    return [
        Reference(TEMPLATE if is_template else PROFILE, profile_id, name)
        for profile_id, name, is_template in session.execute(query.order_by(ProfileRow.name_key))
    ]
