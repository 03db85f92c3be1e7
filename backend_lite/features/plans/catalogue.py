"""What the library has of a profile's tasks, each thing looked up once."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.library.api import LibraryApi, ScriptForRun, SoftwareForRun


class Catalogue:
    """For one reading of the library; it lives as long as the session."""

    def __init__(self, session: Session, library: LibraryApi) -> None:
        self._session = session
        self._library = library
        self._scripts: dict[tuple[int | None, int | None], ScriptForRun] = {}
        self._software: dict[int, SoftwareForRun] = {}

    def script(self, script_id: int | None, revision_id: int | None) -> ScriptForRun:
        """The pinned revision, or the current one. Raises NotFoundError, InvalidError."""
        key = (script_id, revision_id)
        if key not in self._scripts:
            self._scripts[key] = self._find(script_id, revision_id)
        return self._scripts[key]

    def software(self, software_id: int) -> SoftwareForRun:
        """Raises NotFoundError."""
        if software_id not in self._software:
            self._software[software_id] = self._library.software_for_run(self._session, software_id)
        return self._software[software_id]

    def _find(self, script_id: int | None, revision_id: int | None) -> ScriptForRun:
        """A deleted script is not found, though its revisions are kept for their runs."""
        if revision_id is None:
            return self._library.script_for_run(self._session, script_id=script_id)
        if script_id is None:
            script_id = self._library.script_for_run(self._session, revision_id=revision_id).script_id
        name = self.script(script_id, None).name
        try:
            return self._library.script_for_run(self._session, script_id=script_id, revision_id=revision_id)
        except NotFoundError:
            raise InvalidError(
                f'script_revision_id {revision_id} is no revision of the script "{name}".'
            ) from None
