"""The scripts that a user keeps at hand."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend_lite.contract.live import FAVORITES
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.features.library.reading import live_script
from backend_lite.features.library.tables import FavoriteScriptRow, ScriptRow


def favorite_ids(session: Session, user_id: int) -> list[int]:
    """Of those that are still in the library, by name."""
    query = (
        select(FavoriteScriptRow.script_id)
        .join(ScriptRow, ScriptRow.id == FavoriteScriptRow.script_id)
        .where(FavoriteScriptRow.user_id == user_id, ScriptRow.deleted_at.is_(None))
    )
    return list(session.scalars(query.order_by(ScriptRow.name_key)))


async def set_favorite(database: Database, user_id: int, script_id: int, wanted: bool) -> None:
    """Doing it twice changes nothing. Raises NotFoundError."""

    def work(unit: Unit) -> None:
        live_script(unit.session, script_id)
        known = unit.session.get(FavoriteScriptRow, (user_id, script_id))
        if wanted and known is None:
            unit.session.add(FavoriteScriptRow(user_id=user_id, script_id=script_id))
        elif not wanted and known is not None:
            unit.session.delete(known)
        if wanted is (known is None):
            # Everybody at a window hears that there is news, and that person's windows ask for it.
            unit.publish(Changed(FAVORITES, user_id, {}))

    await database.write(work)


def forget_favorites(session: Session, script_id: int) -> None:
    """The script leaves the library."""
    session.execute(delete(FavoriteScriptRow).where(FavoriteScriptRow.script_id == script_id))
