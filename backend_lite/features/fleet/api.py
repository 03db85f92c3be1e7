"""What higher areas may ask of the fleet."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from sqlalchemy import Connection, Select
from sqlalchemy.orm import Session

from agent.wire.messages import AgentMessage, Facts
from backend_lite.contract.fleet import Admission, Device
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.db.unit import Unit
from backend_lite.features.fleet.callers import Callers
from backend_lite.features.fleet.devices import (
    DEVICE_RETIRED,
    NO_TICKET,
    Devices,
    KnownDevice,
    ProfileCheck,
    RunTarget,
    Ticket,
)
from backend_lite.features.fleet.events import DeviceLost, LastStepMade
from backend_lite.features.fleet.forgetting import Forgetter, Forgetting
from backend_lite.features.fleet.group_members import devices_within, those_within
from backend_lite.features.fleet.groups import GroupUsers
from backend_lite.features.fleet.listeners import (
    HelloAnswer,
    HelloHandler,
    LastStep,
    Listeners,
    MessageHandler,
    OutputHandler,
    ReadyHandler,
)
from backend_lite.features.fleet.merging import Follower, Merging, OpenWork, line_of
from backend_lite.features.fleet.profile_devices import Which, condition_of, devices_with_profile

__all__ = [
    "DEVICE_RETIRED",
    "DeviceLost",
    "FleetApi",
    "HelloAnswer",
    "Hub",
    "KnownDevice",
    "RunTarget",
    "Ticket",
]


class Hub(Protocol):
    """Who is there now. It may be asked from any thread."""

    def connected(self, device_id: int) -> bool:
        """True while the device's channel is open and welcomed."""

    def may_work(self, device_id: int) -> bool:
        """True while the device is connected and its admission is approved."""

    def may_leave(self, device_id: int) -> bool:
        """True while the device is connected and retired, and its agent has yet to remove itself: it may do
        that and nothing else."""

    def wire_version(self, device_id: int) -> int | None:
        """The version of the protocol that is spoken with the device; None while it is not connected."""

    def boot_id(self, device_id: int) -> str | None:
        """The boot in which the device is now; None while it is not connected."""


