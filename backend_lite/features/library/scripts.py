"""Scripts: kept under unique names, changed by new revisions, never lost."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend_lite.contract.library import Script, ScriptCreate, ScriptUpdate
from backend_lite.contract.live import SCRIPT
from backend_lite.contract.runs import DEFAULT_TIMEOUT_S
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Changed
from backend_lite.core.names import checked_name, name_key
from backend_lite.core.versions import refuse_stale
from backend_lite.errors import InvalidError
from backend_lite.features.library import rules
from backend_lite.features.library.reading import current_revision, live_script, parameters_of, script_of
from backend_lite.features.library.tables import ScriptRevisionRow, ScriptRow

_BODY = ("language", "content", "parameters")
"""What a revision holds: it follows from `ScriptUpdate` and never changes afterwards."""


class Scripts:
    """Writes scripts; `reading` reads them. Every change is one transaction and one live event."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, wanted: ScriptCreate, author_id: int) -> Script:
        """Raises InvalidError with what is wrong, also for a name that is taken."""
        labels, body = {"timeout_s": DEFAULT_TIMEOUT_S} | _labels(wanted), _body(wanted)
        rules.checked_parameters(wanted.parameters, body["language"])
        message = rules.checked_text(wanted.message, rules.MAX_MESSAGE, "message")

        def work(unit: Unit) -> Script:
            _refuse_taken(unit.session, labels["name"], None)
            now = self._clock.now_ms()
            row = ScriptRow(revision=0, version=1, edited_at_version={}, created_at=now, updated_at=now)
            _apply(row, labels)
            unit.session.add(row)
            unit.session.flush()
            self._revise(unit.session, row, body, author_id, message)
            return _published(unit, row)

        return await self._database.write(work)

    async def update(
        self, script_id: int, wanted: ScriptUpdate, author_id: int, version: int | None
    ) -> Script:
        """Change what `wanted` names; `version` is the one that the change builds on, if the client says.

        Raises NotFoundError, InvalidError, and ConflictError when the script was changed meanwhile.
        """
        labels, body = _labels(wanted), _body(wanted)
        message = rules.checked_text(wanted.message, rules.MAX_MESSAGE, "message")

        def work(unit: Unit) -> Script:
            row = live_script(unit.session, script_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            if "name" in labels:
                _refuse_taken(unit.session, labels["name"], script_id)
            before = current_revision(unit.session, row)
            new_labels, new_body = _differing(labels, row), _differing(body, before)
            whole = {name: getattr(before, name) for name in _BODY} | new_body
            if new_body:
                rules.checked_parameters(parameters_of(whole["parameters"]), whole["language"])
            if not new_labels and not new_body:
                return script_of(row, before)
            _apply(row, new_labels)
            row.version += 1
            row.updated_at = self._clock.now_ms()
            row.edited_at_version = row.edited_at_version | dict.fromkeys(new_labels | new_body, row.version)
            if new_body:
                self._revise(unit.session, row, whole, author_id, message)
            return _published(unit, row)

        return await self._database.write(work)

    async def delete(self, script_id: int, version: int | None) -> None:
        """Take the script out of the library. Its revisions stay, for the runs that had them."""

        def work(unit: Unit) -> None:
            row = live_script(unit.session, script_id)
            refuse_stale(version, row.version, row.edited_at_version, f'"{row.name}"')
            row.deleted_at = self._clock.now_ms()
            row.version += 1
            unit.publish(Changed(SCRIPT, script_id, None))

        await self._database.write(work)

    def _revise(
        self, session: Session, row: ScriptRow, body: dict[str, Any], author_id: int, message: str
    ) -> None:
        row.revision += 1
        session.add(
            ScriptRevisionRow(
                **body,
                script_id=row.id,
                number=row.revision,
                content_hash="sha256:" + hashlib.sha256(body["content"].encode()).hexdigest(),
                author_id=author_id,
                message=message,
                created_at=self._clock.now_ms(),
            )
        )


def _labels(wanted: ScriptCreate | ScriptUpdate) -> dict[str, Any]:
    """The checked labels that `wanted` names: what is no part of a revision."""
    labels: dict[str, Any] = {}
    if wanted.name is not UNSET:
        labels["name"] = checked_name(wanted.name, what="A script")
    if wanted.description is not UNSET:
        text = rules.checked_text(wanted.description or "", rules.MAX_DESCRIPTION, "description")
        labels["description"] = text or None
    if wanted.target_os_type is not UNSET:
        labels["target_os_type"] = rules.checked_target(wanted.target_os_type)
    if wanted.timeout_s is not UNSET and wanted.timeout_s is not None:
        labels["timeout_s"] = rules.checked_timeout(wanted.timeout_s)
    if wanted.idempotent is not UNSET:
        labels["idempotent"] = wanted.idempotent
    return labels


def _body(wanted: ScriptCreate | ScriptUpdate) -> dict[str, Any]:
    """The parts of a revision that `wanted` names, checked each by itself."""
    body: dict[str, Any] = {}
    if wanted.language is not UNSET:
        body["language"] = rules.checked_language(wanted.language)
    if wanted.content is not UNSET:
        body["content"] = rules.checked_content(wanted.content)
    if wanted.parameters is not UNSET:
        body["parameters"] = msgspec.to_builtins(wanted.parameters)
    return body


def _differing(values: dict[str, Any], row: ScriptRow | ScriptRevisionRow) -> dict[str, Any]:
    return {name: value for name, value in values.items() if getattr(row, name) != value}


def _apply(row: ScriptRow, labels: dict[str, Any]) -> None:
    for name, value in labels.items():
        setattr(row, name, value)
    row.name_key = name_key(row.name)
    row.search = f"{row.name}\n{row.description or ''}".casefold()


def _refuse_taken(session: Session, name: str, own_id: int | None) -> None:
    taken = select(ScriptRow.id).where(ScriptRow.name_key == name_key(name), ScriptRow.deleted_at.is_(None))
    if session.scalar(taken) not in (None, own_id):
        raise InvalidError("Script with this name already exists", code="name_taken")


def _published(unit: Unit, row: ScriptRow) -> Script:
    unit.session.flush()
    script = script_of(row, current_revision(unit.session, row))
    unit.publish(Changed(SCRIPT, row.id, msgspec.to_builtins(script)))
    return script
