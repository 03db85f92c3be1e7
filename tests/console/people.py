"""The whole window, signed in as somebody else than the owner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import ROLES
from backend_lite.contract.live import DEVICE
from console.app import features
from console.shell.closed_page import ClosedPage
from console.shell.main_window import MainWindow
from tests.helpers.halves import Halves
from tests.helpers.near_service import NearService
from tests.helpers.waiting import until


async def become(near: NearService, site: Halves, signed_in: Mapping[str, str]) -> None:
    """The window is from now on that of the person with these headers."""
    context = near.context
    await context.live.stop()
    context.client.token = signed_in["Authorization"].removeprefix("Bearer ")
    context.live.forget()
    await context.rights.read()
    context.live.start()
    await until(lambda: context.live.get(DEVICE, site.inside.device), "the device inside")


async def role_named(site: Halves, name: str) -> int:
    found = (await site.done("GET", ROLES))["items"]
    return next(int(role["id"]) for role in found if role["name"] == name)


@contextmanager
def window(near: NearService, qtbot: QtBot) -> Iterator[MainWindow]:
    stop = near.context.rights.follow(near.context.live)
    made = MainWindow(near.context)
    qtbot.addWidget(made, before_close_func=lambda _: made.close_now())
    made.show_workspace(list(features()))
    made.show()
    yield made
    stop()
    for timer in made.findChildren(QTimer):
        # What a page would ask for a moment later finds no loop any more.
        timer.stop()


async def open_every_page(near: NearService, targets: Mapping[str, int]) -> set[str]:
    """Answers which of them are open to this person."""
    navigator, found = near.context.navigator, set()
    for key in navigator.page_keys():
        navigator.open(key, str(targets[key]) if key in targets else None)
        await until(lambda: not near.context.ops.running, f"the page {key}")
        if not isinstance(navigator.page, ClosedPage):
            found.add(key)
    return found
