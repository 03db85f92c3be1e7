"""Scripts: kept under unique names, changed by new revisions, never lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.library import Script, ScriptCreate, ScriptUpdate
from backend_lite.contract.live import SCRIPT
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.references import References
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import checked_name, free_name, name_key
from backend_lite.core.versions import mark_edited, refuse_stale
from backend_lite.errors import InvalidError
from backend_lite.features.access.api import AccessApi
from backend_lite.features.library import rules
from backend_lite.features.library.drafts import differing
from backend_lite.features.library.favorites import forget_favorites
from backend_lite.features.library.reading import current_revision, live_script, script_view
from backend_lite.features.library.tables import ScriptRevisionRow, ScriptRow
from backend_lite.features.library.wanted import BODY, body_of, check_whole, labels_of

_LABELS = ("name", "description", "target_os_type", "timeout_s", "idempotent", "folder", "tags")


class Scripts:
    """Writes scripts; `reading` reads them. Every change is one transaction and one live event."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        access: AccessApi,
        references: References,
        timeout_s: Callable[[], int],
    ) -> None:
        """`timeout_s` is the time limit of a script that is made without one."""
        self._database = database
        self._clock = clock
        self._access = access
        self._references = references
        self._timeout_s = timeout_s
        self._audit = Audit(clock)

    async def create(self, wanted: ScriptCreate, author_id: int) -> Script:
        """Raises InvalidError with what is wrong, also for a name that is taken."""
        labels, body = {"timeout_s": self._timeout_s()} | labels_of(wanted), body_of(wanted)
        check_whole(body)
        message = rules.checked_text(wanted.message, rules.MAX_MESSAGE, "message")
        return await self._database.write(
            lambda unit: self._add(unit, "scripts.create", labels, body, author_id, message)
        )

    async def duplicate(self, script_id: int, name: str | None, author_id: int) -> Script:
        """A script like this one, under `name` or one that is free. Raises NotFoundError, InvalidError."""
        wanted = None if name is None else checked_name(name, what="A script")

        def work(unit: Unit) -> Script:
            row = live_script(unit.session, script_id)
            revision = current_revision(unit.session, row)
            labels = {field: getattr(row, field) for field in _LABELS}
            labels["name"] = wanted or free_name(row.name, _taken_keys(unit.session))
            body = {part: getattr(revision, part) for part in BODY}
            message = f'Copied from "{row.name}", revision {row.revision}'
            return self._add(unit, "scripts.duplicate", labels, body, author_id, message)

        return await self._database.write(work)

    async def update(
        self, script_id: int, wanted: ScriptUpdate, author_id: int, version: int | None
    ) -> Script:
        """Change what `wanted` names; `version` is the one that the change builds on, if the client says.

        Raises NotFoundError, InvalidError, and ConflictError when the script was changed meanwhile.
        """
        labels, body = labels_of(wanted), body_of(wanted)
        message = rules.checked_text(wanted.message, rules.MAX_MESSAGE, "message")

        def work(unit: Unit) -> Script:
            row = live_script(unit.session, script_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            if "name" in labels:
                _refuse_taken(unit.session, labels["name"], script_id)
            before = current_revision(unit.session, row)
            new_labels, new_body = differing(labels, row), differing(body, before)
            if not new_labels and not new_body:
                return self._view(unit.session, row)
            told = _told(row, before)
            whole = {part: getattr(before, part) for part in BODY} | new_body
            if new_body:
                check_whole(whole)
            _apply(row, new_labels)
            mark_edited(row, new_labels | new_body, self._clock.now_ms())
            if new_body:
                self._revise(unit.session, row, whole, author_id, message)
            script = self._published(unit, row)
            self._note(unit, "scripts.update", row, before=told, after=_now(unit.session, row))
            return script

        return await self._database.write(work)

    async def delete(self, script_id: int, version: int | None) -> None:
        """Take the script out of the library. Its revisions stay, for the runs that had them.

        Raises NotFoundError, and ConflictError while something uses it (`in_use`) or when it was changed.
        """

        def work(unit: Unit) -> None:
            row = live_script(unit.session, script_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            self._references.refuse_used(unit.session, SCRIPT, script_id, row.name)
            forget_favorites(unit.session, script_id)
            row.deleted_at = self._clock.now_ms()
            row.version += 1
            unit.publish(Changed(SCRIPT, script_id, None))
            self._note(unit, "scripts.delete", row, before=_now(unit.session, row))

        await self._database.write(work)

    def _add(
        self,
        unit: Unit,
        action: str,
        labels: dict[str, Any],
        body: dict[str, Any],
        author_id: int,
        message: str,
    ) -> Script:
        _refuse_taken(unit.session, labels["name"], None)
        now = self._clock.now_ms()
        row = ScriptRow(revision=0, version=1, edited_at_version={}, created_at=now, updated_at=now)
        _apply(row, labels)
        unit.session.add(row)
        unit.session.flush()
        self._revise(unit.session, row, body, author_id, message)
        script = self._published(unit, row)
        self._note(unit, action, row, after=_now(unit.session, row))
        return script

    def _revise(
        self, session: Session, row: ScriptRow, body: dict[str, Any], author_id: int, message: str
    ) -> None:
        row.revision += 1
        session.add(
            ScriptRevisionRow(
                **body,
                script_id=row.id,
                number=row.revision,
                content_hash=_hash(body["content"]),
                author_id=author_id,
                message=message,
                created_at=self._clock.now_ms(),
            )
        )

    def _published(self, unit: Unit, row: ScriptRow) -> Script:
        unit.session.flush()
        script = self._view(unit.session, row)
        unit.publish(Changed(SCRIPT, row.id, msgspec.to_builtins(script)))
        return script

    def _note(self, unit: Unit, action: str, row: ScriptRow, **told: Any) -> None:
        self._audit.tell(unit, action, Entity(SCRIPT, row.id, row.name), **told)

    def _view(self, session: Session, row: ScriptRow) -> Script:
        return script_view(session, self._access, row)


def _now(session: Session, row: ScriptRow) -> dict[str, Any]:
    return _told(row, current_revision(session, row))


def _told(row: ScriptRow, revision: ScriptRevisionRow) -> dict[str, Any]:
    """As the audit has it: texts of scripts by their hash, parameters by their names."""
    return {name: getattr(row, name) for name in _LABELS} | {
        "revision": revision.number,
        "language": revision.language,
        "content_hash": revision.content_hash,
        "parameters": [one["name"] for one in revision.parameters],
        "detect": _hash(revision.detect),
        "undo": _hash(revision.undo),
    }


def _hash(text: str | None) -> str | None:
    return None if not text else "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _apply(row: ScriptRow, labels: dict[str, Any]) -> None:
    for name, value in labels.items():
        setattr(row, name, value)
    row.name_key = name_key(row.name)
    row.search = "\n".join([row.name, row.description or "", row.folder, *row.tags]).casefold()


def _taken_keys(session: Session) -> set[str]:
    return set(session.scalars(select(ScriptRow.name_key).where(ScriptRow.deleted_at.is_(None))))


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = select(ScriptRow.id).where(ScriptRow.name_key == name_key(name), ScriptRow.deleted_at.is_(None))
    if session.scalar(taken) not in (None, own_id):
        raise InvalidError("Script with this name already exists", code="name_taken")
