"""Profiles made from others: a duplicate, a template, and what a template is for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.plans import MAX_DESCRIPTION, ProfileCopy, ProfileWithTasks
from backend_lite.core.db.unit import Unit
from backend_lite.core.names import checked_name, free_name
from backend_lite.core.security.principal import Principal
from backend_lite.features.plans.profiles import Profiles
from backend_lite.features.plans.reading import profile_row, template_row
from backend_lite.features.plans.tables import ProfileRow
from backend_lite.features.plans.task_rules import checked_text


class Copies:
    """Its methods run inside units of work, and raise NotFoundError, InvalidError and ForbiddenError."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def instantiate(
        self, unit: Unit, template_id: int, wanted: ProfileCopy, principal: Principal
    ) -> ProfileWithTasks:
        """A profile of a template. Raises NotFoundError, also for a profile that is no template."""
        origin = template_row(unit.session, template_id)
        return self._copy(unit, origin, wanted, False, principal)

    def save_as_template(
        self, unit: Unit, profile_id: int, wanted: ProfileCopy, principal: Principal
    ) -> ProfileWithTasks:
        origin = _visible(unit.session, profile_id, principal)
        return self._copy(unit, origin, wanted, True, principal)

    def duplicate(
        self, unit: Unit, profile_id: int, wanted: ProfileCopy, principal: Principal
    ) -> ProfileWithTasks:
        """Of a profile a profile, of a template a template."""
        origin = _visible(unit.session, profile_id, principal)
        return self._copy(unit, origin, wanted, origin.is_template, principal)

    def _copy(
        self, unit: Unit, origin: ProfileRow, wanted: ProfileCopy, is_template: bool, principal: Principal
    ) -> ProfileWithTasks:
        session = unit.session
        copy = self._profiles.insert(session, _labels(session, origin, wanted), is_template, principal)
        self._profiles.copy_tasks(session, origin, copy, dict(wanted.parameters))
        return self._profiles.first_revision(unit, copy, principal, f'Made from "{origin.name}"')


def _visible(session: Session, profile_id: int, principal: Principal) -> ProfileRow:
    return profile_row(session, profile_id, templates=principal.may("templates:view"))


def _labels(session: Session, origin: ProfileRow, wanted: ProfileCopy) -> dict[str, Any]:
    if wanted.name is None:
        name = free_name(origin.name, set(session.scalars(select(ProfileRow.name_key))))
    else:
        name = checked_name(wanted.name, what="A profile")
    description = checked_text(wanted.description, MAX_DESCRIPTION, "description")
    return {
        "name": name,
        "description": origin.description if wanted.description is None else description,
        "target_os_type": origin.target_os_type,
        "os_image_id": origin.os_image_id,
    }
