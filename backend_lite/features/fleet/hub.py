"""The open channels: who is there, and the way to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from agent.wire.codec import WireError
from agent.wire.messages import AdmissionChanged, Incarnation, Refused, ServiceMessage, Welcome
from backend_lite.contract.fleet import Admission
from backend_lite.core.events.bus import EventBus, SendToDevice
from backend_lite.features.fleet.channel import GOING_AWAY, REFUSED, Channel
from backend_lite.features.fleet.events import AdmissionSet, LastStepMade
from backend_lite.features.fleet.frames import encode
from backend_lite.features.fleet.listeners import Listeners
from backend_lite.features.fleet.presence import Presence

log = structlog.get_logger(__name__)

_REPLACED = Refused("replaced", "Another connection of this agent took the place of this one.")
_RETIRED = Refused("retired", "This device was removed. Enroll it again if it should come back.")
_STOP_S = 1.0


class DeviceHub:
    """A device has one channel; while it is quarantined, one for each of its copies.

    The admission of a device is kept as its commits announce it, in their order: what a read returned a
    moment ago may be overtaken.
    """

    def __init__(self, bus: EventBus, presence: Presence, listeners: Listeners) -> None:
        self._presence = presence
        self._listeners = listeners
        self._channels: dict[int, tuple[Channel, ...]] = {}
        self._admissions: dict[int, Admission] = {}
        self._leaving: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        bus.subscribe(SendToDevice, self._send)
        bus.subscribe(AdmissionSet, self._admission_set)
        bus.subscribe(LastStepMade, self._last_step_made)

    def connected(self, device_id: int) -> bool:
        return device_id in self._channels

    def may_work(self, device_id: int) -> bool:
        return device_id in self._channels and self._admissions.get(device_id) is Admission.APPROVED

    def may_leave(self, device_id: int) -> bool:
        """True while the device is connected and retired, and its agent has yet to remove itself."""
        return device_id in self._channels and device_id in self._leaving

    def let_leave(self, device_id: int) -> None:
        """The retired device has a last step: it may come in until that has ended."""
        self._leaving.add(device_id)

    def shut_out(self, device_id: int) -> None:
        """The retired device has nothing to do any more."""
        self._leaving.discard(device_id)
        self._dismiss_all(device_id, REFUSED, _RETIRED)

    def wire_version(self, device_id: int) -> int | None:
        channels = self._channels.get(device_id)
        return channels[-1].wire_version if channels else None

    def boot_id(self, device_id: int) -> str | None:
        channels = self._channels.get(device_id)
        return channels[-1].incarnation.boot_id if channels else None

    def others(self, device_id: int, incarnation: Incarnation) -> list[Channel]:
        """The open channels of other copies of the device."""
        return [one for one in self._channels.get(device_id, ()) if one.incarnation != incarnation]

    def is_late(self, channel: Channel) -> bool:
        """True when a younger connection of the device has been welcomed already."""
        return any(one.number > channel.number for one in self._channels.get(channel.device_id, ()))

    def dismiss_others(self, device_id: int, incarnation: Incarnation) -> None:
        """Listen no more to former lives of the device."""
        for other in self.others(device_id, incarnation):
            self._dismiss(other, REFUSED, _REPLACED)

    def join(self, channel: Channel, welcome: Callable[[Admission], Welcome]) -> bool:
        """Welcome the channel; it takes the place of an older one. False when it has come too late."""
        device_id = channel.device_id
        admission = self._admissions[device_id]
        open_now = self._channels.get(device_id, ())
        same = [one for one in open_now if one.incarnation == channel.incarnation]
        if admission is Admission.RETIRED and device_id not in self._leaving:
            self._dismiss(channel, REFUSED, _RETIRED)
            return False
        if self._stopping or any(one.number > channel.number for one in same):
            channel.close(GOING_AWAY)
            return False
        replaced = same if admission is Admission.QUARANTINED else open_now
        stay = tuple(one for one in open_now if one not in replaced)
        self._channels[device_id] = (*stay, channel)
        for other in replaced:
            self._dismiss(other, REFUSED, _REPLACED)
        self._post(channel, encode(welcome(admission)))
        if admission is not Admission.RETIRED:
            self._presence.opened(device_id)
        return True

    def leave(self, channel: Channel) -> None:
        """The channel is gone."""
        before = self._channels.get(channel.device_id, ())
        after = tuple(one for one in before if one is not channel)
        if len(after) == len(before):
            return
        if after:
            self._channels[channel.device_id] = after
        else:
            del self._channels[channel.device_id]
            self._presence.closed(channel.device_id)

    async def stop(self) -> None:
        """Close every channel: agents that have been told come back at once, silent ones cost the time."""
        self._stopping = True
        channels = [channel for those in self._channels.values() for channel in those]
        for channel in channels:
            channel.close(GOING_AWAY)
        serving = {channel.task for channel in channels if channel.task is not None}
        if serving:
            await asyncio.wait(serving, timeout=_STOP_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, event: SendToDevice) -> None:
        self._tell(event.device_id, event.message)

    def _tell(self, device_id: int, message: ServiceMessage) -> None:
        channels = self._channels.get(device_id, ())
        if not channels:
            return
        try:
            frame = encode(message)
        except WireError as error:
            log.warning("a message was not sent", device=device_id, reason=str(error))
            return
        for channel in channels:
            self._post(channel, frame)

    def _post(self, channel: Channel, frame: str) -> None:
        if not channel.post(frame):
            log.warning("agent reads too slowly, its channel is given up", device=channel.device_id)
            self.leave(channel)

    def _dismiss(self, channel: Channel, code: int, last: ServiceMessage | None = None) -> None:
        if last is not None:
            channel.post(encode(last))
        channel.close(code)
        self.leave(channel)

    def _admission_set(self, event: AdmissionSet) -> None:
        device_id = event.device_id
        before = self._admissions.get(device_id)
        self._admissions[device_id] = event.admission
        if event.admission is Admission.RETIRED:
            if not event.leaves and device_id not in self._leaving:
                self._dismiss_all(device_id, REFUSED, _RETIRED)
            self._presence.forget(device_id)
        elif event.reconnect:
            self._dismiss_all(device_id, GOING_AWAY)
        elif before is not event.admission and self.connected(device_id):
            self._tell(device_id, AdmissionChanged(event.admission))
            if event.admission is Admission.APPROVED:
                self._spawn(self._listeners.ready(device_id))

    def _last_step_made(self, event: LastStepMade) -> None:
        self.let_leave(event.device_id)
        if self.connected(event.device_id):
            self._spawn(self._listeners.ready(event.device_id))

    def _dismiss_all(self, device_id: int, code: int, last: ServiceMessage | None = None) -> None:
        for channel in self._channels.get(device_id, ()):
            self._dismiss(channel, code, last)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_logged(work), name="device ready")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("work for a ready device failed")
