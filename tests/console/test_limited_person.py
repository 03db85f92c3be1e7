"""Somebody whose rights hold on the devices of one group opens every page of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import ROLES
from backend_lite.contract.live import DEVICE, GROUP
from backend_lite.contract.rights import DEVICE_BOUND
from console.features.fleet.devices_page import DevicesPage
from tests.console.people import become, open_every_page, window
from tests.helpers.halves import halves
from tests.helpers.near_service import NearService, migrated, near, quick_passwords

__all__ = ["migrated", "near", "quick_passwords"]

ABOUT_DEVICES = {
    "account", "add-device", "admission", "approvals", "device", "devices", "enrollment-tokens",
    "expected-devices", "group", "groups", "installed-on", "installed-software", "rollout", "run", "runs",
}  # fmt: skip


def test_every_page_opens_and_those_about_devices_show_the_own_ones(
    near: NearService, qtbot: QtBot, run: Callable[[Any], Any]
) -> None:
    async def story() -> None:
        site = await halves(near.service)
        bound = [{"artifact": one, "verbs": ["view", "edit", "run", "create"]} for one in DEVICE_BOUND]
        await site.done("PUT", f"{ROLES}/{site.role}", {"grants": bound})
        await become(near, site, site.limited)
        assert list(near.context.live.kind(DEVICE)) == [site.inside.device]
        assert list(near.context.live.kind(GROUP)) == [site.inside.group]
        with window(near, qtbot):
            opened = await open_every_page(near, {"device": site.inside.device, "group": site.inside.group})
        assert opened == ABOUT_DEVICES
        assert near.forbidden == []
        assert "outside" not in str(near.context.live.objects)

    run(story())


def test_who_sees_the_devices_of_groups_only_is_told_so_where_there_are_none(
    near: NearService, qtbot: QtBot, run: Callable[[Any], Any]
) -> None:
    async def story() -> None:
        site = await halves(near.service)
        await become(near, site, site.limited)
        with window(near, qtbot):
            near.context.navigator.open(DevicesPage.key)
            page = near.context.navigator.page
            assert isinstance(page, DevicesPage)
            assert page.nobody.title.text() == "No devices for you yet"
            await become(near, site, site.owner)
            assert page.nobody.title.text() == "No devices yet"

    run(story())
