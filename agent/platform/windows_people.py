"""Windows: the person at the screen, and programs that run as that person.

Only SYSTEM may take a person's token; an agent that somebody started by hand runs steps as that somebody.
The job that owns the script's tree is the runner's, so the person's first process is refused where Windows
does not let it into that job; then nothing of it has run.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import msvcrt
import os
import subprocess
from ctypes import wintypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from agent.platform.people import Person

_ACTIVE = 0
_USER_NAME = 5
_TOKEN_USER = 1
_FILE_OBJECT = 1
_DACL_ONLY_THIS = 0x80000004
_USE_STD_HANDLES = 0x100
_UNICODE_ENVIRONMENT = 0x400
_EXTENDED_STARTUP = 0x80000
_HANDLE_LIST = 0x20002
_WAIT_TIMEOUT = 0x102
_FOREVER = 0xFFFFFFFF


class _Session(ctypes.Structure):
    _fields_ = (("id", wintypes.DWORD), ("station", wintypes.LPWSTR), ("state", ctypes.c_int))


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
_wtsapi32 = ctypes.WinDLL("wtsapi32", use_last_error=True)
_wtsapi32.WTSEnumerateSessionsW.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(ctypes.POINTER(_Session)),
    ctypes.POINTER(wintypes.DWORD),
)
_wtsapi32.WTSQuerySessionInformationW.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(wintypes.DWORD),
)
_wtsapi32.WTSFreeMemory.argtypes = (ctypes.c_void_p,)
_wtsapi32.WTSQueryUserToken.argtypes = (wintypes.ULONG, ctypes.POINTER(wintypes.HANDLE))
_kernel32.WTSGetActiveConsoleSessionId.restype = wintypes.DWORD
_kernel32.ProcessIdToSessionId.argtypes = (wintypes.DWORD, ctypes.POINTER(wintypes.DWORD))
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.LocalFree.argtypes = (ctypes.c_void_p,)
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
_advapi32.ConvertSidToStringSidW.argtypes = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)
_advapi32.GetSecurityDescriptorDacl.argtypes = (
    ctypes.c_void_p,
    ctypes.POINTER(wintypes.BOOL),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(wintypes.BOOL),
)
_advapi32.SetNamedSecurityInfoW.argtypes = (
    wintypes.LPWSTR,
    ctypes.c_int,
    wintypes.DWORD,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
)
_advapi32.SetNamedSecurityInfoW.restype = wintypes.DWORD
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


# ---- who


def person() -> Person | None:
    """Whose session is active, the one at the screen first."""
    console = _kernel32.WTSGetActiveConsoleSessionId()
    for session in sorted(_active_sessions(), key=lambda session: session != console):
        name = _user_of(session)
        if name:
            return {
                "name": name,
                "uid": 0,
                "gid": 0,
                "groups": [],
                "environment": {},
                "session": session,
                "sid": "",
            }
    return None


def may_run_as(person: Person) -> bool:
    if _is_own(person):
        return True
    try:
        _kernel32.CloseHandle(_token(person["session"]))
    except OSError:
        return False
    return True


def _active_sessions() -> list[int]:
    sessions = ctypes.POINTER(_Session)()
    count = wintypes.DWORD()
    if not _wtsapi32.WTSEnumerateSessionsW(None, 0, 1, ctypes.byref(sessions), ctypes.byref(count)):
        return []
    try:
        return [sessions[n].id for n in range(count.value) if sessions[n].state == _ACTIVE]
    finally:
        _wtsapi32.WTSFreeMemory(sessions)


def _user_of(session: int) -> str:
    name = ctypes.c_void_p()
    size = wintypes.DWORD()
    if not _wtsapi32.WTSQuerySessionInformationW(
        None, session, _USER_NAME, ctypes.byref(name), ctypes.byref(size)
    ):
        return ""
    try:
        return ctypes.wstring_at(name.value) if name.value else ""
    finally:
        _wtsapi32.WTSFreeMemory(name)


def _is_own(person: Person) -> bool:
    session = wintypes.DWORD()
    found = _kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(session))
    return bool(found) and session.value == person["session"]


def _token(session: int) -> int:
    token = wintypes.HANDLE()
    _must(_wtsapi32.WTSQueryUserToken(session, ctypes.byref(token)))
    assert token.value is not None
    return token.value


def _sid(token: int) -> str:
    size = wintypes.DWORD()
    _advapi32.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(size))
    user = ctypes.create_string_buffer(size.value)
    _must(_advapi32.GetTokenInformation(token, _TOKEN_USER, user, size, ctypes.byref(size)))
    text = ctypes.c_void_p()
    # The first member of TOKEN_USER points to the SID.
    _must(_advapi32.ConvertSidToStringSidW(ctypes.c_void_p.from_buffer(user), ctypes.byref(text)))
    try:
        assert text.value is not None
        return ctypes.wstring_at(text.value)
    finally:
        _kernel32.LocalFree(text)


def grant(folder: str, person: Person) -> None:
    """Let SYSTEM, administrators and this person, and nobody else, into a folder and all that is in it.

    The folders above need nothing: everybody may pass through folders on the way to one that is open to them.
    """
    if _is_own(person):
        return
    token = _token(person["session"])
    try:
        rules = f"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{_sid(token)})"
    finally:
        _kernel32.CloseHandle(token)
    descriptor = ctypes.c_void_p()
    _must(
        _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rules, 1, ctypes.byref(descriptor), None
        )
    )
    try:
        present, defaulted, dacl = wintypes.BOOL(), wintypes.BOOL(), ctypes.c_void_p()
        _must(
            _advapi32.GetSecurityDescriptorDacl(
                descriptor, ctypes.byref(present), ctypes.byref(dacl), ctypes.byref(defaulted)
            )
        )
        error = _advapi32.SetNamedSecurityInfoW(folder, _FILE_OBJECT, _DACL_ONLY_THIS, None, None, dacl, None)
        if error:
            raise ctypes.WinError(error)
    finally:
        _kernel32.LocalFree(descriptor)


# ---- programs


def start_as(
    person: Person, argv: list[str], environment: dict[str, str], folder: str, flags: int
) -> subprocess.Popen[bytes] | ProcessOfPerson:
    """A process with the person's token and environment; stdout and stderr are pipes, stdin is empty."""
    if _is_own(person):
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
    token = _token(person["session"])
    try:
        return ProcessOfPerson(token, argv, _variables(token) | environment, folder, flags)
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


def _variables(token: int) -> dict[str, str]:
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
