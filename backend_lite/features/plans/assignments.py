"""Which profile a device has: a person says so at the device."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend_lite.contract.library import os_matches
from backend_lite.contract.live import DEVICE, PROFILE
from backend_lite.core.db.references import Reference, References
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.plans.reading import profile_row


def register_assignments(references: References, fleet: FleetApi) -> None:
    """Devices take profiles that there are, and keep theirs from being deleted."""

    def users(session: Session, profile_id: int) -> list[Reference]:
        having = fleet.devices_with_profile(session, profile_id)
        return [Reference(DEVICE, device_id, hostname) for device_id, hostname in having]

    references.register(PROFILE, users)
    fleet.check_profiles(check_profile)


def check_profile(session: Session, profile_id: int, target: RunTarget) -> None:
    """Raises InvalidError where the device cannot have the profile."""
    try:
        row = profile_row(session, profile_id)
    except NotFoundError:
        raise InvalidError(f"There is no profile {profile_id}.") from None
    if row.is_template:
        raise InvalidError(f'"{row.name}" is a template: make a profile of it first.', code="is_template")
    if not os_matches(row.target_os_type, target.os_type):
        raise InvalidError(
            f'The profile "{row.name}" is for {row.target_os_type}; {target.hostname} is {target.os_type}.',
            code="os_mismatch",
        )
