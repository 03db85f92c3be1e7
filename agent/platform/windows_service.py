"""The agent as a Windows service: installing it, removing it, and being it."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pywintypes
import servicemanager
import win32service
import win32serviceutil
import winerror

from agent.commands import own_command
from agent.errors import AgentError
from agent.platform.base import service_name

USUAL_DATA_FOLDER = Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "DeployFlow Agent"
_RESTART_AFTER_MS = 5000
_PATIENCE_S = 30


def install(data_folder: Path) -> str:
    name = service_name(data_folder, USUAL_DATA_FOLDER)
    command = subprocess.list2cmdline(own_command("service", "--data-dir", str(data_folder)))
    try:
        service = _create_or_change(name, command)
    except pywintypes.error as error:
        raise AgentError(
            f"The service could not be installed ({error.strerror}); run this as administrator."
        ) from None
    try:
        _restart_when_it_dies(service)
        _stop(service)
        win32service.StartService(service, None)
    except pywintypes.error as error:
        raise AgentError(f"The service {name} is installed but does not start: {error.strerror}") from None
    finally:
        win32service.CloseServiceHandle(service)
    return f"The service {name} is installed and runs."


def uninstall(data_folder: Path) -> str:
    name = service_name(data_folder, USUAL_DATA_FOLDER)
    try:
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
        service = win32service.OpenService(manager, name, win32service.SERVICE_ALL_ACCESS)
    except pywintypes.error as error:
        if error.winerror == winerror.ERROR_SERVICE_DOES_NOT_EXIST:
            return f"The service {name} is not installed."
        raise AgentError(
            f"The service could not be removed ({error.strerror}); run this as administrator."
        ) from None
    try:
        _stop(service)
        win32service.DeleteService(service)
    finally:
        win32service.CloseServiceHandle(service)
    return f"The service {name} is removed; the data folder {data_folder} is untouched."


def _create_or_change(name: str, command: str) -> Any:
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_ALL_ACCESS)
    try:
        return win32service.CreateService(
            manager,
            name,
            _display_name(name),
            win32service.SERVICE_ALL_ACCESS,
            win32service.SERVICE_WIN32_OWN_PROCESS,
            win32service.SERVICE_AUTO_START,
            win32service.SERVICE_ERROR_NORMAL,
            command,
            None,
            False,
            None,
            None,
            None,
        )
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_SERVICE_EXISTS:
            raise
    service = win32service.OpenService(manager, name, win32service.SERVICE_ALL_ACCESS)
    unchanged = win32service.SERVICE_NO_CHANGE
    win32service.ChangeServiceConfig(
        service,
        unchanged,
        win32service.SERVICE_AUTO_START,
        unchanged,
        command,
        None,
        False,
        None,
        None,
        None,
        None,
    )
    return service


def _display_name(name: str) -> str:
    """Windows refuses a second service of the same display name: an agent of another folder says which."""
    _, _, folder = name.partition("deployflow-agent-")
    return f"DeployFlow agent ({folder})" if folder else "DeployFlow agent"


def _restart_when_it_dies(service: Any) -> None:
    win32service.ChangeServiceConfig2(
        service,
        win32service.SERVICE_CONFIG_FAILURE_ACTIONS,
        {
            "ResetPeriod": 86400,
            "RebootMsg": "",
            "Command": "",
            "Actions": [(win32service.SC_ACTION_RESTART, _RESTART_AFTER_MS)] * 3,
        },
    )


def _state(service: Any) -> int:
    return int(win32service.QueryServiceStatus(service)[1])


def _stop(service: Any) -> None:
    patience = time.monotonic() + _PATIENCE_S
    while _state(service) != win32service.SERVICE_STOPPED and time.monotonic() < patience:
        # One that is just starting, ending or being started anew hears nothing.
        with contextlib.suppress(pywintypes.error):
            win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
        time.sleep(0.1)


def host(data_folder: Path, work: Callable[[Callable[[Callable[[], None]], None]], None]) -> None:
    """Be the service; returns when Windows has stopped it.

    `work` is called with a function to which it hands its own way to be stopped from another thread.
    """
    stop: list[Callable[[], None]] = []
    told_to_stop = threading.Event()

    def stop_when(stopper: Callable[[], None]) -> None:
        stop.append(stopper)
        if told_to_stop.is_set():
            stopper()

    class Service(win32serviceutil.ServiceFramework):
        _svc_name_ = service_name(data_folder, USUAL_DATA_FOLDER)
        _svc_display_name_ = "DeployFlow agent"

        def SvcDoRun(self) -> None:
            try:
                work(stop_when)
            except BaseException:
                # Windows starts again what ended without a word. Whoever says that it has stopped, as would
                # be said for us now, stays stopped.
                os._exit(1)

        def SvcStop(self) -> None:
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)
            told_to_stop.set()
            for stopper in stop:
                stopper()

    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(Service)
    servicemanager.StartServiceCtrlDispatcher()  # type: ignore[no-untyped-call]
