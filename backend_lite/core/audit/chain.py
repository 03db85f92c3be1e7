"""The hash chain: an event's hash is over all that it says and over the hash of the event before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

BEGINNING = "0" * 64
"""What the first event is chained to."""
HASHED = (
    "id",
    "at",
    "actor",
    "actor_id",
    "address",
    "user_agent",
    "action",
    "action_type",
    "entity_type",
    "entity_id",
    "entity_name",
    "summary",
    "before",
    "after",
    "details",
)
"""The fields of an event, in the order in which they are hashed."""


def event_hash(previous: str, event: Mapping[str, Any]) -> str:
    """SHA-256, as 64 hex digits, over the previous hash and the event as canonical JSON."""
    told = json.dumps(
        [event[name] for name in HASHED], ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    return hashlib.sha256(f"{previous}\n{told}".encode("utf-8", "surrogatepass")).hexdigest()


def first_broken(previous: str, events: Iterable[Mapping[str, Any]]) -> tuple[int | None, str]:
    """The id of the first event that does not fit, or None; and the hash after the last one that does.

    `previous` is the hash before the first of `events`, which come in the order of their ids.
    """
    for event in events:
        if event["previous"] != previous or event["hash"] != event_hash(previous, event):
            return event["id"], previous
        previous = event["hash"]
    return None, previous