class FleetApi:
    """Register handlers before the service starts. The messages of one channel are handled in order: the
    next frame waits until its handler has returned; other channels do not wait."""

    def __init__(
        self,
        hub: Hub,
        listeners: Listeners,
        devices: Devices,
        callers: Callers,
        merging: Merging,
        forgetting: Forgetting,
    ) -> None:
        self.hub = hub
        self.callers = callers
        self._listeners = listeners
        self._devices = devices
        self._merging = merging
        self._forgetting = forgetting

    def on_hello(self, handler: HelloHandler) -> None:
        """`handler(device_id, hello, new_incarnation)` is awaited before the welcome goes out; its answer
        goes into the welcome. With a new incarnation, permits that the hello does not list are lost."""
        self._listeners.on_hello(handler)

    def on_ready(self, handler: ReadyHandler) -> None:
        """`handler(device_id)` runs after the welcome of an approved device, and when a connected device
        becomes approved: the moment for offers and cancels."""
        self._listeners.on_ready(handler)

    def on_message(self, kind: type[AgentMessage], handler: MessageHandler) -> None:
        """`handler(device_id, message)` for every message of `kind` (Permit, Done)."""
        self._listeners.on_message(kind, handler)

    def on_output(self, handler: OutputHandler) -> None:
        """`handler(device_id, frame)` for every piece of output."""
        self._listeners.on_output(handler)

    def on_leave(self, last_step: LastStep) -> None:
        """`last_step(session, device_id)` says whether a retired device has the step left with which its
        agent removes itself. It is let in until that has ended."""
        self._listeners.on_last_step(last_step)

    def last_step(self, session: Session, device_id: int) -> bool:
        """Whether the device is retired and has such a step."""
        return self._listeners.last_step(session, device_id)

    def let_leave(self, unit: Unit, device_id: int) -> None:
        """The retired device has such a step from this commit on."""
        unit.publish(LastStepMade(device_id))

    def target(self, session: Session, device_id: int) -> RunTarget | None:
        """The device as something to run on, also when it is retired; None when there is none such."""
        return self._devices.target(session, device_id)

    def targets(self, session: Session, device_ids: Iterable[int]) -> dict[int, RunTarget]:
        """The devices among `device_ids` that there are, by id, also when they are retired."""
        return self._devices.targets(session, device_ids)

    def approved(self, connection: Connection, device_ids: Iterable[int]) -> set[int]:
        """Those of the devices that may work, as the transaction sees it."""
        return self._devices.approved(connection, device_ids)

    def group_members(self, session: Session, group_id: int) -> list[int]:
        """The ids of the group's devices now. Raises NotFoundError for an unknown group."""
        return self._devices.groups.members(session, group_id)

    def devices_within(self, group_ids: Collection[int]) -> Select[int]:
        """The ids of the devices that any of the groups names, as a subquery: where rights that are limited
        to these groups hold."""
        return devices_within(group_ids)

    def those_within(
        self, session: Session, device_ids: Iterable[int], group_ids: Collection[int]
    ) -> set[int]:
        """Those of the devices that any of the groups names."""
        return those_within(session, device_ids, group_ids)

    def group_name(self, session: Session, group_id: int) -> str:
        """Raises NotFoundError for an unknown group."""
        return self._devices.groups.get(session, group_id).name

    def on_group_delete(self, users: GroupUsers) -> None:
        """`users(unit, group_id)` says what still needs a group, in words such as `the pause of Ada`: then it
        is not deleted. In that unit it may clear away what needs the group no longer."""
        self._devices.groups.users.append(users)

    def check_named_groups(self, session: Session, group_ids: Iterable[int]) -> list[int]:
        """The ids, each once. Raises NotFoundError, and InvalidError for a group that has a query."""
        return self._devices.groups.checked_named(session, group_ids)

    def line(self, session: Session, device_id: int) -> list[int]:
        """The device and those that it took over from, newest first: their history is its history."""
        return line_of(session, device_id)

    def on_merge(self, open_work: OpenWork, follower: Follower) -> None:
        """`open_work(session, device_id)` says how many runs have not ended: then a device is replaced by no
        other. `follower(unit, device_id, replaces_id)` hands over what is kept by device."""
        self._merging.open_work.append(open_work)
        self._merging.followers.append(follower)

    def on_forget(self, forgetter: Forgetter) -> None:
        """`forgetter(unit, device_id)` removes a small part of what is kept of a device that is to be
        forgotten, and answers True once there is nothing left. It is called until then, over restarts."""
        self._forgetting.forgetters.append(forgetter)

    def check_profiles(self, check: ProfileCheck) -> None:
        """`check(session, profile_id, target)` raises a sentence when the device cannot have the profile."""
        self._devices.profile_check = check

    def devices_with_profile(self, session: Session, profile_id: int) -> list[tuple[int, str]]:
        """(id, hostname) of those that have it, by name."""
        return devices_with_profile(session, profile_id)

    def page(self, session: Session, request: ListRequest, which: Which) -> tuple[list[Device], int]:
        """The devices that `which` means, cut, sorted and searched as the list of devices is, and how many
        there are without the cut. Raises InvalidError."""
        return self._devices.page(session, request, condition_of(which))

    def match(self, session: Session, query: str) -> list[int]:
        """The ids of the devices that a query finds now. Raises InvalidError that points at the mistake."""
        return self._devices.match(session, query)

    def known(self, session: Session, uid: str) -> KnownDevice | None:
        """The device with this uid, also when it is retired."""
        return self._devices.known(session, uid)

    def enlist(
        self,
        unit: Unit,
        public_key: bytes,
        facts: Facts,
        admission: Admission,
        address: str,
        ticket: Ticket = NO_TICKET,
    ) -> KnownDevice:
        """Add the device of a key that is not known yet, and tell consoles. It joins its groups and gets what
        it was expected to get. It takes over no other device: one with the same serial number, machine id or
        hostname is named as a possible duplicate."""
        return self._devices.enlist(unit, public_key, facts, admission, address, ticket)
