"""The lock of the window: what is seen and what goes on while it is locked, and who opens it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import STEP_UP
from console.core.ops import Op, Progress
from console.features.access.lock_screen import LockScreen
from console.shell.context import Context
from console.shell.feature import Command, Feature, NavEntry
from console.shell.main_window import MainWindow
from console.shell.page import Page
from console.shell.parts import column
from console.window_lock import WindowLock
from tests.console.conftest import OWNER, World
from tests.helpers.waiting import until

MINUTE = 60.0
FACTS = {"id": 1, "name": "DeployFlow", "lock_minutes": 15, "local_sign_in": True}
Run = Callable[..., Any]


class _Clock:
    """Counts on over sleep, as the machine's does."""

    def __init__(self) -> None:
        self.now = 5_000.0

    def __call__(self) -> float:
        return self.now


class _Editor(Page):
    def __init__(self, _context: Context) -> None:
        super().__init__()
        self.setWindowTitle("FINANCE-PC-07")
        self.text = QLineEdit()
        self.setLayout(column(self.text))


class _Dialog(QDialog):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = QLineEdit()
        self.setLayout(column(self.text))


class Desk:
    """A window in use, its lock, and the service's answer to passwords."""

    def __init__(self, world: World, run: Run) -> None:
        self.world = world
        self._run = run
        self.clock = _Clock()
        self.pressed: list[str] = []
        self.others: list[str] = []
        world.context.session.user = OWNER
        command = Command("Press", lambda _: self.pressed.append("key"), shortcut="Ctrl+D")
        navigation = [NavEntry("Fleet", "Devices", "devices", "device")]
        self.feature = Feature("fleet", navigation, {"devices": _Editor}, commands=[command])
        self.window = MainWindow(world.context)
        self.lock = WindowLock(world.context, self.window, self.clock)
        self.lock.other_wanted.connect(lambda: self.others.append("other"))
        world.api.answers[f"POST {STEP_UP}"] = self._step_up

    def open(self) -> None:
        self.window.show_workspace([self.feature])
        self.window.show()
        self.world.context.navigator.open("devices")
        self.lock.begin()

    @property
    def page(self) -> _Editor:
        page = self.world.context.navigator.page
        assert isinstance(page, _Editor)
        return page

    @property
    def screen(self) -> LockScreen:
        assert self.lock.screen is not None
        return self.lock.screen

    def act(self, do: Callable[[], object]) -> None:
        """Within the loop but in no task, as what a person does, until the service has answered."""

        async def scene() -> None:
            done = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.call_soon(do)
            loop.call_soon(done.set)
            await done.wait()
            await self.answered()

        self._run(scene())

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.act(self.lock.look)

    def lock_now(self) -> None:
        self.act(self.lock.lock)

    def seen(self) -> list[QWidget]:
        """What of the program is on the screen besides the lock."""
        windows = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
        others: list[QWidget] = [one for one in windows if one is not self.window]
        return others + [one for one in (self.window.body, self.page.text) if one.isVisible()]

    async def give(self, password: str, otp: str = "") -> None:
        self.screen.proof.password.edit.setText(password)
        self.screen.proof.otp.edit.setText(otp)
        self.screen.unlock.click()
        await self.answered()

    async def answered(self) -> None:
        await until(lambda: not self.world.context.ops.running, "the answer")

    def _step_up(self, request: httpx.Request) -> tuple[int, Any]:
        if b"right" in request.content:
            return 204, None
        return 400, {"detail": "The password is not right.", "code": "wrong_credentials"}


@pytest.fixture
def desk(world: World, run: Run, qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(world, run)
    qtbot.addWidget(made.window, before_close_func=lambda _: made.window.close_now())
    run(world.go_live(service=[FACTS]))
    made.open()
    yield made
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QDialog):
            window.reject()


def test_it_locks_after_the_minutes_of_the_setting_and_no_sooner(desk: Desk) -> None:
    desk.wait(15 * MINUTE - 1)
    assert not desk.lock.is_locked
    desk.wait(1)
    assert desk.lock.is_locked
    assert desk.seen() == []
    assert desk.screen.isVisible()
    assert desk.window.windowTitle() == "Locked – DeployFlow"


@pytest.mark.parametrize("use", ["key", "mouse"])
def test_who_uses_the_window_keeps_it_open(desk: Desk, use: str) -> None:
    desk.wait(14 * MINUTE)
    handle = desk.window.windowHandle()
    if use == "key":
        QTest.keyClick(handle, Qt.Key.Key_A)
    else:
        QTest.mouseMove(handle, QPoint(200, 200))
    desk.wait(14 * MINUTE)
    assert not desk.lock.is_locked
    desk.wait(MINUTE)
    assert desk.lock.is_locked


