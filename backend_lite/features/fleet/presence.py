"""Who is in contact: kept in memory, told to consoles at once or bundled, flushed to the database in bundles.

A heartbeat costs a few assignments here and no write. Ages are measured by the monotonic clock; wall times
are only shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import structlog

from agent.wire.messages import Metrics
from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import ONLINE_FOR_S, WARNING_FOR_S, Contact
from backend_lite.contract.live import DEVICE
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.events.bus import Changed, EventBus
from backend_lite.features.fleet.events import DeviceLost
from backend_lite.features.fleet.labels import bounded, within_bounds
from backend_lite.features.fleet.presence_store import SavedSighting, expected_back, save

log = structlog.get_logger(__name__)

PRESENCE = "presence"
"""The part of a device that a sighting is."""
SWEEP_S = 0.5
FLUSH_S = 10.0
SLEPT_S = 10.0
"""A sweep this late means that the service, not the fleet, was away."""
_FLUSH_ROWS = 500


@dataclass(slots=True)
class Sighting:
    """`heard_at` is monotonic. `metrics` None: none since the service started."""

    heard_at: float
    connected: bool
    contact: Contact
    metrics: Metrics | None = None


class Presence:
    """Every device that is in contact or was a short while ago. Only the loop changes it; any thread may
    `view`. A device without a sighting is offline, and its row says since when."""

    def __init__(self, database: Database, bus: EventBus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._sightings: dict[int, Sighting] = {}
        self._fading: set[int] = set()
        self._changed: set[int] = set()
        self._unsaved: set[int] = set()
        self._swept_at = clock.monotonic()
        self._patient_until = self._swept_at + WARNING_FOR_S
        self._tasks: list[asyncio.Task[None]] = []

    def heard(self, device_id: int, now: float) -> None:
        """A frame of a connected device came at `now` (monotonic)."""
        sighting = self._sightings.get(device_id)
        if sighting is not None:
            sighting.heard_at = now

    def measured(self, device_id: int, metrics: Metrics) -> None:
        """A heartbeat of a connected device came."""
        sighting = self._sightings.get(device_id)
        if sighting is not None:
            sighting.metrics = metrics if within_bounds(metrics) else bounded(metrics)
            self._changed.add(device_id)

    def opened(self, device_id: int) -> None:
        """The device's channel is open."""
        now = self._clock.monotonic()
        before = self._sightings.get(device_id)
        metrics = before.metrics if before else None
        self._sightings[device_id] = Sighting(now, True, Contact.ONLINE, metrics)
        self._fading.discard(device_id)
        self._publish([device_id])

    def called(self, device_id: int) -> None:
        """A device that has no channel was heard of just now."""
        before = self._sightings.get(device_id)
        if before is not None and before.connected:
            return
        metrics = before.metrics if before else None
        self._sightings[device_id] = Sighting(self._clock.monotonic(), False, Contact.ONLINE, metrics)
        self._fading.add(device_id)
        self._publish([device_id])

    def closed(self, device_id: int) -> None:
        """The device's last channel is gone."""
        sighting = self._sightings.get(device_id)
        if sighting is not None:
            sighting.connected = False
            self._fading.add(device_id)
            self._publish([device_id])
            self._bus.publish([DeviceLost(device_id)])

    def forget(self, device_id: int) -> None:
        """The device is retired: nothing more is said about it."""
        self._sightings.pop(device_id, None)
        for ids in (self._fading, self._changed, self._unsaved):
            ids.discard(device_id)

    def view(self, device_id: int) -> Sighting | None:
        return self._sightings.get(device_id)

    def snapshot(self) -> dict[int, Sighting]:
        """Every sighting there is now, by device."""
        return self._sightings.copy()

    def heard_ms(self, sighting: Sighting) -> int:
        """The wall time of the last contact."""
        age = self._clock.monotonic() - sighting.heard_at
        return self._clock.now_ms() - max(0, round(age * 1000))

    def sweep(self) -> None:
        """Tell what changed since the last sweep, and who faded to late or offline meanwhile."""
        now = self._clock.monotonic()
        if now - self._swept_at > SLEPT_S:
            self._patient_until = now + WARNING_FOR_S
        self._swept_at = now
        for device_id in list(self._fading):
            sighting = self._sightings[device_id]
            contact = self._faded(now - sighting.heard_at, now)
            if contact is not sighting.contact:
                sighting.contact = contact
                self._changed.add(device_id)
            if contact is Contact.OFFLINE:
                self._fading.discard(device_id)
        changed, self._changed = self._changed, set()
        self._publish(changed)

    async def load(self) -> None:
        """Take over who was in contact when the service stopped: they get time to come back."""
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        self._swept_at, self._patient_until = now, now + WARNING_FOR_S
        for device_id, last_contact_at in await self._database.read(expected_back):
            age = max(0.0, (now_ms - last_contact_at) / 1000)
            self._sightings[device_id] = Sighting(now - age, False, self._faded(age, now))
            self._fading.add(device_id)

    async def flush(self) -> None:
        """Write what changed, in bundles; afterwards forget those who are offline."""
        unsaved, self._unsaved = list(self._unsaved), set()
        for start in range(0, len(unsaved), _FLUSH_ROWS):
            bundle = unsaved[start : start + _FLUSH_ROWS]
            try:
                await self._save(bundle)
            except BaseException:
                self._unsaved.update(unsaved[start:])
                raise
        for device_id in unsaved:
            sighting = self._sightings.get(device_id)
            if sighting and sighting.contact is Contact.OFFLINE and device_id not in self._unsaved:
                del self._sightings[device_id]

    async def start(self) -> None:
        await self.load()
        self._tasks = [
            asyncio.create_task(self._sweeping(), name="presence sweep"),
            asyncio.create_task(self._flushing(), name="presence flush"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._try_flush()

    def _faded(self, age: float, now: float) -> Contact:
        if age < ONLINE_FOR_S:
            return Contact.ONLINE
        if age < WARNING_FOR_S or now < self._patient_until:
            return Contact.WARNING
        return Contact.OFFLINE

    def _publish(self, device_ids: Iterable[int]) -> None:
        changes = []
        for device_id in device_ids:
            sighting = self._sightings.get(device_id)
            if sighting is not None:
                self._unsaved.add(device_id)
                changes.append(Changed(DEVICE, device_id, partial(self.fields, sighting), PRESENCE))
        self._bus.publish(changes)

    def fields(self, sighting: Sighting) -> dict[str, Any]:
        """What a sighting says, as fields of the contract's device."""
        fields: dict[str, Any] = {
            "last_check_in": format_time(self.heard_ms(sighting)),
            "contact": sighting.contact.value,
            "status": sighting.contact.value,
            "connected": sighting.connected,
        }
        if sighting.metrics is not None:
            fields["metrics"] = _plain(sighting.metrics)
        return fields

    async def _save(self, device_ids: list[int]) -> None:
        seen = [(i, self._sightings[i]) for i in device_ids if i in self._sightings]
        rows = [
            SavedSighting(
                device_id=device_id,
                contact=sighting.contact,
                last_contact_at=self.heard_ms(sighting),
                metrics=_plain(sighting.metrics),
            )
            for device_id, sighting in seen
        ]
        await self._database.write(lambda unit: save(unit, rows))

    async def _sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    async def _flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            await self._try_flush()

    async def _try_flush(self) -> None:
        try:
            await self.flush()
        except Exception:
            # Contact is a label: a full disk must end neither this task nor a clean stop.
            log.exception("presence could not be saved")


def _plain(metrics: Metrics | None) -> dict[str, Any] | None:
    return None if metrics is None else msgspec.to_builtins(metrics)
