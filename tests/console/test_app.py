"""How service, session and window hang together."""

import asyncio
import linecache
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.access import LOCAL_LOGIN, LOGIN, LOGOUT, SETUP
from backend_lite.contract.settings import SETTING_FORMS
from console.app import App, SetUp
from console.core.local_service import LocalService
from console.core.session import Session
from console.demo_preparation import make_owner
from console.features.access.first_run import FirstRunScreen
from console.features.access.sign_in import SignInScreen
from console.service_process import ServiceProcess, ServiceState, ServiceStatus
from console.shell.context import Context
from console.shell.feature import Feature, NavEntry
from console.shell.page import Page
from console.shell.start_screens import FailedScreen, StartingScreen
from tests.console.conftest import OWNER, World
from tests.helpers.waiting import until

GOOD = (200, {"access_token": "t", "token_type": "bearer", "expires_in": 60, "user": OWNER})


class _Service(ServiceProcess):
    """Says what a test wants it to say."""

    tries = 0
    stopped = False

    def watch(self) -> None:
        pass

    def try_now(self) -> None:
        self.tries += 1

    async def stop(self) -> None:
        self.stopped = True

    def say(self, state: ServiceState, sentence: str = "") -> None:
        self._tell(ServiceStatus(state, sentence, "http://127.0.0.1:5", "launch"))


class _Devices(Page):
    allowed = True
    ask: Callable[[], Awaitable[bool]] | None = None

    def __init__(self, _context: Context) -> None:
        super().__init__()

    def may_leave(self) -> Awaitable[bool] | bool:
        return self.allowed if self.ask is None else self.ask()


class Stage:
    def __init__(self, world: World, folder: Path, set_up: SetUp | None = None) -> None:
        self.world = world
        self.service = _Service(LocalService(folder))
        world.context.local = self.service.local
        feature = Feature(
            "fleet",
            [
                NavEntry("Fleet", "Devices", "devices", "device"),
                NavEntry("Fleet", "Add", "add-device", "plus"),
            ],
            {"devices": _Devices, "add-device": _Devices},
        )
        self.app = App(self.service, world.context, [feature], set_up)
        world.api.answers[f"POST {LOCAL_LOGIN}"] = GOOD

    @property
    def screen(self) -> QWidget:
        shown = self.app.window.centre.currentWidget()
        assert shown is not None
        return shown

    async def shows(self, kind: type[QWidget]) -> None:
        await until(lambda: isinstance(self.screen, kind), kind.__name__)

    async def sign_in(self) -> None:
        self.app.show()
        self.service.say(ServiceState.RUNNING)
        self.world.live.snapshot(1, device=[])
        await until(lambda: self.app.window.workspace, "the workspace")


@pytest.fixture
def stage(world: World, tmp_path: Path, qtbot: QtBot) -> Stage:
    made = Stage(world, tmp_path)
    qtbot.addWidget(made.app.window, before_close_func=lambda _: made.app.window.close_now())
    return made


Run = Callable[..., Any]


