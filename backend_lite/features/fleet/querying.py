"""Queries of devices: what is stored by SQL, what only presence knows from there, in one condition."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sqlalchemy import and_, false, func, or_, true

from backend_lite.contract.fleet import DEVICE_FIELDS, Contact
from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.query import Match, Pattern, Value
from backend_lite.contract.query_match import value_test
from backend_lite.contract.query_values import metric_value, status_words
from backend_lite.core.clock import Clock
from backend_lite.core.db.query_sql import (
    Clause,
    Column,
    Condition,
    ages,
    among,
    elements,
    folded,
    like,
    numbers,
    parsed,
    texts,
    where,
)
from backend_lite.features.fleet.installed_reading import software_clause, software_like
from backend_lite.features.fleet.presence import Presence, Sighting
from backend_lite.features.fleet.tables import DeviceRow


class DeviceQueries:
    """May be asked from any thread. A condition holds for the moment at which it was made."""

    def __init__(self, presence: Presence, clock: Clock) -> None:
        self._presence = presence
        self._clock = clock

    def condition(self, text: str, only: int | None = None) -> Condition:
        """True for the rows of devices that the query finds; `only`: the one that will be asked about.

        Raises InvalidError (`bad_query`).
        """
        node = parsed(text, DEVICE_FIELDS)
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        return where(node, _search, _clauses(self._sightings(only), now_ms, now))

    def _sightings(self, only: int | None) -> dict[int, Sighting]:
        if only is None:
            return self._presence.snapshot()
        sighting = self._presence.view(only)
        return {} if sighting is None else {only: sighting}


def _clauses(sightings: dict[int, Sighting], now_ms: int, now: float) -> dict[str, Clause]:
    def live(of: Callable[[Sighting], Value], stored: Clause) -> Clause:
        return _live(sightings, of, stored)

    def measured(field: str, stored: Column) -> Clause:
        def of(seen: Sighting) -> Value:
            return None if seen.metrics is None else metric_value(field, msgspec.to_builtins(seen.metrics))

        return live(of, numbers(stored))

    return {
        "name": texts(DeviceRow.hostname),
        "os": _os,
        "system": texts(DeviceRow.os_description),
        "status": live(lambda seen: status_words(seen.contact), _stored_status),
        "seen": live(
            lambda seen: max(0.0, round(now - seen.heard_at, 3)), ages(DeviceRow.last_contact_at, now_ms)
        ),
        "tag": elements(DeviceRow.tags),
        "cpu": measured("cpu", _metric("cpu_percent")),
        "mem": measured("mem", _share("memory")),
        "disk": measured("disk", _share("disk")),
        "free": measured("free", _metric("disk_total") - _metric("disk_used")),
        "ram": numbers(DeviceRow.facts["memory_total"].as_float()),
        "uptime": measured("uptime", _metric("uptime_s")),
        "address": texts(DeviceRow.address),
        "hardware": texts(DeviceRow.hardware_summary),
        "agent": texts(DeviceRow.agent_version),
        "admission": texts(DeviceRow.admission),
        "added": ages(DeviceRow.created_at, now_ms),
        "software": software_clause,
        "id": numbers(DeviceRow.id),
    }


def _search(pattern: Pattern) -> Condition:
    labels = like(DeviceRow.search, pattern)
    return or_(labels, software_like(pattern)) if pattern.exact else labels


def _live(sightings: dict[int, Sighting], of: Callable[[Sighting], Value], stored: Clause) -> Clause:
    """What presence knows decides; of the others, what is stored."""

    def clause(match: Match) -> Condition:
        fits = value_test(match)
        hits: list[int] = []
        misses: list[int] = []
        for device_id, sighting in sightings.items():
            if (value := of(sighting)) is not None:
                (hits if fits(value) else misses).append(device_id)
        others = and_(~among(DeviceRow.id, misses), func.coalesce(stored(match), false()))
        return or_(among(DeviceRow.id, hits), others)

    return clause


def _stored_status(match: Match) -> Condition:
    """Who has no sighting is offline, and who never had one is not known at all."""
    fits = value_test(match)
    gone = fits(status_words(Contact.OFFLINE))
    never = fits(status_words(Contact.OFFLINE, seen=False))
    seen = DeviceRow.last_contact_at.is_not(None)
    return or_(and_(seen, true() if gone else false()), and_(~seen, true() if never else false()))


def _os(match: Match) -> Condition:
    fits = value_test(match)
    covered = [name for name in TARGET_OS_TYPES if fits(os_names(name))]
    return or_(texts(DeviceRow.os_type)(match), folded(DeviceRow.os_type).in_(covered))


def _metric(name: str) -> Column:
    column: Column = DeviceRow.metrics[name].as_float()
    return column


def _share(name: str) -> Column:
    return _metric(f"{name}_used") * 100.0 / func.nullif(_metric(f"{name}_total"), 0)
