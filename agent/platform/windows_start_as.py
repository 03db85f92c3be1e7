"""Windows: a program with the token, the environment and the desktop of the person at the screen.

The job that owns a script's tree is the runner's. Where Windows does not let the person's first process into
it, that process is ended before anything of it has run, and the step is rejected.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import msvcrt
import os
import subprocess
from ctypes import wintypes

from agent.platform.windows_people import is_own, token_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from agent.platform.people import Person

_USE_STD_HANDLES = 0x100
_UNICODE_ENVIRONMENT = 0x400
_EXTENDED_STARTUP = 0x80000
_HANDLE_LIST = 0x20002
_WAIT_TIMEOUT = 0x102
_FOREVER = 0xFFFFFFFF


class _StartupInfo(ctypes.Structure):
    _fields_ = (
        ("cb", wintypes.DWORD),
        ("reserved", wintypes.LPWSTR),
        ("desktop", wintypes.LPWSTR),
        ("title", wintypes.LPWSTR),
        ("place_and_size", wintypes.DWORD * 7),
        ("flags", wintypes.DWORD),
        ("show", wintypes.WORD),
        ("reserved_2_size", wintypes.WORD),
        ("reserved_2", ctypes.c_void_p),
        ("stdin", wintypes.HANDLE),
        ("stdout", wintypes.HANDLE),
        ("stderr", wintypes.HANDLE),
        ("attributes", ctypes.c_void_p),
    )


class _ProcessInformation(ctypes.Structure):
    _fields_ = (
        ("process", wintypes.HANDLE),
        ("thread", wintypes.HANDLE),
        ("pid", wintypes.DWORD),
        ("tid", wintypes.DWORD),
    )


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_userenv = ctypes.WinDLL("userenv", use_last_error=True)
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
_kernel32.WaitForSingleObject.restype = wintypes.DWORD
_kernel32.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
_kernel32.TerminateProcess.argtypes = (wintypes.HANDLE, wintypes.UINT)
_kernel32.InitializeProcThreadAttributeList.argtypes = (
    ctypes.c_void_p,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(ctypes.c_size_t),
)
_kernel32.UpdateProcThreadAttribute.argtypes = (
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_void_p,
)
_kernel32.DeleteProcThreadAttributeList.argtypes = (ctypes.c_void_p,)
_advapi32.GetTokenInformation.argtypes = (
    wintypes.HANDLE,
    ctypes.c_int,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.DWORD),
)
_advapi32.CreateProcessAsUserW.argtypes = (
    wintypes.HANDLE,
    wintypes.LPCWSTR,
    wintypes.LPWSTR,
    ctypes.c_void_p,
    ctypes.c_void_p,
    wintypes.BOOL,
    wintypes.DWORD,
    ctypes.c_void_p,
    wintypes.LPCWSTR,
    ctypes.POINTER(_StartupInfo),
    ctypes.POINTER(_ProcessInformation),
)
_userenv.CreateEnvironmentBlock.argtypes = (
    ctypes.POINTER(ctypes.c_void_p),
    wintypes.HANDLE,
    wintypes.BOOL,
)
_userenv.DestroyEnvironmentBlock.argtypes = (ctypes.c_void_p,)


def _must(done: int) -> None:
    if not done:
        raise ctypes.WinError(ctypes.get_last_error())


def start_as(
    person: Person, argv: list[str], environment: dict[str, str], folder: str, flags: int
) -> subprocess.Popen[bytes] | ProcessOfPerson:
    """A process with the person's token and environment; stdout and stderr are pipes, stdin is empty."""
    if is_own(person):
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
    token = token_of(person)
    try:
        return ProcessOfPerson(token, argv, variables_of(token) | environment, folder, flags)
    finally:
        _kernel32.CloseHandle(token)


