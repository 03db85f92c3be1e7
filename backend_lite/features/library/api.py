"""What other areas may ask of the library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Executable, bindparam, select
from sqlalchemy.orm import Session

from agent.wire.messages import Download
from backend_lite.contract.library import Language
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.runs import Finding
from backend_lite.core.db.base import storable
from backend_lite.core.db.blob_rows import Needed
from backend_lite.errors import NotFoundError
from backend_lite.features.library.downloads import Downloads
from backend_lite.features.library.findings import all_findings
from backend_lite.features.library.image_reading import find_image
from backend_lite.features.library.reading import parameters_of
from backend_lite.features.library.software_for_run import FileForRun, SoftwareForRun, software_for_run
from backend_lite.features.library.tables import ScriptRevisionRow, ScriptRow

__all__ = ["FileForRun", "LibraryApi", "ScriptForRun", "SoftwareForRun"]


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
    parameters: tuple[ScriptParameter, ...] = ()
    idempotent: bool = False
    detect: str | None = None
    undo: str | None = None


class LibraryApi:
    """Works inside the caller's session. Without `downloads` there are no files to hand out."""

    def __init__(self, downloads: Downloads | None = None) -> None:
        self._downloads = downloads

    def findings(self, language: Language, content: str, detect: str = "") -> list[Finding]:
        """What a person should have seen in a script, and in what is run before it, by line."""
        return all_findings(language, content, detect)

    def script_for_run(
        self, session: Session, *, script_id: int | None = None, revision_id: int | None = None
    ) -> ScriptForRun:
        """The current revision of a script, or a given revision, which outlives its script's deletion.

        Raises NotFoundError.
        """
        if revision_id is not None:
            found = _find(session, _REVISION, revision_id)
            if found is None or script_id not in (None, found.script_id):
                raise NotFoundError("Script revision not found")
            return found
        if script_id is None:
            raise ValueError("a script or a revision is needed")
        found = _find(session, _CURRENT, script_id)
        if found is None:
            raise NotFoundError("Script not found")
        return found

    def software_for_run(self, session: Session, software_id: int) -> SoftwareForRun:
        """The item as it is now. Raises NotFoundError."""
        return software_for_run(session, software_id)

    def os_image_name(self, session: Session, image_id: int) -> str:
        """Raises NotFoundError."""
        return find_image(session, image_id).name

    def download(self, device_id: int, file: FileForRun) -> Download:
        """Where the device gets a file from, for a day from now on."""
        return self._files().offer(device_id, file)

    def on_file_needed(self, needed: Needed) -> None:
        """`needed(session, sha256)` says whether something of a higher area, such as an open step, refers to
        a file: then it is kept, and devices may have it."""
        if self._downloads is not None:
            self._downloads.blobs.users.add(needed)

    def on_download(self, allowed: Callable[[Session, int], bool]) -> None:
        """`allowed(session, device_id)` says whether a device may still have what it was offered."""
        if self._downloads is not None:
            self._downloads.allowed = allowed

    def _files(self) -> Downloads:
        if self._downloads is None:
            raise RuntimeError("this library keeps no files")
        return self._downloads


def _find(session: Session, query: Executable, wanted: int) -> ScriptForRun | None:
    row = session.connection().execute(query, {"wanted": wanted}).first() if storable(wanted) else None
    if row is None:
        return None
    typed = {"language": Language(row.language), "parameters": tuple(parameters_of(row.parameters))}
    return ScriptForRun(**row._asdict() | typed)


# Columns, not objects, and built once: every offer to an agent asks for them.
_COLUMNS = select(
    ScriptRow.id.label("script_id"),
    ScriptRevisionRow.id.label("revision_id"),
    ScriptRevisionRow.number.label("revision"),
    ScriptRow.name,
    ScriptRevisionRow.language,
    ScriptRow.target_os_type,
    ScriptRevisionRow.content,
    ScriptRow.timeout_s,
    ScriptRevisionRow.parameters,
    ScriptRow.idempotent,
    ScriptRevisionRow.detect,
    ScriptRevisionRow.undo,
).join(ScriptRevisionRow, ScriptRevisionRow.script_id == ScriptRow.id)
_REVISION = _COLUMNS.where(ScriptRevisionRow.id == bindparam("wanted"))
_CURRENT = _COLUMNS.where(
    ScriptRow.id == bindparam("wanted"),
    ScriptRevisionRow.number == ScriptRow.revision,
    ScriptRow.deleted_at.is_(None),
)
