"""The window's composition root: the only place that knows every feature."""

from __future__ import annotations

import asyncio
import importlib
import linecache
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from pathlib import Path

from PySide6.QtWidgets import QWidget

from backend_lite.contract.access import LOCAL_SIGN_IN_OFF, User
from console.core.client import ApiClient
from console.core.errors import ApiError, ConsoleError
from console.core.live import LiveState, LiveStore
from console.core.local_agent import LocalAgent
from console.core.service_facts import service_facts
from console.core.session import Session
from console.core.texts import tr
from console.service_process import ServiceProcess, ServiceState, ServiceStatus
from console.shell.context import Context
from console.shell.feature import Feature
from console.shell.main_window import MainWindow
from console.shell.navigator import Navigator
from console.shell.notices import Action, Notices
from console.shell.op_runner import OpRunner
from console.shell.start_screens import FailedScreen, StartingScreen
from console.shell.theme import theme
from console.shell.window_state import open_settings
from console.window_lock import WindowLock

BANNER = "service"
HOME = "devices"
AFTER_SETUP = "add-device"


def features() -> Iterator[Feature]:
    """In the order of the navigation. All that a feature consists of is imported when its turn comes."""
    from console.features.fleet.feature import features as fleet

    yield from fleet()
    from console.features.enroll.feature import feature as enroll

    yield enroll()
    from console.features.library.feature import feature as library

    yield library()
    from console.features.software.feature import feature as software

    yield software()
    from console.features.plans.feature import feature as plans

    yield plans()
    from console.features.runs.feature import feature as runs

    yield runs()
    from console.features.approvals.feature import feature as approvals

    yield approvals()
    from console.features.accounts.feature import feature as accounts

    yield accounts()
    from console.features.audit.feature import feature as audit

    yield audit()
    from console.features.settings.feature import feature as settings

    yield settings()
    from console.features.backups.feature import feature as backups

    yield backups()
    from console.features.access.feature import feature as access

    yield access()


def make_context(service: ServiceProcess, settings_file: Path) -> Context:
    """Everything that pages share, not yet connected to anything."""
    client = ApiClient("")
    notices = Notices()
    return Context(
        client=client,
        live=LiveStore(client),
        ops=OpRunner(notices),
        navigator=Navigator(),
        notices=notices,
        theme=theme(),
        settings=open_settings(settings_file),
        session=Session(client),
        local=service.local,
        this_pc=LocalAgent(service.local.data_dir / "this-pc"),
    )


SetUp = Callable[[Session, str], Awaitable[None]]


