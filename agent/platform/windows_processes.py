"""Processes on Windows: a Job Object owns the script's whole tree."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
import subprocess
from ctypes import wintypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from agent.platform.people import Person
    from agent.platform.windows_start_as import ProcessOfPerson

DETACHED: dict[str, Any] = {
    "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP,
}
"""Arguments of subprocess.Popen for a process that outlives the one that starts it."""

_CREATE_SUSPENDED = 0x4
_CTRL_BREAK_EVENT = 1
_PIPE_NOWAIT = 1
_JOB_BASIC_ACCOUNTING = 1
_JOB_EXTENDED_LIMITS = 9
_KILL_ON_JOB_CLOSE = 0x2000
_PROCESS_QUERY_LIMITED = 0x1000
_SYNCHRONIZE = 0x100000
_WAIT_TIMEOUT = 0x102
_KILLED = 1


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", wintypes.DWORD),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", wintypes.DWORD),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", wintypes.DWORD),
        ("SchedulingClass", wintypes.DWORD),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class _Accounting(ctypes.Structure):
    _fields_ = (
        ("Times", ctypes.c_int64 * 4),
        ("TotalPageFaultCount", wintypes.DWORD),
        ("TotalProcesses", wintypes.DWORD),
        ("ActiveProcesses", wintypes.DWORD),
        ("TotalTerminatedProcesses", wintypes.DWORD),
    )


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_ntdll = ctypes.WinDLL("ntdll")
_kernel32.CreateJobObjectW.restype = wintypes.HANDLE
_kernel32.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
_kernel32.SetInformationJobObject.argtypes = (
    wintypes.HANDLE,
    ctypes.c_int,
    ctypes.c_void_p,
    wintypes.DWORD,
)
_kernel32.QueryInformationJobObject.argtypes = (
    wintypes.HANDLE,
    ctypes.c_int,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_void_p,
)
_kernel32.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
_kernel32.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
_kernel32.OpenProcess.restype = wintypes.HANDLE
_kernel32.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
_kernel32.GetProcessTimes.argtypes = (wintypes.HANDLE, *(ctypes.POINTER(ctypes.c_uint64),) * 4)
_kernel32.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
_kernel32.WaitForSingleObject.restype = wintypes.DWORD
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.SetNamedPipeHandleState.argtypes = (
    wintypes.HANDLE,
    ctypes.POINTER(wintypes.DWORD),
    ctypes.c_void_p,
    ctypes.c_void_p,
)
_kernel32.GenerateConsoleCtrlEvent.argtypes = (wintypes.DWORD, wintypes.DWORD)
_ntdll.NtResumeProcess.argtypes = (wintypes.HANDLE,)


def _must(done: int) -> None:
    if not done:
        raise ctypes.WinError(ctypes.get_last_error())


def give_back_memory() -> None:
    """Windows does so by itself."""


def awake_clock() -> float:
    """Seconds since the start of Windows, without the time it was suspended."""
    ticks = ctypes.c_uint64()
    _must(_kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks)))
    return ticks.value / 10_000_000


def never_block(fd: int) -> None:
    import msvcrt

    mode = wintypes.DWORD(_PIPE_NOWAIT)
    _must(_kernel32.SetNamedPipeHandleState(msvcrt.get_osfhandle(fd), ctypes.byref(mode), None, None))


def adopt_orphans() -> None:
    """Nothing to do: a Job Object holds on to descendants by itself."""


def in_group(group: None) -> None:
    """Nothing to do: here a Job Object is the group."""


def start_mark(pid: int) -> str:
    """When a process started, in words that only mean something on this boot; empty when it is gone."""
    handle = _kernel32.OpenProcess(_PROCESS_QUERY_LIMITED | _SYNCHRONIZE, False, pid)
    if not handle:
        return ""
    try:
        if _kernel32.WaitForSingleObject(handle, 0) != _WAIT_TIMEOUT:
            return ""
        times = [ctypes.c_uint64() for _ in range(4)]
        _must(_kernel32.GetProcessTimes(handle, *(ctypes.byref(time) for time in times)))
        return str(times[0].value)
    finally:
        _kernel32.CloseHandle(handle)


def is_alive(pid: int, mark: str) -> bool:
    """True while the very process runs whose start mark this is; a later one with the same pid is not it."""
    return mark != "" and start_mark(pid) == mark


def _start(
    argv: list[str], environment: dict[str, str], folder: str, person: Person | None, flags: int
) -> subprocess.Popen[bytes] | ProcessOfPerson:
    if person is not None:
        from agent.platform.windows_start_as import start_as

        return start_as(person, argv, environment, folder, flags)
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **environment},
        bufsize=0,
        creationflags=flags,
    )


def _taken_over(pipe: IO[bytes] | None) -> int:
    assert pipe is not None
    with pipe:
        return os.dup(pipe.fileno())


def hand_over(folder: str, person: Person) -> None:
    """Give a folder of an attempt, and what is in it, to the person who is to run it."""
    from agent.platform import windows_people

    windows_people.grant(folder, person)


class ScriptProcess:
    """A script and everything it started. `output` are the reading ends of stdout and stderr."""

    def __init__(
        self, argv: list[str], environment: dict[str, str], folder: str, person: Person | None = None
    ) -> None:
        """`environment` is laid over this process's own, or over that of the person."""
        self._job = _kernel32.CreateJobObjectW(None, None)
        _must(self._job)
        self._limit(_KILL_ON_JOB_CLOSE)
        # Suspended until it is in the job, so that nothing it starts can be outside.
        flags = _CREATE_SUSPENDED | subprocess.CREATE_NEW_PROCESS_GROUP
        self._process = _start(argv, environment, folder, person, flags)
        handle = int(self._process._handle)  # type: ignore[union-attr]
        try:
            _must(_kernel32.AssignProcessToJobObject(self._job, handle))
        except OSError:
            self._process.kill()
            raise
        _ntdll.NtResumeProcess(handle)
        # Descriptors of their own: closing one waits for whoever still reads from it.
        self.output = (_taken_over(self._process.stdout), _taken_over(self._process.stderr))

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when the script still runs after so many seconds."""
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def is_gone(self) -> bool:
        """True when neither the script nor anything it started is left."""
        counts = _Accounting()
        _must(
            _kernel32.QueryInformationJobObject(
                self._job, _JOB_BASIC_ACCOUNTING, ctypes.byref(counts), ctypes.sizeof(counts), None
            )
        )
        return bool(counts.ActiveProcesses == 0)

    def ask_to_end(self) -> None:
        # Fails where the script has no console; then only the end of the grace helps.
        _kernel32.GenerateConsoleCtrlEvent(_CTRL_BREAK_EVENT, self._process.pid)

    def kill_tree(self) -> None:
        """End everything in the job and return when nothing is left."""
        import time

        while not self.is_gone():
            _must(_kernel32.TerminateJobObject(self._job, _KILLED))
            time.sleep(0.01)

    def let_go(self) -> None:
        """What the script left running on purpose goes on without us."""
        self._limit(0)

    def _limit(self, flags: int) -> None:
        limits = _ExtendedLimits()
        limits.BasicLimitInformation.LimitFlags = flags
        _must(
            _kernel32.SetInformationJobObject(
                self._job, _JOB_EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
            )
        )