class ProcessOfPerson:
    """The part of subprocess.Popen that is needed of it."""

    def __init__(
        self, token: int, argv: list[str], environment: dict[str, str], folder: str, flags: int
    ) -> None:
        out, err = os.pipe(), os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        self.stdout: IO[bytes] = open(out[0], "rb", 0)  # noqa: SIM115, PTH123
        self.stderr: IO[bytes] = open(err[0], "rb", 0)  # noqa: SIM115, PTH123
        theirs = (nothing, out[1], err[1])
        try:
            for fd in theirs:
                os.set_handle_inheritable(msvcrt.get_osfhandle(fd), True)
            started = _create(
                token,
                subprocess.list2cmdline(argv),
                [msvcrt.get_osfhandle(fd) for fd in theirs],
                _block(environment),
                folder,
                flags,
            )
        except OSError:
            self.stdout.close()
            self.stderr.close()
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self._handle = started.process
        self.pid = int(started.pid)
        _kernel32.CloseHandle(started.thread)

    def wait(self, timeout: float | None = None) -> int:
        patience = _FOREVER if timeout is None else int(timeout * 1000)
        if _kernel32.WaitForSingleObject(self._handle, patience) == _WAIT_TIMEOUT:
            raise subprocess.TimeoutExpired("", timeout or 0.0)
        code = wintypes.DWORD()
        _must(_kernel32.GetExitCodeProcess(self._handle, ctypes.byref(code)))
        return int(code.value)

    def kill(self) -> None:
        _must(_kernel32.TerminateProcess(self._handle, 1))


def _create(
    token: int, command: str, handles: list[int], block: ctypes.Array[ctypes.c_wchar], folder: str, flags: int
) -> _ProcessInformation:
    # Exactly these three are inherited, whatever else this process holds.
    attributes, listed = _handle_list(handles)
    startup = _StartupInfo(
        cb=ctypes.sizeof(_StartupInfo),
        desktop="winsta0\\default",
        flags=_USE_STD_HANDLES,
        stdin=handles[0],
        stdout=handles[1],
        stderr=handles[2],
        attributes=ctypes.addressof(attributes),
    )
    started = _ProcessInformation()
    every_flag = flags | subprocess.CREATE_NO_WINDOW | _UNICODE_ENVIRONMENT | _EXTENDED_STARTUP
    try:
        _must(
            _advapi32.CreateProcessAsUserW(
                token,
                None,
                ctypes.create_unicode_buffer(command),
                None,
                None,
                True,
                every_flag,
                block,
                folder,
                ctypes.byref(startup),
                ctypes.byref(started),
            )
        )
    finally:
        _kernel32.DeleteProcThreadAttributeList(attributes)
        del listed
    return started


def _handle_list(
    handles: list[int],
) -> tuple[ctypes.Array[ctypes.c_char], ctypes.Array[wintypes.HANDLE]]:
    """An attribute list that names the handles to inherit; the second part must live as long as the first."""
    size = ctypes.c_size_t()
    _kernel32.InitializeProcThreadAttributeList(None, 1, 0, ctypes.byref(size))
    attributes = ctypes.create_string_buffer(size.value)
    _must(_kernel32.InitializeProcThreadAttributeList(attributes, 1, 0, ctypes.byref(size)))
    listed = (wintypes.HANDLE * len(handles))(*handles)
    _must(
        _kernel32.UpdateProcThreadAttribute(
            attributes, 0, _HANDLE_LIST, listed, ctypes.sizeof(listed), None, None
        )
    )
    return attributes, listed


def variables_of(token: int) -> dict[str, str]:
    """The environment that the person's own programs start with."""
    block = ctypes.c_void_p()
    _must(_userenv.CreateEnvironmentBlock(ctypes.byref(block), token, False))
    try:
        assert block.value is not None
        return dict(_pairs(block.value))
    finally:
        _userenv.DestroyEnvironmentBlock(block)


def _pairs(address: int) -> Iterator[tuple[str, str]]:
    while line := ctypes.wstring_at(address):
        address += (len(line) + 1) * ctypes.sizeof(ctypes.c_wchar)
        # A name may begin with "=": the folders of drives do.
        name, _, value = line[1:].partition("=")
        yield line[0] + name, value


def _block(environment: dict[str, str]) -> ctypes.Array[ctypes.c_wchar]:
    lines = [
        f"{name}={value}\0" for name, value in sorted(environment.items(), key=lambda pair: pair[0].upper())
    ]
    return ctypes.create_unicode_buffer("".join(lines))
