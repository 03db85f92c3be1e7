"""Devices: what they are, whether they are in contact, what they are doing now."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from agent.wire.messages import Facts, Metrics
from backend_lite.contract.common import Time

DEVICES = "/api/v1/devices"
GROUPS = "/api/v1/groups"

ONLINE_FOR_S = 45
WARNING_FOR_S = 60
"""Contact is online below the first, warning ("Late") below the second, offline after. Seconds."""


class Contact(StrEnum):
    ONLINE = "online"
    WARNING = "warning"
    OFFLINE = "offline"


class Admission(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class Device(Struct):
    """`status` repeats `contact` for clients of the documented API (`unknown` before the first contact).

    `last_check_in` is the last contact. `metrics` is null until the first heartbeat, and keeps its last
    values when the device is offline. `connected` says that the agent's channel is open now.
    """

    id: int
    uid: str
    hostname: str
    profile_id: int | None
    status: str
    os_type: str | None
    os_version: str | None
    os_description: str | None
    hardware_summary: str | None
    last_check_in: Time | None
    created_at: Time
    admission: Admission
    contact: Contact
    connected: bool
    address: str | None
    agent_version: str | None
    fingerprint: str
    tags: list[str]
    possible_duplicate_of: int | None
    quarantine_reason: str | None
    facts: Facts | None
    metrics: Metrics | None
    version: int


class DeviceUpdate(Struct):
    """PUT: any subset; what is absent stays as it is."""

    hostname: str | UnsetType = UNSET
    profile_id: int | UnsetType | None = UNSET
    status: str | UnsetType = UNSET
    os_type: str | UnsetType | None = UNSET
    os_version: str | UnsetType | None = UNSET
    hardware_summary: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET


class Group(Struct):
    """A named set of devices. `query` null: members are named one by one; else it has those that match."""

    id: int
    name: str
    description: str
    query: str | None
    device_count: int
    created_at: Time
    updated_at: Time
    version: int


class GroupCreate(Struct):
    name: str
    description: str = ""
    query: str | None = None
    devices: list[int] = field(default_factory=list)


class GroupUpdate(Struct):
    """PUT: any subset. A group does not change between named members and a query."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    query: str | UnsetType = UNSET


class MembersChange(Struct):
    """POST GROUPS/{id}/members: device ids."""

    add: list[int] = field(default_factory=list)
    remove: list[int] = field(default_factory=list)
