"""The window and its service in bad weather, with the real programs."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.fleet import DEVICES
from console.core.live import LiveState
from console.core.processes import is_alive
from console.features.access.first_run import FirstRunScreen
from console.features.access.sign_in import SignInScreen
from console.features.enroll.add_device_page import AddDevicePage
from console.features.enroll.feature import feature as enroll
from console.service_process import ServiceState
from console.shell.start_screens import FailedScreen
from tests.helpers.processes import words_of
from tests.helpers.real_window import RealWindow, real_window
from tests.helpers.waiting import until

Run = Callable[..., Any]

DEADLINE_S = 120.0


def add_device_page(window: RealWindow) -> AddDevicePage:
    window.app.context.navigator.open("add-device")
    page = window.app.context.navigator.page
    assert isinstance(page, AddDevicePage)
    return page


def address_at(page: AddDevicePage, choice: str) -> int:
    """Where the page offers every address, or one of the network's."""
    box = page.endpoint.address
    offered = [str(box.itemData(at)) for at in range(box.count())]
    if choice == "every address":
        return offered.index("0.0.0.0")  # noqa: S104
    at = next((n for n, host in enumerate(offered) if not host.startswith(("0.", "127.", "::"))), None)
    return at if at is not None else pytest.skip("this machine is on no network")


def test_from_nothing_to_this_pc_as_a_device(tmp_path: Path, run: Run, qtbot: QtBot) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, owner=False, found=[enroll()]) as window:
            first = await window.shows(FirstRunScreen)
            first.username.edit.setText("owner")
            for field in (first.password, first.again):
                field.edit.setText("four unrelated words")
            first.submit.click()
            await window.live()
            page = add_device_page(window)
            assert page.this_pc is not None
            page.this_pc.enrol.click()
            device = window.app.context.live.get("device", await window.connected_device())
            assert device is not None
            assert device["admission"] == "approved"
            await until(lambda: page.arrivals.cards, "the device on the page")
            started = [words_of(one) for one in psutil.Process().children(recursive=True)]
            agents = [words for words in started if "agent" in words]
            assert agents
            assert not any("dfe_" in word for words in agents for word in words)

    run(scene(), DEADLINE_S)


def test_a_service_that_is_killed_comes_back_and_the_window_goes_on(
    tmp_path: Path, run: Run, qtbot: QtBot
) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, found=[enroll()]) as window:
            await window.live()
            add_device_page(window)
            child = window.app.service._child
            assert child is not None
            os.kill(child.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
            banners = window.app.window.banners
            await until(lambda: any("started again" in text for text in banners.texts()), "banner")
            assert window.app.window.workspace is not None
            await until(lambda: not window.app.window.banners.texts(), "end of the banner", 30)
            await window.live()
            page = window.app.context.navigator.page
            assert isinstance(page, AddDevicePage)
            page.token.make.click()
            await until(
                lambda: window.app.context.live.kind("enrollment_token"), "change after the break", 30
            )

    run(scene(), DEADLINE_S)


def test_the_window_stops_its_service_and_only_its_own(tmp_path: Path, run: Run, qtbot: QtBot) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, found=[enroll()]) as first:
            await first.live()
            found = first.app.service.local.read()
            assert found is not None
            async with real_window(tmp_path, found=[enroll()]) as second:
                await second.live()
                assert not second.app.service.is_own
            assert is_alive(found.pid)
            assert first.app.context.live.state is LiveState.LIVE
        assert not is_alive(found.pid)

    run(scene(), DEADLINE_S)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, run: Run, qtbot: QtBot) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")

    async def scene() -> str:
        async with real_window(tmp_path, ("--data-dir", str(file)), found=[enroll()]) as window:
            failed = await window.shows(FailedScreen)
            return failed.sentence

    sentence = run(scene(), DEADLINE_S)
    assert str(file) in sentence
    assert "Choose another" in sentence


def test_a_port_that_is_taken_is_named_and_can_be_freed(tmp_path: Path, run: Run, qtbot: QtBot) -> None:
    async def scene() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            async with real_window(tmp_path, ("--admin-port", str(port)), found=[enroll()]) as window:
                failed = await window.shows(FailedScreen)
                assert f"Port {port}" in failed.sentence
                other.close()
                window.app._try_again()
                await window.live()

    run(scene(), DEADLINE_S)


def test_a_database_of_a_newer_version_is_refused_with_both_named(
    tmp_path: Path, run: Run, qtbot: QtBot
) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, found=[enroll()]) as window:
            await window.live()
        with sqlite3.connect(tmp_path / "deployflow.db") as database:
            (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
        async with real_window(tmp_path, found=[enroll()]) as window:
            failed = await window.shows(FailedScreen)
            assert "9999" in failed.sentence
            assert version in failed.sentence

    run(scene(), DEADLINE_S)


def test_a_wrong_password_waits_longer_each_time(tmp_path: Path, run: Run, qtbot: QtBot) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, found=[enroll()]) as window:
            await window.live()
            window.app.window.sign_out_wanted.emit()
            screen = await window.shows(SignInScreen)
            for _ in range(4):
                screen.username.edit.setText("owner")
                screen.password.edit.setText("wrong")
                screen.sign_in.click()
                await until(lambda: not window.app.context.ops.running, "answer", 30)
            assert "Try again in" in screen.error.text()
            assert not screen.sign_in.isEnabled()
            screen.here.click()
            await window.live()

    run(scene(), DEADLINE_S)


@pytest.mark.skipif(sys.platform != "linux", reason="takes the addresses of a Linux machine")
@pytest.mark.parametrize("choice", ["every address", "one address"])
def test_this_pc_comes_back_when_the_address_changes(
    tmp_path: Path, run: Run, qtbot: QtBot, choice: str
) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, found=[enroll()]) as window:
            await window.live()
            page = add_device_page(window)
            assert page.this_pc is not None
            page.this_pc.enrol.click()
            device_id = await window.connected_device()
            live = window.app.context.live
            await until(page.endpoint.url.text, "the addresses")
            page.endpoint.address.setCurrentIndex(address_at(page, choice))
            page.endpoint.use.click()
            await until(lambda: page.endpoint.state.text() == "On the network", "new address", 30)
            await until(lambda: (live.get("device", device_id) or {}).get("connected"), "the device", 30)

    run(scene(), DEADLINE_S)


def test_what_a_person_approves_is_approved(tmp_path: Path, run: Run, qtbot: QtBot) -> None:
    async def scene() -> None:
        async with real_window(tmp_path, found=[enroll()]) as window:
            await window.live()
            context = window.app.context
            assert context.this_pc is not None
            page = add_device_page(window)
            page.token.make.click()
            await until(page.token.result.isVisible, "token", 30)
            invitation = page.token.result._invitation
            context.this_pc.start(invitation)
            await until(lambda: page.arrivals.cards, "device that waits", 30)
            ((device_id, card),) = page.arrivals.cards.items()
            assert card.words.text() == context.live.kind("device")[device_id]["fingerprint"]
            card.approve.click()
            await until(
                lambda: context.live.kind("device")[device_id]["admission"] == "approved", "approval", 30
            )
            assert (await context.client.get(f"{DEVICES}/{device_id}", dict[str, Any]))[
                "admission"
            ] == "approved"
            assert window.app.service.status.state is ServiceState.RUNNING

    run(scene(), DEADLINE_S)
