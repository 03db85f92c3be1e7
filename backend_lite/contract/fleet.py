"""Devices: what they are, whether they are in contact, what they are doing now."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field

from agent.wire.messages import Facts, Metrics
from backend_lite.contract.common import Time
from backend_lite.contract.query_nodes import Field, FieldKind

DEVICES = "/api/v1/devices"
GROUPS = "/api/v1/groups"
EXPECTED_DEVICES = "/api/v1/expected-devices"

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


class Protocol(StrEnum):
    """How its agent speaks with the service. HTTP: the documented calls of register, heartbeat and result."""

    CHANNEL = "channel"
    HTTP = "http"


class Device(Struct):
    """`status` repeats `contact` for clients of the documented API (`unknown` before the first contact).

    `last_check_in` is the last contact. `metrics` is null until the first heartbeat, and keeps its last
    values when the device is offline. `connected` says that the agent's channel is open now. `fingerprint` is
    empty where there is no key (HTTP). `replaces_id` is the device that it was merged with; `came_by` is what
    the enrollment token was called by which it came in.
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
    protocol: Protocol = Protocol.CHANNEL
    replaces_id: int | None = None
    serial: str | None = None
    came_by: str = ""


class MetricPoint(Struct, array_like=True):
    """Means over the time since the point before, percent; null where nothing was heard."""

    at: Time
    cpu: float | None
    memory: float | None
    disk: float | None


METRIC_STEP_S = 300
METRIC_DAYS = 30
"""How far apart the samples of the metric history are, and how long they are kept."""


class MetricHistory(Struct):
    """GET DEVICES/{id}/metrics?hours=: oldest first, `step_s` apart."""

    step_s: int
    points: list[MetricPoint]


class DeviceMerge(Struct):
    """POST DEVICES/{id}/merge: the device takes over tags, groups, profile and history of `replaces_id`,
    which is retired: it is the same machine under a new key. POST DEVICES/{id}/keep-apart says that it is
    not."""

    replaces_id: int


class RetiredDevice(Struct):
    """GET DEVICES/retired: a device that was removed. Its key stays shut out and its history stays, until it
    is forgotten (POST DEVICES/{id}/forget). `replaced_by` is the device that took over from it."""

    id: int
    uid: str
    hostname: str
    os_type: str | None
    os_description: str | None
    hardware_summary: str | None
    serial: str | None
    address: str | None
    fingerprint: str
    tags: list[str]
    created_at: Time
    last_check_in: Time | None
    retired_at: Time
    replaced_by: int | None


class ExpectedDevice(Struct):
    """A device that is to come: known by `serial`, or by `hostname` where that is empty. When its agent
    enrolls it gets the tags and groups; `device_id` is it then (null again once it is forgotten)."""

    id: int
    hostname: str
    serial: str
    tags: list[str]
    groups: list[int]
    note: str
    created_by: str
    created_at: Time
    device_id: int | None
    arrived_at: Time | None


class ExpectedDeviceCreate(Struct):
    hostname: str = ""
    serial: str = ""
    tags: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    note: str = ""


class ExpectedDeviceUpdate(Struct):
    """PUT: any subset; what is absent stays as it is. One that has arrived keeps what it was known by."""

    hostname: str | UnsetType = UNSET
    serial: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    groups: list[int] | UnsetType = UNSET
    note: str | UnsetType = UNSET


class CsvText(Struct):
    """POST EXPECTED_DEVICES/import: a table with the heads hostname, serial, tags, groups, note (tags and
    groups parted by `;`, groups by name). `dry_run` only checks."""

    text: str
    dry_run: bool = False


class CsvProblem(Struct):
    """`line` and `column` count from 1; the column is that of the character where the value begins."""

    line: int
    column: int
    text: str


class CsvImported(Struct):
    """All or nothing: with problems nothing was imported. `known` are lines of devices that are expected
    already: they stay as they are."""

    added: int
    known: int
    problems: list[CsvProblem]


class DeviceIds(Struct):
    """GET DEVICES/matching?q=: the devices that a query finds now, in their order."""

    ids: list[int]


class DeviceUpdate(Struct):
    """PUT: any subset; what is absent stays as it is."""

    hostname: str | UnsetType = UNSET
    profile_id: int | UnsetType | None = UNSET
    status: str | UnsetType = UNSET
    os_type: str | UnsetType | None = UNSET
    os_version: str | UnsetType | None = UNSET
    hardware_summary: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET


class TagsChange(Struct):
    """POST DEVICES/tags: these devices get tags and lose others, all of them or, on a mistake, none."""

    devices: list[int]
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)


class TagsChanged(Struct):
    """The devices whose tags are others now."""

    devices: list[int]


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


DEVICE_FIELDS = (
    Field("name", FieldKind.TEXT, "Host name", aliases=("host", "hostname")),
    Field("os", FieldKind.LABEL, "Operating system", ("windows", "windows_server", "linux", "macos")),
    Field("system", FieldKind.TEXT, "Operating system in its own words, with its version"),
    Field(
        "status",
        FieldKind.WORD,
        "Contact: late is also written warning, unknown has never been there",
        ("online", "late", "offline", "warning", "unknown"),
    ),
    Field("seen", FieldKind.AGE, "Last contact: seen<5m is less than 5 minutes ago"),
    Field("tag", FieldKind.LABEL, "One of its tags", aliases=("tags",)),
    Field("cpu", FieldKind.PERCENT, "Processor load in percent"),
    Field("mem", FieldKind.PERCENT, "Memory in use in percent", aliases=("memory",)),
    Field("disk", FieldKind.PERCENT, "Disk space in use in percent"),
    Field("free", FieldKind.SIZE, "Disk space that is free"),
    Field("ram", FieldKind.SIZE, "Memory built in"),
    Field("uptime", FieldKind.DURATION, "Time since it was started"),
    Field("address", FieldKind.TEXT, "Network address", aliases=("ip",)),
    Field("hardware", FieldKind.TEXT, "Maker, model, processor and memory"),
    Field("agent", FieldKind.TEXT, "Version of the agent"),
    Field(
        "admission",
        FieldKind.WORD,
        "Whether it may work",
        ("approved", "pending", "quarantined"),
        ("approval",),
    ),
    Field(
        "added", FieldKind.AGE, "When it was enrolled: added<1d is less than a day ago", aliases=("created",)
    ),
    Field(
        "software", FieldKind.TEXT, "Something that is installed", aliases=("installed",), service_only=True
    ),
    Field("id", FieldKind.NUMBER, "Number of the device"),
)
"""What a query of devices (`contract.query`) can compare; phrases in quotes find installed software too."""
