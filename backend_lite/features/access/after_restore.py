"""What a restore asks of access: whoever was signed in then signs in again."""

from __future__ import annotations

from sqlalchemy import update

from backend_lite.core.db.restored import Restored
from backend_lite.core.db.unit import Unit
from backend_lite.features.access.tables import TokenRow
from backend_lite.features.access.tokens import TokenKind


def end_sessions(unit: Unit, restored: Restored) -> None:
    """Also those that had ended after the backup was made."""
    unit.session.execute(
        update(TokenRow)
        .where(TokenRow.kind == TokenKind.SESSION, TokenRow.revoked_at.is_(None))
        .values(revoked_at=restored.restored_at)
        .execution_options(synchronize_session=False)
    )