def test_a_dialog_is_use_too(desk: Desk, qtbot: QtBot) -> None:
    dialog = _Dialog(desk.window)
    dialog.open()
    desk.wait(14 * MINUTE)
    QTest.keyClick(dialog.windowHandle(), Qt.Key.Key_A)
    desk.wait(14 * MINUTE)
    assert not desk.lock.is_locked


def test_a_new_limit_holds_at_once_and_0_is_never(desk: Desk, run: Run) -> None:
    desk.world.live.change(2, "service", 1, {"lock_minutes": 0})
    run(until(lambda: desk.world.context.live.kind("service")[1]["lock_minutes"] == 0, "news"))
    run(until(lambda: desk.lock._idle.limit_s == 0, "the limit"))
    desk.wait(24 * 60 * MINUTE)
    assert not desk.lock.is_locked
    desk.world.live.change(3, "service", 1, {"lock_minutes": 1})
    run(until(lambda: desk.lock._idle.limit_s == MINUTE, "the limit"))
    desk.wait(0)
    assert desk.lock.is_locked


def test_after_sleep_the_first_key_reaches_only_the_lock(desk: Desk) -> None:
    """The clock went on; the timer of the look did not."""
    desk.page.text.setFocus()
    desk.clock.now += 8 * 60 * MINUTE
    desk.act(lambda: QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_A))
    assert desk.lock.is_locked
    assert desk.page.text.text() == ""


def test_a_minimised_window_locks_and_stays_so(desk: Desk) -> None:
    desk.window.showMinimized()
    desk.wait(15 * MINUTE)
    desk.window.showNormal()
    assert desk.lock.is_locked
    assert desk.seen() == []


@pytest.mark.parametrize("how", ["menu", "key", "palette"])
def test_it_locks_at_once_by_hand(desk: Desk, qtbot: QtBot, how: str) -> None:
    if how == "menu":
        entry = next(one for one in desk.window.top.user.menu().actions() if one.text() == "Lock")
        desk.act(entry.trigger)
    elif how == "key":
        with qtbot.waitActive(desk.window):
            desk.window.activateWindow()
        desk.act(lambda: QTest.keySequence(desk.window.windowHandle(), "Ctrl+Shift+L"))
    else:
        desk.window.top.search.open("> lock")
        desk.act(desk.window.top.search.results.pick)
    assert desk.lock.is_locked
    assert desk.seen() == []


def test_the_password_opens_it_and_all_is_as_it_was(desk: Desk, run: Run) -> None:
    desk.page.text.setFocus()
    desk.page.text.setText("half a sentence")
    page = desk.page
    desk.lock_now()
    run(desk.give("right"))
    assert not desk.lock.is_locked
    assert desk.page is page
    assert page.text.text() == "half a sentence"
    assert page.text.isVisible()
    assert desk.window.focusWidget() is page.text
    assert desk.window.windowTitle() == "FINANCE-PC-07 – DeployFlow"
    assert desk.world.api.body(f"POST {STEP_UP}") == {"password": "right", "otp": None}


def test_the_time_counts_anew_after_that(desk: Desk, run: Run) -> None:
    desk.wait(15 * MINUTE)
    run(desk.give("right"))
    desk.wait(15 * MINUTE - 1)
    assert not desk.lock.is_locked


def test_a_wrong_password_is_said_and_opens_nothing(desk: Desk, run: Run) -> None:
    desk.lock_now()
    run(desk.give("wrong"))
    assert desk.screen.proof.error.text() == "The password is not right."
    assert desk.lock.is_locked
    assert desk.world.notices == []


def test_too_many_of_them_are_counted_down(desk: Desk, run: Run) -> None:
    desk.world.api.answers[f"POST {STEP_UP}"] = (429, {"detail": "Too many.", "code": "too_fast"})
    desk.world.api.headers["Retry-After"] = "2"
    desk.lock_now()
    run(desk.give("wrong"))
    assert desk.screen.proof.error.text() == "Too many failed sign-ins. Try again in 2 seconds."
    assert not desk.screen.unlock.isEnabled()
    for _ in range(2):
        desk.screen.proof.too_fast.tick()
    assert desk.screen.unlock.isEnabled()
    assert desk.screen.proof.error.isHidden()


def test_the_code_is_asked_for_where_there_is_a_second_factor(desk: Desk, run: Run) -> None:
    refusal = (400, {"detail": "Enter the code.", "code": "otp_required"})
    desk.world.api.answers[f"POST {STEP_UP}"] = lambda request: (
        (204, None) if b"123456" in request.content else refusal
    )
    desk.lock_now()
    run(desk.give("right"))
    assert desk.screen.proof.otp.isVisible()
    run(desk.give("right", "123456"))
    assert not desk.lock.is_locked


