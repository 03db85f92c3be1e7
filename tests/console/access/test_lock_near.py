"""The lock before the real service: its answers to passwords, and the settings that it follows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.settings import SETTING_FORMS
from console.shell.main_window import MainWindow
from console.window_lock import WindowLock
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.service import OWNER_PASSWORD
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


class Near:
    def __init__(self, near: NearService) -> None:
        self.near = near
        self.now = 0.0
        self.window = MainWindow(near.context)
        self.lock = WindowLock(near.context, self.window, lambda: self.now)
        self.window.show_workspace([])
        self.window.show()
        self.lock.begin()

    async def give(self, password: str) -> str:
        """What is said about it."""
        screen = self.lock.screen
        assert screen is not None
        screen.proof.password.edit.setText(password)
        screen.unlock.click()
        await until(lambda: not self.near.context.ops.running, "the answer")
        return screen.proof.error.text() if self.lock.is_locked else ""


@pytest.fixture
def desk(near: NearService, qtbot: QtBot) -> Iterator[Near]:
    made = Near(near)
    qtbot.addWidget(made.window, before_close_func=lambda _: made.window.close_now())
    yield made
    made.lock.end()


def test_the_password_of_its_person_opens_it_and_guessing_becomes_slower(desk: Near, run: Run) -> None:
    async def story() -> None:
        desk.lock.lock()
        for _ in range(3):
            assert await desk.give("not the password") == "The password is not right."
        assert "Try again in 1 second." in await desk.give(OWNER_PASSWORD)
        assert desk.lock.is_locked
        desk.near.service.clock.advance(1)
        assert desk.lock.screen is not None
        desk.lock.screen.proof.too_fast.tick()
        await desk.give(OWNER_PASSWORD)

    run(story())
    assert not desk.lock.is_locked
    assert desk.window.body.isVisible()


def test_it_follows_the_settings_and_the_name(desk: Near, run: Run) -> None:
    async def story() -> None:
        client = desk.near.context.client
        await client.put(f"{SETTING_FORMS}/security", {"lock_minutes": 1}, dict)
        await client.put(f"{SETTING_FORMS}/general", {"service_name": "Branch office"}, dict)
        await until(lambda: desk.window.status.name.text() == "Branch office", "the name")
        desk.now += 60
        desk.lock.look()

    run(story())
    assert desk.lock.is_locked
    assert desk.window.windowTitle() == "Locked – Branch office – DeployFlow"
