"""The second factors as what is sealed under the master key."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend_lite.core.db.sealed_holders import Reseal, SealedHolder
from backend_lite.core.db.unit import Unit
from backend_lite.features.access.second_factor import purpose_of
from backend_lite.features.access.tables import UserRow

_IS_SEALED = UserRow.otp_sealed.is_not(None)


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(UserRow).where(_IS_SEALED)) or 0


def _reseal(unit: Unit, anew: Reseal) -> None:
    for user in unit.session.scalars(select(UserRow).where(_IS_SEALED)):
        user.otp_sealed = anew(purpose_of(user.id), user.otp_sealed or "")


SECOND_FACTORS = SealedHolder(_count, _reseal)