def test_who_has_no_password_is_told_what_to_do(desk: Desk, run: Run) -> None:
    sentence = "You have no password here. Sign out and in again through your provider."
    desk.world.api.answers[f"POST {STEP_UP}"] = (409, {"detail": sentence, "code": "no_password"})
    desk.lock_now()
    run(desk.give("any"))
    assert desk.screen.proof.error.text() == sentence
    assert desk.screen.other.isEnabled()


def test_a_service_that_is_gone_is_said_on_the_lock(desk: Desk, run: Run) -> None:
    desk.lock_now()
    desk.world.api.gone = True
    run(desk.give("right"))
    assert desk.screen.proof.error.text() == "The service does not answer."
    desk.world.api.gone = False
    run(desk.give("right"))
    assert not desk.lock.is_locked


def test_dialogs_and_menus_are_off_the_screen_and_dialogs_come_back(desk: Desk, run: Run) -> None:
    dialog = _Dialog(desk.window)
    dialog.open()
    dialog.text.setText("typed")
    menu = QMenu(desk.window)
    menu.addAction("Secret")
    menu.popup(QPoint(0, 0))
    desk.lock_now()
    assert desk.seen() == []
    run(desk.give("right"))
    assert dialog.isVisible()
    assert dialog.text.text() == "typed"
    assert dialog.windowModality() is Qt.WindowModality.WindowModal
    assert not menu.isVisible()


def test_what_opens_meanwhile_waits_behind_the_lock(desk: Desk, run: Run) -> None:
    desk.lock_now()
    dialog = _Dialog(desk.window)

    async def scene() -> None:
        dialog.open()
        assert dialog.testAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        await until(lambda: not dialog.isVisible(), "hidden dialog")
        assert desk.seen() == []
        await desk.give("right")

    run(scene())
    assert dialog.isVisible()
    assert not dialog.testAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    assert dialog.windowModality() is Qt.WindowModality.WindowModal


def test_a_dialog_that_ends_meanwhile_does_not_come_back(desk: Desk, run: Run) -> None:
    dialog = QDialog(desk.window)
    dialog.open()
    desk.lock_now()
    dialog.accept()
    run(desk.give("right"))
    assert not dialog.isVisible()


def test_operations_go_on_and_their_pages_open_behind_the_lock(desk: Desk, run: Run) -> None:
    told: list[str] = []

    async def scene() -> None:
        go = asyncio.Event()

        async def call(_progress: Progress) -> str:
            await go.wait()
            return "done"

        desk.world.context.ops.run(Op("Long work", call), on_success=told.append)
        desk.lock.lock()
        go.set()
        await until(lambda: told, "the end of the work")
        desk.world.context.navigator.open("devices", "7")
        assert desk.seen() == []
        assert desk.window.windowTitle() == "Locked – DeployFlow"

    run(scene())
    assert told == ["done"]


def test_no_key_reaches_what_is_covered(desk: Desk, qtbot: QtBot, run: Run) -> None:
    with qtbot.waitActive(desk.window):
        desk.window.activateWindow()
    handle = desk.window.windowHandle()
    QTest.keySequence(handle, "Ctrl+D")
    assert desk.pressed == ["key"]
    desk.lock_now()
    for keys in ("Ctrl+D", "Ctrl+K", "Ctrl+Q", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab"):
        QTest.keySequence(handle, keys)
        focus = desk.window.focusWidget()
        assert focus is None or desk.screen.isAncestorOf(focus), keys
    assert desk.pressed == ["key"]
    run(desk.give("right"))
    QTest.keySequence(handle, "Ctrl+D")
    assert desk.pressed == ["key", "key"]


def test_somebody_else_may_sign_in(desk: Desk) -> None:
    desk.lock_now()
    desk.screen.other.click()
    assert desk.others == ["other"]


def test_what_the_old_session_left_open_is_closed_with_it(desk: Desk) -> None:
    dialog = QDialog(desk.window)
    dialog.open()
    desk.lock_now()
    desk.world.context.session.user = None
    desk.lock.end()
    assert not desk.lock.is_locked
    assert not dialog.isVisible()
    assert dialog.result() == QDialog.DialogCode.Rejected
    desk.wait(60 * MINUTE)
    assert not desk.lock.is_locked


def test_without_a_session_there_is_nothing_to_lock(desk: Desk) -> None:
    desk.world.context.session.user = None
    desk.window.lock_wanted.emit()
    assert not desk.lock.is_locked
