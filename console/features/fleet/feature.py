"""What the fleet gives to the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend_lite.contract.live import DEVICE, EXPECTED_DEVICE, GROUP
from console.core import words
from console.core.texts import tr
from console.features.fleet.admission_page import AdmissionPage
from console.features.fleet.admission_words import is_waiting
from console.features.fleet.columns import name
from console.features.fleet.device_page import DevicePage
from console.features.fleet.devices_page import DevicesPage
from console.features.fleet.expected_page import ExpectedPage, has_come
from console.features.fleet.group_page import GroupPage
from console.features.fleet.groups_page import GroupsPage, describe
from console.features.fleet.retired_page import RetiredPage
from console.features.fleet.watch import FleetWatch
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry
from console.widgets.saving_base import NEW

WatchOf = Callable[[Context], FleetWatch]


def features() -> list[Feature]:
    """Devices, and groups of them."""
    watches: list[FleetWatch] = []

    def watch(context: Context) -> FleetWatch:
        # One for all pages: it remembers what came before a page was opened.
        if not watches:
            watches.append(FleetWatch(context.live))
        return watches[0]

    return [_devices(watch), _groups(watch)]


def _devices(watch: WatchOf) -> Feature:
    return Feature(
        "fleet",
        navigation=[
            NavEntry(tr("Fleet"), tr("Devices"), DevicesPage.key, "device", count_of=DEVICE),
            NavEntry(
                tr("Fleet"), tr("Admission"), AdmissionPage.key, "shield", count_of=DEVICE, counts=is_waiting
            ),
            NavEntry(
                tr("Fleet"),
                tr("Expected"),
                ExpectedPage.key,
                "clock",
                count_of=EXPECTED_DEVICE,
                counts=lambda entry: not has_come(entry),
            ),
            NavEntry(tr("Fleet"), tr("Removed"), RetiredPage.key, "trash"),
        ],
        pages={
            DevicesPage.key: lambda context: DevicesPage(context, watch(context)),
            DevicePage.key: lambda context: DevicePage(context, watch(context)),
            AdmissionPage.key: AdmissionPage,
            ExpectedPage.key: ExpectedPage,
            RetiredPage.key: RetiredPage,
        },
        needs={
            page.key: ("devices:view",)
            for page in (DevicesPage, DevicePage, AdmissionPage, ExpectedPage, RetiredPage)
        },
        about_all=frozenset({RetiredPage.key}),
        commands=[
            Command(
                tr("Show all devices"),
                lambda context: context.navigator.open(DevicesPage.key),
                "device",
                "fleet endpoints computers",
            )
        ],
        matches=[Match(DEVICE, DevicePage.key, "device", _describe)],
    )


def _groups(watch: WatchOf) -> Feature:
    return Feature(
        "groups",
        navigation=[NavEntry(tr("Fleet"), tr("Groups"), GroupsPage.key, "group", count_of=GROUP)],
        pages={
            GroupsPage.key: GroupsPage,
            GroupPage.key: lambda context: GroupPage(context, watch(context)),
        },
        needs=dict.fromkeys((GroupsPage.key, GroupPage.key), ("groups:view",)),
        commands=[
            Command(
                tr("New group of devices"),
                lambda context: context.navigator.open(GroupPage.key, NEW),
                "plus",
                "create smart group query members",
                needs=("groups:create",),
            )
        ],
        matches=[Match(GROUP, GroupPage.key, "group", describe)],
    )


def _describe(device: dict[str, Any]) -> tuple[str, str]:
    return name(device), words.device_system(device)
