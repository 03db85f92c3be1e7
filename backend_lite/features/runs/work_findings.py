"""What a person should have seen in the scripts of works, wherever these come from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy.orm import Session

from agent.wire.software import SoftwareJob
from backend_lite.contract.library import Language
from backend_lite.contract.runs import Finding, TaskAction
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.runs.works import SOFTWARE_TYPES, Work, detect_text, script_text

_PARTS = {TaskAction.UNDO: "undo", TaskAction.DETECT: "detect"}
"""The part of its script that a task runs, as findings call it."""


class WorkFindings:
    def __init__(self, library: LibraryApi) -> None:
        self._library = library

    def of(self, session: Session, works: Sequence[Work]) -> list[list[Finding]]:
        """For each work in its place; they tell the work's number, from 1."""
        return [self._of(session, work, n) for n, work in enumerate(works, 1)]

    def _of(self, session: Session, work: Work, n: int) -> list[Finding]:
        language, text, detect = self._texts(session, work)
        if language not in set(Language) or not text:
            return []
        found = self._library.findings(Language(language), text, detect)
        part = _PARTS.get(work.action, "")
        return [msgspec.structs.replace(one, task=n, part=one.part or part) for one in found]

    def _texts(self, session: Session, work: Work) -> tuple[str, str, str]:
        """Language, text, and what is run before it."""
        if work.type in SOFTWARE_TYPES.values():
            if work.payload is None:
                return "", "", ""
            job = msgspec.json.decode(work.payload, type=SoftwareJob)
            return job.language, job.command, ""
        content, detect = work.content or work.payload, work.detect
        if content is None and work.revision_id is not None:
            script = self._library.script_for_run(session, revision_id=work.revision_id)
            content, detect = script_text(script, work.action) or "", detect_text(script, work.action)
        return work.language or work.type, content or "", detect
