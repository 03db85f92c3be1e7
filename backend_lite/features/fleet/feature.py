"""The manifest of the fleet."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from agent.wire.messages import SoftwareReport
from backend_lite.contract.live import DEVICE, EXPECTED_DEVICE, GROUP, INSTALLED_SOFTWARE
from backend_lite.core.db.lists import ListRequest
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.live import LiveKind
from backend_lite.features.fleet.api import FleetApi
from backend_lite.features.fleet.callers import Callers
from backend_lite.features.fleet.conversation import Conversations
from backend_lite.features.fleet.devices import Devices
from backend_lite.features.fleet.expected_routes import expected_routes
from backend_lite.features.fleet.forgetting import DEVICE_FORGOTTEN, Forgetting
from backend_lite.features.fleet.group_members import is_within, those_within
from backend_lite.features.fleet.group_routes import VIEW as VIEW_GROUPS
from backend_lite.features.fleet.group_routes import group_routes
from backend_lite.features.fleet.handshake import Handshake
from backend_lite.features.fleet.hub import DeviceHub
from backend_lite.features.fleet.installed import Inventory
from backend_lite.features.fleet.installed_routes import installed_routes
from backend_lite.features.fleet.life_routes import (
    merge_routes,
    metric_routes,
    retired_routes,
    table_routes,
    tag_routes,
)
from backend_lite.features.fleet.listeners import Listeners
from backend_lite.features.fleet.merging import Merging
from backend_lite.features.fleet.metric_history import MetricHistories
from backend_lite.features.fleet.presence import PRESENCE, Presence
from backend_lite.features.fleet.routes import VIEW, device_routes
from backend_lite.features.fleet.views import DETAILS


def build(kernel: Kernel) -> Feature:
    database, clock = kernel.database, kernel.clock
    listeners = Listeners()
    presence = Presence(database, kernel.bus, clock)
    devices = Devices(clock, kernel.outbox, presence, kernel.references)
    hub = DeviceHub(kernel.bus, presence, listeners)
    handshake = Handshake(database, clock, kernel.endpoint, kernel.service_epoch, devices, hub, listeners)
    conversations = Conversations(database, clock, handshake, devices, hub, presence, listeners)

    listeners.on_message(SoftwareReport, Inventory(database, clock).report)
    kernel.within.add("device_id", is_within)
    kernel.within.add("group_id", lambda _session, group_id, groups: group_id in groups)
    kernel.within.named_groups = devices.groups.named
    merging = Merging(devices, presence)
    forgetting = Forgetting(clock, kernel.outbox, devices.queries)
    histories = MetricHistories(database, clock, presence)

    async def snapshot() -> list[msgspec.Struct]:
        found, _total = await database.read(lambda session: devices.page(session, ListRequest()))
        return list(found)

    async def visible(ids: Collection[int], groups: frozenset[int]) -> set[int]:
        return await database.read(lambda session: those_within(session, ids, groups))

    async def visible_groups(ids: Collection[int], groups: frozenset[int]) -> frozenset[int]:
        return groups.intersection(ids)

    async def expected() -> list[msgspec.Struct]:
        found, _total = await database.read(lambda session: devices.expected.page(session, ListRequest()))
        return list(found)

    async def start() -> None:
        await presence.start()
        await histories.start()

    async def stop() -> None:
        await histories.stop()
        await presence.stop()

    return Feature(
        name="fleet",
        routes=lambda: [
            *device_routes(database, devices),
            *installed_routes(database, devices),
            *merge_routes(database, merging),
            *retired_routes(database, forgetting),
            *metric_routes(database, histories),
            *tag_routes(database, kernel.audit),
            *table_routes(database, devices),
            *expected_routes(database, devices.expected),
            *group_routes(database, devices.groups, devices),
            conversations.route(),
        ],
        live={
            DEVICE: LiveKind(VIEW, snapshot, (DETAILS, PRESENCE), visible),
            GROUP: LiveKind(VIEW_GROUPS, lambda: database.read(devices.groups.all), visible=visible_groups),
            EXPECTED_DEVICE: LiveKind(VIEW, expected),
            INSTALLED_SOFTWARE: LiveKind(VIEW, visible=visible),
        },
        reactions={DEVICE_FORGOTTEN: forgetting.step},
        start=start,
        disconnect=hub.stop,
        stop=stop,
        api=FleetApi(hub, listeners, devices, Callers(clock, presence, devices), merging, forgetting),
    )
