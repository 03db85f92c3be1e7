"""One process, one window: Qt, the event loop, and what nobody caught."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import qasync
from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QSocketNotifier,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from console.app import App, SetUp, features, make_context
from console.core import texts
from console.core.logfile import open_log
from console.core.texts import tr
from console.garbage import GarbageCollector
from console.service_process import ServiceProcess
from console.shell.notices import Notices

log = logging.getLogger(__name__)


def run_window(service: ServiceProcess) -> int:
    """Opens the window of the service's data folder; returns when it is closed."""

    async def main() -> int:
        app = make_app(service)
        await app.run()
        return 0

    return run_loop(main)


def make_app(service: ServiceProcess, set_up: SetUp | None = None) -> App:
    """Within a running loop: the window with everything that belongs to the process."""
    data_dir = service.local.data_dir
    open_log(data_dir)
    context = make_context(service, data_dir / "console" / "window.ini")
    app = App(service, context, features(), set_up)
    GarbageCollector(app.window)
    _catch_the_rest(app.context.notices)
    _close_on_signals(app)
    return app


def run_loop(main: Callable[[], Awaitable[int]]) -> int:
    """Runs `main` on a loop that serves Qt and asyncio alike; its answer is the exit code."""
    qInstallMessageHandler(_keep)
    qt = QApplication(sys.argv[:1])
    qt.setApplicationName("DeployFlow")
    qt.setDesktopFileName("deployflow")
    # The last window may close while the service is still being stopped.
    qt.setQuitOnLastWindowClosed(False)
    texts.install_translator(lambda source: QCoreApplication.translate("console", source))
    loop = qasync.QEventLoop(qt)
    asyncio.set_event_loop(loop)
    with loop:
        code: int = loop.run_until_complete(main())
        _finish(loop)
    return code


def _keep(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    """What Qt says goes into the log of the window, but for what its offscreen twin says of every window."""
    if "propagateSizeHints" not in message:
        level = logging.ERROR if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg) else logging.WARNING
        log.log(level, "Qt: %s", message)


def _finish(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


def _catch_the_rest(notices: Notices) -> None:
    """An exception in a slot or in a task that nobody waits for is a bug to show, not to swallow."""

    def show(error: BaseException) -> None:
        error_id = secrets.token_hex(4)
        log.error("unexpected error [%s]", error_id, exc_info=error)
        details = "".join(traceback.format_exception(error))
        notices.bug(tr("Something went wrong in the window."), error_id, details)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, Exception):
            show(error)
        else:
            sys.__excepthook__(kind, error, trace)

    def of_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            show(error)
        else:
            log.error("event loop: %s", context.get("message"))

    sys.excepthook = hook
    asyncio.get_running_loop().set_exception_handler(of_loop)


def _close_on_signals(app: App) -> None:
    """Ctrl+C and a polite kill close the window as a person would. Python runs handlers only when the
    interpreter runs, and Qt may wait in C for long: the wake-up socket brings it back."""
    ours, interpreters = socket.socketpair()
    for end in (ours, interpreters):
        end.setblocking(False)
    signal.set_wakeup_fd(interpreters.fileno())
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read, app.window)
    notifier.activated.connect(lambda: ours.recv(64))
    app.window.destroyed.connect(lambda: _forget_wake_up(interpreters))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.close())


def _forget_wake_up(end: socket.socket) -> None:
    signal.set_wakeup_fd(-1)
    end.close()
