"""Adding an event, inside the unit of work whose change it tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.chain import BEGINNING, event_hash
from backend_lite.core.audit.words import VERBS, sentence
from backend_lite.core.caller import Caller
from backend_lite.core.clock import Clock
from backend_lite.core.db.audit_rows import append_event, newest_event
from backend_lite.core.db.unit import Unit
from backend_lite.core.names import one_line

MASK = "***"
MAX_ACTOR, MAX_NAME = 200, 300
MAX_TEXT = 2_000
"""Longer texts are cut in the audit: scripts are told by the hash of their revision."""
_SECRET = re.compile(
    r"(?i)password|secret|passphrase|token(?!_id|s?_count)|otp|recovery_codes|private_key|credential"
)


@dataclass(frozen=True, slots=True)
class Entity:
    """What an event is about; `type` is a kind of the live stream or another noun of the contract."""

    type: str
    id: int | str
    name: str = ""


class Audit:
    """`record` is called in the write that makes the change, so that there is never one without the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def tell(
        self,
        unit: Unit,
        action: str,
        entity: Entity,
        *,
        before: object = None,
        after: object = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """`record` with the type and sentence that follow from the last part of the action (see `VERBS`)."""
        kind, verb = VERBS[action.rpartition(".")[2]]
        said = sentence(unit.caller.name, verb, entity.type, entity.name)
        self.record(unit, action, kind, entity, said, before=before, after=after, details=details)

    def record(
        self,
        unit: Unit,
        action: str,
        kind: ActionType,
        entity: Entity,
        summary: str,
        *,
        before: object = None,
        after: object = None,
        details: Mapping[str, Any] | None = None,
        by: Caller | None = None,
    ) -> None:
        """Add an event by the unit's caller, or `by` another. `before`, `after` are contract structs or plain
        objects: secrets in them are masked, and what both have alike is left out."""
        told_before, told_after = _differing(_plain(before), _plain(after))
        last_id, previous = newest_event(unit.connection) or (0, BEGINNING)
        caller = by or unit.caller
        event = {
            "id": last_id + 1,
            "at": self._clock.now_ms(),
            # Names may be what devices say of themselves.
            "actor": one_line(caller.name, MAX_ACTOR),
            "actor_id": caller.user_id,
            "address": caller.address,
            "user_agent": caller.user_agent,
            "action": action,
            "action_type": kind.value,
            "entity_type": entity.type,
            "entity_id": str(entity.id),
            "entity_name": one_line(entity.name, MAX_NAME),
            "summary": one_line(summary, MAX_TEXT),
            "before": told_before,
            "after": told_after,
            "details": _masked(dict(details or {})),
        }
        chained = event | {"previous": previous, "hash": event_hash(previous, event)}
        append_event(unit.connection, chained)


def _plain(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    plain = _masked(msgspec.to_builtins(value))
    return plain if isinstance(plain, dict) else {"value": plain}


def _masked(value: Any) -> Any:
    """A copy without secrets, and with long texts cut."""
    if isinstance(value, dict):
        return {
            str(name): MASK if _SECRET.search(str(name)) and inner else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value)} characters)"
    return value


def _differing(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if before is None or after is None:
        return before, after
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    return tuple({k: v for k, v in told.items() if k not in same} for told in (before, after))  # type: ignore[return-value]