class App:
    """Brings service, session and window together. `run` returns when the window is closed.

    `set_up` makes the owner of a new service with the launch secret; without it a person is asked. `found` is
    gone through once the window is shown.
    """

    def __init__(
        self,
        service: ServiceProcess,
        context: Context,
        found: Iterable[Feature],
        set_up: SetUp | None = None,
    ) -> None:
        self.service = service
        self.context = context
        self._found = found
        self._features: list[Feature] = []
        self._loaded = asyncio.Event()
        self._is_whole = False
        self._set_up = set_up
        context.theme.apply(str(context.settings.value("window/theme", "system")))
        self.window = MainWindow(context)
        self.closed = asyncio.Event()
        self.signed_in = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving: asyncio.Task[None] | None = None
        self._first_run = False
        self._ask_person = False
        self._here_allowed = True
        self.lock = WindowLock(context, self.window)
        self._connect()

    async def run(self) -> None:
        self.show()
        await self.closed.wait()

    def show(self) -> None:
        self.window.show_screen(StartingScreen())
        self.window.show()
        self.service.watch()
        self.service.subscribe(self._service_changed)
        self._start(self._load())

    def close(self) -> None:
        """As a person closes the window: what would be lost keeps it open."""
        if self.lock.screen is not None:
            self.lock.screen.say(tr("If something is unsaved, the window asks about it once it is unlocked."))
        self._once(self._close)

    async def _load(self) -> None:
        """While the service starts; between two features the window answers."""
        try:
            await _load_network_libraries()
            for feature in self._found:
                self._features.append(feature)
                # PySide reads the source of every imported module, and it would stay: 10 MB in the end.
                linecache.clearcache()
                await asyncio.sleep(0)
            from console.features.access.step_up import StepUp

            self.context.client.confirm_person = StepUp(self.context, self.window).ask
            self._is_whole = True
        finally:
            self._loaded.set()

    def _connect(self) -> None:
        context = self.context
        self.window.close_wanted.connect(self.close)
        self.window.sign_out_wanted.connect(lambda: self._once(self._ask_and_sign_out))
        self.lock.other_wanted.connect(lambda: self._start(self._sign_out()))
        context.session.subscribe(self._person_changed)
        context.live.subscribe_state(self._stream_changed)
        context.rights.follow(context.live)
        context.ops.unauthorized.connect(self._unauthorized)

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _once(self, leave: Callable[[], Coroutine[object, object, None]]) -> None:
        """Nothing while the open page asks already."""
        if self._leaving is None or self._leaving.done():
            self._leaving = self._start(leave())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.context.ops.blame(tr("The window"), error)

    # ---- the service

    def _service_changed(self, status: ServiceStatus) -> None:
        if status.state is ServiceState.RUNNING:
            self._service_runs(status)
        elif status.state is ServiceState.RESTARTING:
            self._banner(tr("The service stopped and is being started again. {why}", why=status.sentence))
        elif status.state is ServiceState.FAILED:
            self._service_failed(status)

    def _service_runs(self, status: ServiceStatus) -> None:
        self.context.client.base_url = status.admin_url
        self.context.notices.clear(BANNER)
        this_pc = self.context.this_pc
        if this_pc is not None and this_pc.is_enrolled:
            this_pc.start()
        if self.context.session.user is None:
            self._start(self._begin_session(status.secret))
        else:
            self.context.live.retry_now()

    def _service_failed(self, status: ServiceStatus) -> None:
        if self.context.session.user is not None:
            self._banner(tr("The service cannot start: {why}", why=status.sentence))
        else:
            self._screen(
                FailedScreen(tr("The service cannot start"), status.sentence, self.close, self._try_again)
            )

    def _try_again(self) -> None:
        self._screen(StartingScreen())
        self.service.try_now()

    def _banner(self, text: str) -> None:
        action = Action(tr("Try now"), self.service.try_now)
        self.context.notices.banner(BANNER, text, "warning", action)

    def _stream_changed(self, state: LiveState) -> None:
        running = self.service.status.state is ServiceState.RUNNING
        if state is LiveState.LOST and running:
            self._banner(tr("The service does not answer. What you see is what was known before."))
        elif state is LiveState.LIVE:
            self.context.notices.clear(BANNER)
        elif state is LiveState.REFUSED:
            self.context.session.ended()

    # ---- the person

    async def _begin_session(self, secret: str) -> None:
        session = self.context.session
        try:
            if await session.setup_needed():
                await self._first_start(secret)
            elif self._ask_person or not secret:
                self._sign_in_screen()
            else:
                await session.sign_in_here(secret)
        except ApiError as refusal:
            self._here_allowed = refusal.code != LOCAL_SIGN_IN_OFF
            # The owner's wish, which needs no words at every start.
            self._sign_in_screen(refusal.detail if self._here_allowed else "")
        except ConsoleError as error:
            self._screen(
                FailedScreen(tr("The service cannot start"), str(error), self.close, self._session_again)
            )

    async def _first_start(self, secret: str) -> None:
        if self._set_up is not None:
            await self._set_up(self.context.session, secret)
            return
        from console.features.access.first_run import FirstRunScreen

        self._first_run = True
        self._screen(FirstRunScreen(self.context, self.service.local))

    def _session_again(self) -> None:
        self._screen(StartingScreen())
        self._start(self._begin_session(self.service.status.secret))

    def _sign_in_screen(self, reason: str = "") -> None:
        from console.features.access.sign_in import SignInScreen

        local = self.context.local if self._here_allowed else None
        screen = SignInScreen(self.context, local, reason)
        self._screen(screen)
        screen.look_for_provider()

    def _person_changed(self, user: User | None) -> None:
        if user is None:
            self.signed_in.clear()
            self._start(self._after_session())
            return
        self._ask_person = False
        self._start(self._enter(user))

    async def _enter(self, user: User) -> None:
        """The workspace shows what this person may do, so that has to be known first."""
        await self.context.rights.read()
        await self._loaded.wait()
        if self.context.session.user is not user:
            return
        if not self._is_whole:
            sentence = tr("A part of the window could not be loaded. Install the program again.")
            self._screen(FailedScreen(tr("The window is not complete"), sentence, self.close))
            return
        self.signed_in.set()
        self.context.live.start()
        workspace = self.window.show_workspace(self._features)
        home = HOME if self.context.navigator.has(HOME) else AFTER_SETUP
        self.context.navigator.open(AFTER_SETUP if self._first_run else workspace.home(home))
        self._first_run = False
        self.lock.begin()

    async def _after_session(self) -> None:
        reason = "" if self._ask_person else tr("Your session has ended. Sign in again.")
        # Whoever stands before a locked window is not let in without a password by a way round.
        self._here_allowed = not self.lock.is_locked and service_facts(self.context.live).local_sign_in
        self._ask_person = self._ask_person or self.lock.is_locked
        await self.context.live.stop()
        self.context.live.forget()
        self._sign_in_screen(reason)
        self.context.rights.forget()
        self.lock.end()

    async def _ask_and_sign_out(self) -> None:
        if await self.context.navigator.may_close():
            await self._sign_out()

    async def _sign_out(self) -> None:
        self._ask_person = True
        await self.context.session.sign_out()

    def _unauthorized(self) -> None:
        if self.context.session.user is not None:
            self.context.session.ended()

    def _screen(self, screen: QWidget) -> None:
        self.window.show_screen(screen)
        screen.setFocus()

    # ---- the end

    async def _close(self) -> None:
        if self.closed.is_set() or not await self.context.navigator.may_close():
            return
        self.window.save()
        self.window.hide()
        await self.context.ops.stop()
        await self.context.live.stop()
        await self.context.rights.stop()
        await self.context.client.aclose()
        if self.context.this_pc is not None:
            await self.context.this_pc.stop()
        await self.service.stop()
        self.window.close_now()
        self.closed.set()


async def _load_network_libraries() -> None:
    """Beside the first frames instead of between them: together they take a fifth of a second."""
    for name in ("httpx", "websockets.asyncio.client"):
        if name not in sys.modules:
            await asyncio.to_thread(importlib.import_module, name)