def test_it_starts_with_the_service_and_signs_in_as_this_machines_user(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        stage.app.show()
        assert isinstance(stage.screen, StartingScreen)
        await stage.sign_in()

    run(scene())
    assert stage.world.api.body(f"POST {LOCAL_LOGIN}") == {"secret": "launch"}
    assert stage.world.context.client.base_url == "http://127.0.0.1:5"
    place = stage.world.context.navigator.place
    assert place is not None
    assert place.page_key == "devices"


def test_areas_are_loaded_once_the_window_is_there_and_before_anybody_enters(
    world: World, tmp_path: Path, qtbot: QtBot, run: Run
) -> None:
    service = _Service(LocalService(tmp_path))
    world.api.answers[f"POST {LOCAL_LOGIN}"] = GOOD
    told: list[str] = []

    def found() -> Iterator[Feature]:
        for area, page in (("fleet", "devices"), ("library", "scripts")):
            told.append(f"{area}, visible: {app.window.isVisible()}, entered: {bool(app.window.workspace)}")
            linecache.getlines(__file__)
            yield Feature(area, pages={page: _Devices})

    app = App(service, world.context, found())
    qtbot.addWidget(app.window, before_close_func=lambda _: app.window.close_now())

    async def scene() -> None:
        app.show()
        assert told == []
        service.say(ServiceState.RUNNING)
        world.live.snapshot(1, device=[])
        await until(lambda: app.window.workspace, "the workspace")

    run(scene())
    assert told == ["fleet, visible: True, entered: False", "library, visible: True, entered: False"]
    assert world.context.navigator.page_keys() == ["devices", "scripts"]
    assert __file__ not in linecache.cache
    assert world.bugs == []


def test_an_area_that_cannot_be_loaded_is_told(world: World, tmp_path: Path, qtbot: QtBot, run: Run) -> None:
    def found() -> Iterator[Feature]:
        yield Feature("fleet")
        raise ImportError("No module named 'yaml'")

    service = _Service(LocalService(tmp_path))
    world.api.answers[f"POST {LOCAL_LOGIN}"] = GOOD
    app = App(service, world.context, found())
    qtbot.addWidget(app.window, before_close_func=lambda _: app.window.close_now())

    async def scene() -> None:
        app.show()
        await until(lambda: world.bugs, "the report")
        service.say(ServiceState.RUNNING)
        await until(lambda: isinstance(app.window.centre.currentWidget(), FailedScreen), "the screen")

    run(scene())
    assert "No module named 'yaml'" in world.bugs[0].details
    screen = app.window.centre.currentWidget()
    assert isinstance(screen, FailedScreen)
    assert "Install the program again" in screen.sentence
    assert [made.text() for made in screen.findChildren(QPushButton)] == ["Quit"]


def test_the_first_start_asks_for_the_owner_and_goes_on_to_the_first_device(stage: Stage, run: Run) -> None:
    stage.world.api.answers[f"GET {SETUP}"] = (200, {"needed": True})
    stage.world.api.answers[f"POST {SETUP}"] = (201, GOOD[1])

    async def scene() -> None:
        stage.app.show()
        stage.service.say(ServiceState.RUNNING)
        await stage.shows(FirstRunScreen)
        screen = stage.screen
        assert isinstance(screen, FirstRunScreen)
        screen.username.edit.setText("owner")
        for field in (screen.password, screen.again):
            field.edit.setText("four unrelated words")
        screen.submit.click()
        await until(lambda: stage.app.window.workspace, "the workspace")

    run(scene())
    place = stage.world.context.navigator.place
    assert place is not None
    assert place.page_key == "add-device"


def test_whoever_starts_the_window_may_make_the_owner(
    world: World, tmp_path: Path, qtbot: QtBot, run: Run
) -> None:
    async def set_up(session: Session, secret: str) -> None:
        assert secret == "launch"
        await session.sign_in_here(secret)

    stage = Stage(world, tmp_path, set_up)
    qtbot.addWidget(stage.app.window, before_close_func=lambda _: stage.app.window.close_now())
    world.api.answers[f"GET {SETUP}"] = (200, {"needed": True})
    run(stage.sign_in())


def test_the_demo_whose_password_nobody_knows_does_not_lock_itself(world: World, run: Run) -> None:
    security = f"{SETTING_FORMS}/security"
    world.api.answers[f"POST {SETUP}"] = (201, GOOD[1])
    answer = {"name": "security", "title": "Security", "help": "", "settings": [], "version": 2}
    world.api.answers[f"PUT {security}"] = (200, answer)
    run(make_owner(world.context.session, "launch"))
    assert world.api.body(f"PUT {security}") == {"lock_minutes": 0}
    assert world.api.requests[-1].headers["Authorization"] == "Bearer t"


def test_a_refused_secret_leads_to_the_sign_in(stage: Stage, run: Run) -> None:
    refusal = (403, {"detail": "Signing in from this PC is switched off.", "code": "off"})
    stage.world.api.answers[f"POST {LOCAL_LOGIN}"] = refusal

    async def scene() -> None:
        stage.app.show()
        stage.service.say(ServiceState.RUNNING)
        await stage.shows(SignInScreen)

    run(scene())
    screen = stage.screen
    assert isinstance(screen, SignInScreen)
    assert screen.error.text() == "Signing in from this PC is switched off."


def test_a_service_that_cannot_start_says_so_on_the_whole_window(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        stage.app.show()
        stage.service.say(ServiceState.FAILED, "Port 1 is taken.")
        await stage.shows(FailedScreen)
        stage.app._try_again()
        await stage.shows(StartingScreen)

    run(scene())
    assert stage.service.tries == 1


def test_a_service_that_dies_is_a_banner_that_goes_away(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        stage.service.say(ServiceState.RESTARTING, "It was ended from outside (signal 9).")
        (text,) = stage.app.window.banners.texts()
        assert "signal 9" in text
        assert stage.app.window.workspace is not None
        stage.service.say(ServiceState.RUNNING)

    run(scene())
    assert stage.app.window.banners.texts() == []


def test_a_stream_that_breaks_is_resumed_and_said_meanwhile(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        await until(lambda: stage.world.context.live.state == "live", "the stream")
        stage.world.live.refuse_connections = True
        stage.world.live.cut()
        await until(stage.app.window.banners.texts, "banner")
        assert stage.app.window.status.service.text() == "Service not reachable"
        stage.world.live.refuse_connections = False
        await until(lambda: not stage.app.window.banners.texts(), "end of the banner")

    run(scene())
    assert stage.world.live.hellos[-1]["since"] == 1


def test_signing_out_ends_the_session_and_forgets_what_was_seen(stage: Stage, run: Run) -> None:
    stage.world.api.answers[f"POST {LOGOUT}"] = (200, {"message": "x"})

    async def scene() -> None:
        await stage.sign_in()
        stage.world.live.change(2, "device", 1, {"hostname": "A"})
        await until(lambda: stage.world.context.live.kind("device"), "device")
        stage.app.window.sign_out_wanted.emit()
        await stage.shows(SignInScreen)

    run(scene())
    assert f"POST {LOGOUT}" in stage.world.api.calls()
    assert stage.world.context.client.token is None
    assert stage.world.context.live.kind("device") == {}
    screen = stage.screen
    assert isinstance(screen, SignInScreen)
    assert screen.error.text() == ""


@pytest.mark.parametrize("how", ["stream", "call"])
def test_a_session_that_ended_asks_to_sign_in_again(stage: Stage, run: Run, how: str) -> None:
    async def scene() -> None:
        await stage.sign_in()
        if how == "stream":
            stage.world.live.problem("Sign in again.")
        else:
            stage.world.context.ops.unauthorized.emit()
        await stage.shows(SignInScreen)

    run(scene())
    screen = stage.screen
    assert isinstance(screen, SignInScreen)
    assert screen.error.text() == "Your session has ended. Sign in again."


def test_a_session_that_ended_while_locked_leads_to_the_sign_in_with_a_password(
    stage: Stage, run: Run
) -> None:
    async def scene() -> None:
        await stage.sign_in()
        stage.app.window.lock_wanted.emit()
        stage.world.live.problem("Sign in again.")
        await stage.shows(SignInScreen)
        await until(lambda: not stage.app.window.is_covered, "end of the cover")
        stage.service.say(ServiceState.RUNNING)
        await asyncio.sleep(0.05)

    run(scene())
    screen = stage.screen
    assert isinstance(screen, SignInScreen)
    assert screen.error.text() == "Your session has ended. Sign in again."
    assert screen.here.isHidden(), "a way round the password"
    assert stage.app.window.focusWidget() is screen.username.edit
    assert stage.world.api.calls().count(f"POST {LOCAL_LOGIN}") == 1
    assert not stage.app.lock.is_locked


def test_somebody_else_signs_in_at_a_locked_window(stage: Stage, run: Run) -> None:
    stage.world.api.answers[f"POST {LOGOUT}"] = (200, {"message": "x"})
    grace = {**msgspec.to_builtins(OWNER), "id": "2", "username": "grace"}
    stage.world.api.answers[f"POST {LOGIN}"] = (200, GOOD[1] | {"user": grace})

    async def scene() -> None:
        await stage.sign_in()
        theirs = stage.world.context.drafts("scripts", dict)
        theirs.save("1", {"text": "half"})
        stage.app.window.lock_wanted.emit()
        assert stage.app.lock.screen is not None
        stage.app.lock.screen.other.click()
        await stage.shows(SignInScreen)
        screen = stage.screen
        assert isinstance(screen, SignInScreen)
        assert screen.here.isHidden()
        screen.username.edit.setText("grace")
        screen.password.edit.setText("right")
        screen.sign_in.click()
        await until(lambda: stage.app.window.workspace, "the workspace")
        assert stage.world.context.drafts("scripts", dict).keys() == []
        assert theirs.keys() == ["1"]

    run(scene())
    assert f"POST {LOGOUT}" in stage.world.api.calls()
    assert not stage.app.window.is_covered


def test_a_locked_window_with_nothing_unsaved_closes(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        stage.app.window.lock_wanted.emit()
        stage.app.window.close()
        await stage.app.closed.wait()

    run(scene())
    assert stage.service.stopped


def test_a_locked_window_with_unsaved_work_says_so_and_stays(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        page = stage.world.context.navigator.page
        assert isinstance(page, _Devices)
        page.allowed = False
        stage.app.window.lock_wanted.emit()
        stage.app.window.close()
        await asyncio.sleep(0.05)

    run(scene())
    assert not stage.app.closed.is_set()
    assert stage.app.lock.screen is not None
    assert "unlocked" in stage.app.lock.screen.note.text()


def test_where_the_owner_switched_it_off_the_window_asks_for_name_and_password(
    stage: Stage, run: Run
) -> None:
    refusal = (403, {"detail": "Switched off.", "code": "local_sign_in_off"})
    stage.world.api.answers[f"POST {LOCAL_LOGIN}"] = refusal

    async def scene() -> None:
        stage.app.show()
        stage.service.say(ServiceState.RUNNING)
        await stage.shows(SignInScreen)

    run(scene())
    screen = stage.screen
    assert isinstance(screen, SignInScreen)
    assert screen.error.isHidden()
    assert screen.here.isHidden()
    screen.forgotten.question.click()
    assert "reset-password" in screen.forgotten.command.line.text()


@pytest.mark.parametrize("here", [True, False])
def test_after_signing_out_the_way_without_a_password_is_offered_only_where_it_is_open(
    stage: Stage, run: Run, here: bool
) -> None:
    stage.world.api.answers[f"POST {LOGOUT}"] = (200, {"message": "x"})
    facts = {"id": 1, "name": "Lab", "lock_minutes": 15, "local_sign_in": here}
    live = stage.world.context.live

    async def scene() -> None:
        await stage.sign_in()
        stage.world.live.change(2, "service", 1, facts)
        await until(lambda: live.kind("service"), "news")
        stage.app.window.sign_out_wanted.emit()
        await stage.shows(SignInScreen)

    run(scene())
    screen = stage.screen
    assert isinstance(screen, SignInScreen)
    assert screen.here.isHidden() is not here


def test_closing_stops_the_service_and_keeps_the_arrangement(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        stage.app.window.close()
        await stage.app.closed.wait()

    run(scene())
    assert stage.service.stopped
    assert not stage.app.window.isVisible()
    assert stage.world.context.settings.contains("window/geometry")


def test_a_second_click_does_not_ask_again(stage: Stage, run: Run) -> None:
    asked: list[asyncio.Future[bool]] = []

    async def scene() -> None:
        await stage.sign_in()
        page = stage.world.context.navigator.page
        assert isinstance(page, _Devices)

        def ask() -> asyncio.Future[bool]:
            asked.append(asyncio.get_running_loop().create_future())
            return asked[-1]

        page.ask = ask
        for _ in range(2):
            stage.app.window.close()
            await asyncio.sleep(0)
        assert len(asked) == 1
        asked[0].set_result(True)
        await stage.app.closed.wait()

    run(scene())


def test_unsaved_work_keeps_the_window_open(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        page = stage.world.context.navigator.page
        assert isinstance(page, _Devices)
        page.allowed = False
        stage.app.window.close()
        await asyncio.sleep(0.05)
        assert not stage.app.closed.is_set()
        assert stage.app.window.isVisible()

    run(scene())
    assert not stage.service.stopped
