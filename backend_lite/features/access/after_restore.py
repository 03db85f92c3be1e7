"""What a restore asks of access: what let somebody in then does not any more."""

from __future__ import annotations

from sqlalchemy import update

from backend_lite.core.db.restored import Restored
from backend_lite.core.db.unit import Unit
from backend_lite.features.access.tables import TokenRow
from backend_lite.features.access.tokens import TokenKind

_ENDED = (TokenKind.SESSION, TokenKind.ENROLLMENT)
"""A leaked token that was revoked after the backup was made must not let devices in again."""


def end_entries(unit: Unit, restored: Restored) -> None:
    """Sessions and enrollment tokens; those of programs and devices stay, so that these go on."""
    unit.session.execute(
        update(TokenRow)
        .where(TokenRow.kind.in_(_ENDED), TokenRow.revoked_at.is_(None))
        .values(revoked_at=restored.restored_at)
        .execution_options(synchronize_session=False)
    )
