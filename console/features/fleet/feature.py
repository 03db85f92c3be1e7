"""What the fleet gives to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import DEVICE
from console.core import words
from console.core.texts import tr
from console.features.fleet.columns import name
from console.features.fleet.device_page import DevicePage
from console.features.fleet.devices_page import DevicesPage
from console.features.fleet.watch import FleetWatch
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry
from console.shell.page import Page


def feature() -> Feature:
    watches: list[FleetWatch] = []

    def watch(context: Context) -> FleetWatch:
        # One for all pages: it remembers what came before a page was opened.
        if not watches:
            watches.append(FleetWatch(context.live))
        return watches[0]

    def devices(context: Context) -> Page:
        return DevicesPage(context, watch(context))

    def device(context: Context) -> Page:
        return DevicePage(context, watch(context))

    return Feature(
        "fleet",
        navigation=[NavEntry(tr("Fleet"), tr("Devices"), DevicesPage.key, "device", count_of=DEVICE)],
        pages={DevicesPage.key: devices, DevicePage.key: device},
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


def _describe(device: dict[str, Any]) -> tuple[str, str]:
    return name(device), words.device_system(device)
