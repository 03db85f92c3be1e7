"""Somebody whose rights hold on the devices of one group opens every page of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import ROLES
from backend_lite.contract.live import DEVICE, GROUP
from backend_lite.contract.rights import DEVICE_BOUND
from console.app import features
from console.shell.page import Page
from tests.console.fleet.near import migrated, near
from tests.helpers.halves import Halves, halves
from tests.helpers.near_service import NearService
from tests.helpers.waiting import until

__all__ = ["migrated", "near"]

ABOUT_DEVICES = {
    "devices", "device", "admission", "groups", "group", "add-device", "enrollment-tokens", "runs",
    "installed-software", "installed-on",
}  # fmt: skip


async def sign_in(near: NearService, site: Halves) -> None:
    """The window is that person's from now on."""
    live = near.context.live
    await live.stop()
    near.context.client.token = site.limited["Authorization"].removeprefix("Bearer ")
    live.forget()
    live.start()
    await until(lambda: live.get(DEVICE, site.inside.device), "the device inside")


def test_every_page_opens_and_those_about_devices_show_the_own_ones(
    near: NearService, qtbot: QtBot, run: Callable[[Any], Any]
) -> None:
    async def refusals(page: Page, target: str | None) -> list[str]:
        qtbot.addWidget(page)
        page.show()
        page.show_target(target)
        await until(lambda: not near.context.ops.running, f"the page {page.key}")
        said = [notice.text for notice in near.notices]
        near.notices.clear()
        return said

    async def story() -> None:
        site = await halves(near.service)
        bound = [{"artifact": one, "verbs": ["view", "edit", "run", "create"]} for one in DEVICE_BOUND]
        await site.done("PUT", f"{ROLES}/{site.role}", {"grants": bound})
        await sign_in(near, site)
        assert list(near.context.live.kind(DEVICE)) == [site.inside.device]
        assert list(near.context.live.kind(GROUP)) == [site.inside.group]
        targets = {"device": str(site.inside.device), "group": str(site.inside.group)}
        pages = {key: make for area in features() for key, make in area.pages.items()}
        refused = {key: await refusals(make(near.context), targets.get(key)) for key, make in pages.items()}
        assert {key for key in ABOUT_DEVICES if refused[key]} == set()
        for key, said in refused.items():
            assert all("right" in sentence or "not found" in sentence for sentence in said), key
        assert "outside" not in str(near.context.live.objects)

    run(story())
