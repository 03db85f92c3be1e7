"""A script as it is in the editor."""

from __future__ import annotations

import msgspec

from backend_lite.contract.library import Language, Script, ScriptCreate, ScriptRevision, ScriptUpdate
from backend_lite.contract.parameters import ScriptParameter
from backend_lite.contract.runs import DEFAULT_TIMEOUT_S


class Edited(msgspec.Struct, frozen=True):
    """`target_os_type` is empty for any system, `detect` and `undo` where there are none."""

    name: str = ""
    language: str = Language.POWERSHELL
    target_os_type: str = ""
    timeout_s: int = DEFAULT_TIMEOUT_S
    description: str = ""
    content: str = ""
    parameters: tuple[ScriptParameter, ...] = ()
    idempotent: bool = False
    folder: str = ""
    tags: tuple[str, ...] = ()
    detect: str = ""
    undo: str = ""

    @staticmethod
    def of(script: Script) -> Edited:
        return Edited(
            name=script.name,
            language=script.language,
            target_os_type=script.target_os_type or "",
            timeout_s=script.timeout_s,
            description=script.description or "",
            content=script.content,
            parameters=tuple(script.parameters),
            idempotent=script.idempotent,
            folder=script.folder,
            tags=tuple(script.tags),
            detect=script.detect or "",
            undo=script.undo or "",
        )

    @staticmethod
    def of_revision(revision: ScriptRevision) -> Edited:
        """What a revision holds; the rest is empty."""
        return Edited(
            language=revision.language,
            content=revision.content,
            parameters=tuple(revision.parameters),
            detect=revision.detect or "",
            undo=revision.undo or "",
        )

    def as_new(self, message: str) -> ScriptCreate:
        return ScriptCreate(
            name=self.name,
            content=self.content,
            language=self.language,
            description=self.description or None,
            target_os_type=self.target_os_type or None,
            timeout_s=self.timeout_s,
            message=message,
            parameters=list(self.parameters),
            idempotent=self.idempotent,
            folder=self.folder,
            tags=list(self.tags),
            detect=self.detect or None,
            undo=self.undo or None,
        )

    def as_change(self, message: str) -> ScriptUpdate:
        return ScriptUpdate(**msgspec.structs.asdict(self.as_new(message)))
