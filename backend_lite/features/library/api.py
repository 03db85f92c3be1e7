"""What other areas may ask of the library."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend_lite.contract.library import Language
from backend_lite.core.db.base import storable
from backend_lite.errors import NotFoundError
from backend_lite.features.library.reading import current_revision, live_script
from backend_lite.features.library.tables import ScriptRevisionRow, ScriptRow


@dataclass(frozen=True, slots=True)
class ScriptForRun:
    """A revision as something to run; `revision` is its number in its script."""

    script_id: int
    revision_id: int
    revision: int
    name: str
    language: Language
    target_os_type: str | None
    content: str
    timeout_s: int


class LibraryApi:
    """Works inside the caller's session."""

    def script_for_run(
        self, session: Session, *, script_id: int | None = None, revision_id: int | None = None
    ) -> ScriptForRun:
        """The current revision of a script, or a given revision, which outlives its script's deletion.

        Raises NotFoundError.
        """
        if revision_id is not None:
            revision = session.get(ScriptRevisionRow, revision_id) if storable(revision_id) else None
            if revision is None or script_id not in (None, revision.script_id):
                raise NotFoundError("Script revision not found")
            return _for_run(session.get_one(ScriptRow, revision.script_id), revision)
        if script_id is None:
            raise ValueError("a script or a revision is needed")
        script = live_script(session, script_id)
        return _for_run(script, current_revision(session, script))


def _for_run(script: ScriptRow, revision: ScriptRevisionRow) -> ScriptForRun:
    return ScriptForRun(
        script_id=script.id,
        revision_id=revision.id,
        revision=revision.number,
        name=script.name,
        language=Language(revision.language),
        target_os_type=script.target_os_type,
        content=revision.content,
        timeout_s=script.timeout_s,
    )
